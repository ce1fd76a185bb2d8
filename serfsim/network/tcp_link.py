"""Links: TCP connections that stay, on which both sides write messages until one of them closes.

The handshake, segments, acknowledgements and repetitions are those of any stream (`tcp`); a message leaves
at once (TCP_NODELAY), in segments that hold nothing else, with its length before it. The reader gets whole
messages in order. The round trip is measured all the time, since a handshake that lost a SYN says seconds.
A process that dies resets its links; a host that fails leaves the other side to its own timeouts. A kernel
gives up after the repetitions of Linux's tcp_retries2, about a quarter of an hour. Left out beside what
`tcp` leaves out: delayed acknowledgements, and the smaller window after a silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import append, i64, u8
from serfsim.network.host import Host
from serfsim.network.journal import TCP_HEADERS
from serfsim.network.stall import block_step
from serfsim.network.tcp_steps import (
    ANSWER_ACK,
    CLIENT_RST,
    CLOSURE,
    CONNECTION,
    DIAL_END,
    IO_END,
    LINK_INPUT,
    NO_ROUTE,
    REFUSAL,
    REQUEST_ACK,
    SERVER_RST,
    WRITE,
)
from serfsim.network.tcp_stream import ANSWERING, CONNECTED, DIALLING, ENDED, ESTABLISHED, Stream
from serfsim.network.tcp_transfer import GIVE_UP_AFTER, IN_FLIGHT, UNSENT, Transfer
from serfsim.protocol.memberlist.messages import StreamMessage, UserMessage
from serfsim.protocol.runtime import CLOSED, DIAL_NO_ROUTE, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT

if TYPE_CHECKING:
    from serfsim.network.tcp import Tcp

LINK: Final = 14  # the kind of messages on links in a journal, which no message of memberlist has
LENGTH: Final = 4  # bytes of a message's length
RETRIES: Final = 15  # net.ipv4.tcp_retries2


class LinkTransfer(Transfer):
    """One direction of a link: messages as they are written, in segments of their own."""

    def __init__(self, mss: i64, rtt: float, rto_min: float) -> None:
        super().__init__(0, mss, rtt, rto_min)
        self.give_up_after = RETRIES
        self.sizes: list[int] = []  # of the segments with data
        self.unsent: list[UserMessage] = []  # before the link is open, or by a stalled process
        self.unread: list[UserMessage] = []
        self.ends: list[int] = []  # of the unread messages: how many segments there are up to their ends
        self.in_order: i64 = 0  # segments that have arrived without a gap before them
        self.smoothed_rtt = rtt
        self.rtt_variation = 0.5 * rtt

    def set_rtt(self, rtt: float) -> None:
        """Set the round trip of the handshake, before anything is sent."""
        self.rtt = self.latest_rtt = self.smoothed_rtt = rtt
        self.rtt_variation = 0.5 * rtt
        self.first_rto = self.rto = rtt + max(2.0 * rtt, self.rto_min)

    def _note_latest(self, segment: i64, now: float) -> None:
        """Take a sample of the round trip, too, from a segment sent once (RFC 6298); `rtt` is the least."""
        if self.state[segment] == IN_FLIGHT:
            took = now - self.sent_at[segment]
            self.rtt_variation += 0.25 * (abs(self.smoothed_rtt - took) - self.rtt_variation)
            self.smoothed_rtt += 0.125 * (took - self.smoothed_rtt)
            self.rtt = min(self.rtt, took)
            self.first_rto = self.smoothed_rtt + max(4.0 * self.rtt_variation, self.rto_min)
        super()._note_latest(segment, now)

    def write(self, message: UserMessage) -> None:
        """Put a message behind what has been sent, on a side that is not closed."""
        left: i64 = message.size + LENGTH
        while left > 0:
            size: i64 = min(left, self.mss)
            left -= size
            self.sizes.append(size)
            self.state = append(self.state, u8(UNSENT))
            self.sent_at = append(self.sent_at, 0.0)
            self.arrived = append(self.arrived, u8(0))
            self.segments += 1
        self.unread.append(message)
        self.ends.append(self.segments)

    def close(self) -> None:
        super().close()
        self.give_up_after = GIVE_UP_AFTER

    def size_of(self, segment: i64) -> i64:
        return 0 if self.is_fin(segment) else i64(self.sizes[segment])

    def receive(self, segment: i64) -> bool:
        is_new = super().receive(segment)
        while self.in_order < self.segments and self.arrived[self.in_order] != 0:
            self.in_order += 1
        return is_new

    def has_input(self) -> bool:
        """Return whether a whole message has arrived that nobody has read."""
        return len(self.ends) > 0 and i64(self.ends[0]) <= self.in_order

    def read(self) -> UserMessage:
        self.ends.pop(0)
        return self.unread.pop(0)


class Links:
    """The links of all streams that `tcp` moves."""

    def __init__(self, tcp: Tcp) -> None:
        self.tcp = tcp

    # A process's verbs ---------------------------------------------------------------------------

    def dial(self, host: Host, address: i64, dial_timeout: float, now: float) -> i64:
        """See `Runtime.open_link`."""
        tcp = self.tcp
        stream = tcp.client.create(host, address, StreamMessage(LINK, 0), 0)
        stream.is_link = True
        stream.upward = LinkTransfer(tcp.mss, 0.0, tcp.rto_min)
        tcp.client.connect(host, stream, dial_timeout, now)
        return stream.number

    def write(self, host: Host, number: i64, message: UserMessage, now: float) -> None:
        """See `Runtime.write_link`."""
        stream = _link_of(host, number)
        if stream is None:
            return
        transfer = _own(host, stream)
        if not isinstance(transfer, LinkTransfer):
            return  # reset, of which the process has yet to learn
        transfer.unsent.append(message)
        if host.stalled:
            block_step(host, WRITE, stream)
        elif _is_open(host, stream):
            self._flush(host, stream, now)

    def close(self, host: Host, number: i64, now: float) -> None:
        """See `Runtime.close_link`."""
        stream = _link_of(host, number)
        if stream is not None:
            self._leave(host, stream, now)

    def _leave(self, host: Host, stream: Stream, now: float) -> None:
        """Close the own side, with a FIN where there is a connection."""
        is_client = stream.client == host.number
        was_open = _is_open(host, stream)
        if was_open:
            self._flush(host, stream, now)
        if is_client:
            stream.client_state = ENDED
            host.dialled.pop(stream.number, None)
        else:
            stream.server_state = ANSWERING  # its kernel answers, its process does not
            host.served.pop(stream.number, None)
        transfer = _own(host, stream)
        if transfer is not None and (was_open or (is_client and stream.is_connected)):
            transfer.close()
            self.tcp.pump(stream, transfer, is_client, now)

    # Kernels -------------------------------------------------------------------------------------

    def accept(self, stream: Stream) -> None:
        """Handle a connection that the server's kernel has accepted for its process."""
        stream.downward = LinkTransfer(self.tcp.mss, stream.server_rtt, self.tcp.rto_min)

    def segment_came(self, host: Host, stream: Stream, transfer: Transfer, segment: i64, now: float) -> None:
        """Handle a segment with data, or a FIN, at either end."""
        assert isinstance(transfer, LinkTransfer)
        tcp, is_client = self.tcp, stream.client == host.number
        is_open = _is_open(host, stream)
        is_stale = is_client and stream.client_epoch != host.epoch
        if is_stale or not (is_open or transfer.is_fin(segment)):
            tcp.send(stream, is_client, TCP_HEADERS, SERVER_RST if is_client else CLIENT_RST, now)
            return
        had_input, was_over = transfer.has_input(), transfer.is_over()
        transfer.receive(segment)
        tcp.send(stream, is_client, TCP_HEADERS, ANSWER_ACK if is_client else REQUEST_ACK, now)
        if not is_open:
            return
        at = now + host.stream_delay(now)
        if transfer.has_input() and not had_input:
            tcp.later(at, host.number, LINK_INPUT, stream)
        if transfer.is_over() and not was_over:
            tcp.later(at, host.number, CLOSURE, stream)

    def reset(self, host: Host, stream: Stream, now: float) -> None:
        """Handle an RST at the server."""
        stream.downward = None
        self.tcp.step(host, CLOSURE, 0, stream, now)

    def give_up(self, stream: Stream, is_client: bool, now: float) -> None:
        """Tell the process of a side that its kernel repeats no more."""
        host = self.tcp.network.hosts[stream.client if is_client else stream.server]
        self.tcp.step(host, IO_END, 0, stream, now)

    # Processes -----------------------------------------------------------------------------------

    def take_step(self, host: Host, step: i64, stream: Stream, now: float) -> None:
        """Take a process's step of a link, unless it has closed its side."""
        is_dialling = stream.client_state == DIALLING and stream.client == host.number
        if is_dialling and stream.client_epoch == host.epoch:
            self._take_dialling(host, step, stream, now)
        elif not _is_open(host, stream) or step == DIAL_END:
            return
        elif host.stalled:
            block_step(host, step, stream)
        elif step == WRITE:
            self._flush(host, stream, now)
        else:
            self._read(host, stream, now)
            if step != LINK_INPUT and _is_open(host, stream):
                self._end(host, stream, IO_TIMEOUT if step == IO_END else CLOSED, now)

    def _take_dialling(self, host: Host, step: i64, stream: Stream, now: float) -> None:
        if step == CONNECTION:
            stream.client_state = CONNECTED
            transfer = stream.upward
            if isinstance(transfer, LinkTransfer):
                transfer.set_rtt(stream.client_rtt)
            self._flush(host, stream, now)
            machine = host.machine
            if machine is not None:
                machine.on_link_opened(stream.number, host.read_clock(now))
        elif step == REFUSAL:
            self._end(host, stream, DIAL_REFUSED, now)
        elif step == NO_ROUTE:
            self._end(host, stream, DIAL_NO_ROUTE, now)
        elif step == DIAL_END:
            self._end(host, stream, DIAL_TIMEOUT, now)

    def _flush(self, host: Host, stream: Stream, now: float) -> None:
        """Hand what the process has written to its kernel."""
        transfer = _own(host, stream)
        if not isinstance(transfer, LinkTransfer):
            return
        for message in transfer.unsent:
            self.tcp.network.journal.stream_message(now, host.number, LINK, message.size + LENGTH)
            transfer.write(message)
        transfer.unsent = []
        self.tcp.pump(stream, transfer, stream.client == host.number, now)

    def _read(self, host: Host, stream: Stream, now: float) -> None:
        """Hand over all messages that have come, unless the process closes the link or dies of one."""
        transfer = stream.downward if stream.client == host.number else stream.upward
        if transfer is None:
            return
        assert isinstance(transfer, LinkTransfer)
        while _is_open(host, stream) and transfer.has_input():
            machine = host.machine
            message = transfer.read()
            if machine is not None:
                machine.on_link_message(stream.number, message, host.read_clock(now))

    def _end(self, host: Host, stream: Stream, outcome: i64, now: float) -> None:
        self._leave(host, stream, now)
        machine = host.machine
        if machine is not None:
            machine.on_link_closed(stream.number, outcome, host.read_clock(now))

    # The end of a process ------------------------------------------------------------------------

    def died(self, host: Host, now: float) -> None:
        """Reset the links that a process dialled, which has died; its kernel lives on."""
        for stream in host.dialled.values():
            if stream.is_link:
                stream.upward = None
                if stream.is_connected:
                    self.tcp.send(stream, True, TCP_HEADERS, SERVER_RST, now)

    def vanished(self, host: Host) -> None:
        """Drop the links that a process dialled whose host has failed without a word."""
        for stream in host.dialled.values():
            if stream.is_link:
                stream.upward = None


def _link_of(host: Host, number: i64) -> Stream | None:
    stream = host.dialled.get(number)
    return host.served.get(number) if stream is None else stream


def _own(host: Host, stream: Stream) -> Transfer | None:
    """Return the direction in which a host writes, None after a reset."""
    return stream.upward if stream.client == host.number else stream.downward


def _is_open(host: Host, stream: Stream) -> bool:
    """Return whether a host's process has the link, and has not closed it."""
    if stream.client == host.number:
        return stream.client_state == CONNECTED and stream.client_epoch == host.epoch
    return stream.server_state == ESTABLISHED and stream.server_epoch == host.epoch
