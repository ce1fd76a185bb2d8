"""The client's process of a TCP stream: it dials, writes a request, reads an answer, and closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.host import Host
from serfsim.network.host_events import KIND_BITS, STREAM
from serfsim.network.listener import SEND_BUFFER
from serfsim.network.rules import TCP
from serfsim.network.stall import block_step
from serfsim.network.tcp_steps import (
    ANSWER,
    CLOSURE,
    CONNECTION,
    DIAL_END,
    IO_END,
    NO_ROUTE,
    PACKET_WRITTEN,
    REFUSAL,
    WRITE,
)
from serfsim.network.tcp_stream import CONNECTED, DIALLING, ENDED, Stream
from serfsim.network.tcp_transfer import Transfer
from serfsim.protocol.memberlist.messages import StreamMessage
from serfsim.protocol.runtime import (
    CLOSED,
    DIAL_NO_ROUTE,
    DIAL_REFUSED,
    DIAL_TIMEOUT,
    IO_TIMEOUT,
    REPLIED,
    WROTE,
)

if TYPE_CHECKING:
    from serfsim.network.tcp import Tcp


# Where ports of connecting sockets begin, as on Linux, and how many there are.
FIRST_PORT: Final = 32768
PORTS: Final = 28232


class Client:
    """The clients of all streams that `tcp` moves."""

    def __init__(self, tcp: Tcp) -> None:
        self.tcp = tcp
        self.dialled = 0

    def _remind(self, at: float, host: Host, step: i64, stream: Stream) -> None:
        """Schedule a client's deadline by the number of its stream, which may then end and be freed."""
        host.scheduler.schedule(at, host.number, STREAM | (step << KIND_BITS), stream.number, 0, None)

    def dial(
        self,
        host: Host,
        address: i64,
        request: StreamMessage,
        token: i64,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
        now: float,
    ) -> None:
        """See `Runtime.open_stream`; all but `now` by the host's clock."""
        stream = self.create(host, address, request, token)
        stream.io_deadline = io_deadline
        stream.io_timeout = io_timeout
        self.connect(host, stream, dial_timeout, now)

    def create(self, host: Host, address: i64, request: StreamMessage, token: i64) -> Stream:
        """Create a stream from a host to an address."""
        self.dialled += 1
        stream = Stream(self.dialled, host.number, address, host.epoch, request, token)
        request.port = stream.client_port = FIRST_PORT + host.dials % PORTS
        host.dials += 1
        stream.rng = host.tcp_rng
        return stream

    def connect(self, host: Host, stream: Stream, dial_timeout: float, now: float) -> None:
        """Dial the address of a new stream."""
        tcp, address = self.tcp, stream.address
        host.dialled[stream.number] = stream
        table = tcp.network.addresses
        if table is None:
            stream.server = tcp.network.host_at(address)
        else:
            stream.server = table.holder(host.number, address)
            stream.client_address = table.address(host.number)
        if tcp.network.refuses(host.number, stream.server, TCP):
            tcp.later(now, host.number, NO_ROUTE, stream)
            return
        tcp.network.journal.stream_opened(now, host.number)
        self._remind(host.true(host.local(now) + dial_timeout), host, DIAL_END, stream)
        if table is not None or stream.server >= 0:
            tcp.handshake.dial(stream, now)

    def is_blocked(self, step: i64, stream: Stream) -> bool:
        """Return whether a stalled client's thread is blocked as it comes to a step.

        A deadline ends only a wait for the network.
        """
        if step == ANSWER:
            stream.is_blocked = True
        return stream.is_blocked and step in (ANSWER, IO_END, CLOSURE)

    def take_step(self, host: Host, step: i64, stream: Stream, now: float) -> None:
        """Take a step of the client's process, unless that has done with the stream."""
        if stream.client_epoch != host.epoch or stream.client_state == ENDED:
            return
        if stream.client_state == DIALLING:
            if step == CONNECTION:
                self._connected(host, stream, now)
            elif step == REFUSAL:
                self._end(host, stream, DIAL_REFUSED, now)
            elif step == NO_ROUTE:
                self._end(host, stream, DIAL_NO_ROUTE, now)
            elif step == DIAL_END:
                self._end(host, stream, DIAL_TIMEOUT, now)
        elif step == WRITE:
            stream.is_blocked = False
            if stream.io_deadline > host.read_clock(now):
                self._write_request(host, stream, now)
        elif step == ANSWER:
            self._end(host, stream, REPLIED, now)
        elif step == IO_END:
            self._end(host, stream, IO_TIMEOUT, now)
        elif step == CLOSURE:
            self._end(host, stream, CLOSED, now)
        elif step == PACKET_WRITTEN:
            self._packet_written(host, stream, now)

    def _connected(self, host: Host, stream: Stream, now: float) -> None:
        stream.client_state = CONNECTED
        local = host.read_clock(now)
        if stream.io_deadline <= 0.0:
            stream.io_deadline = local + stream.io_timeout
        self._remind(host.true(stream.io_deadline), host, IO_END, stream)
        stream.request.connected(local)
        if host.stalled:
            stream.is_blocked = True
            block_step(host, WRITE, stream)
        else:
            self._write_request(host, stream, now)

    def _write_request(self, host: Host, stream: Stream, now: float) -> None:
        tcp = self.tcp
        size = stream.request.size
        tcp.network.journal.stream_message(now, host.number, stream.request.kind, size)
        stream.upward = Transfer(size, tcp.mss, stream.client_rtt, tcp.rto_min)
        tcp.pump(stream, stream.upward, True, now)
        if stream.request.packet is not None:
            tcp.network.journal.packet_streamed(now, stream.request.packet)
            self._packet_written(host, stream, now)

    def _packet_written(self, host: Host, stream: Stream, now: float) -> None:
        """Close the stream of a packet once the kernel has all of it; its receiver reads up to the end."""
        upward = stream.upward
        if upward is not None and upward.backlog() <= SEND_BUFFER:
            self._end(host, stream, WROTE, now)

    def _end(self, host: Host, stream: Stream, outcome: i64, now: float) -> None:
        tcp = self.tcp
        stream.client_state = ENDED
        host.dialled.pop(stream.number, None)
        stream.outcome = outcome
        if stream.is_connected:
            # So it may be by the kernel alone, whose process learns of it too late.
            if stream.upward is None:
                stream.upward = Transfer(0, tcp.mss, stream.client_rtt, tcp.rto_min)
            stream.upward.close()
            tcp.pump(stream, stream.upward, True, now)
        machine = host.machine
        if machine is not None:
            reply = stream.reply if outcome == REPLIED else None
            machine.on_stream_result(stream.token, outcome, reply, host.read_clock(now))
