"""TCP as a service: a dial, one request, one answer, and retransmission.

`TRANSITIONS` has the states of a stream, its client's first, then its server's.

Kernels work while a process is paused (handshake, acknowledgement, retransmission); the host keeps the
input of the process until it resumes. `tcp_handshake` has SYNs, `tcp_transfer` data and FINs,
retransmission, and segments that wait for the window. Every segment acknowledges what arrived from the
other side. A client acknowledges the server's FIN with its own, unless its process does not close within
Linux's delayed acknowledgement. A closed side answers data with RST. Left out: the window that a slow
reader closes, and keep-alive. Connections that stay, with messages both ways, are links (`tcp_link`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.addresses import AddressTable
from serfsim.network.host import Host
from serfsim.network.host_events import KIND_BITS, STREAM
from serfsim.network.journal import TCP_HEADERS
from serfsim.network.listener import SEND_BUFFER
from serfsim.network.stall import block_step
from serfsim.network.tcp_client import Client
from serfsim.network.tcp_handshake import Handshake
from serfsim.network.tcp_link import Links
from serfsim.network.tcp_steps import (
    ANSWER,
    ANSWER_ACK,
    ANSWER_SEGMENT,
    ANSWER_TIMER,
    CLIENT_FIN,
    CLIENT_RST,
    CLOSURE,
    DIAL_END,
    HANDSHAKE_ACK,
    HANG_UP,
    IO_END,
    LISTENER_DEADLINE,
    PACKET_WRITTEN,
    PROCESS,
    REFUSAL,
    REQUEST,
    REQUEST_ACK,
    REQUEST_SEGMENT,
    REQUEST_TIMER,
    SERVER_FIN,
    SERVER_RST,
    SERVICE,
    SYN,
    SYN_ACK,
    SYN_ACK_TIMER,
    SYN_TIMER,
    WRITTEN,
)
from serfsim.network.tcp_stream import (
    ACCEPTED,
    ANSWERING,
    CONNECTED,
    DIALLING,
    ENDED,
    ESTABLISHED,
    GONE,
    Stream,
)
from serfsim.network.tcp_transfer import Transfer
from serfsim.protocol.memberlist.messages import StreamMessage
from serfsim.protocol.runtime import REPLIED
from serfsim.protocol.transitions import Transition

if TYPE_CHECKING:
    from serfsim.network.network import Network

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("dialling", "SYN-ACK", "connected", "write the request"),
    Transition("dialling", "RST", "ended", "DIAL_REFUSED"),
    Transition("dialling", "no route", "ended", "DIAL_NO_ROUTE"),
    Transition("dialling", "dial_timeout", "ended", "DIAL_TIMEOUT"),
    Transition("connected", "a packet is in the kernel", "ended", "WROTE"),
    Transition("connected", "whole answer", "ended", "REPLIED"),
    Transition("connected", "FIN without an answer", "ended", "CLOSED"),
    Transition("connected", "RST", "ended", "CLOSED"),
    Transition("connected", "I/O deadline", "ended", "IO_TIMEOUT"),
    Transition("silent", "SYN", "accepted", "send a SYN-ACK"),
    Transition("silent", "SYN, no process", "silent", "send an RST"),
    Transition("accepted", "SYN", "accepted", "send a SYN-ACK"),
    Transition("accepted", "ACK", "established", "accept the stream"),
    Transition("accepted", "data", "established", "accept the stream; acknowledge"),
    Transition("accepted", "no ACK for five SYN-ACKs more", "gone"),
    Transition("accepted", "RST", "gone"),
    Transition("accepted", "process dies", "gone", "send an RST"),
    Transition("established", "whole request", "answering", "hand it to the process"),
    Transition("established", "whole packet and FIN", "answering", "hand it over; send a FIN"),
    Transition("established", "FIN without a request", "gone", "send a FIN"),
    Transition("established", "process gives up", "gone", "send a FIN"),
    Transition("established", "RST", "gone"),
    Transition("established", "process dies", "gone", "send an RST"),
    Transition("answering", "process hangs up", "answering", "send a FIN"),
    Transition("answering", "RST", "gone"),
    Transition("answering", "process dies", "gone", "send an RST"),
)

DELAYED_ACK: Final = 0.04  # seconds that Linux waits for something to send an acknowledgement with


class Tcp:
    """Moves all streams of a network. Settings are those of every kernel in it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.mss: i64 = 1448
        self.rto_min = 0.2
        self.linear_syn_retries = False
        self.handshake = Handshake(self)
        self.client = Client(self)
        self.links = Links(self)

    # Ways to the queue ---------------------------------------------------------------------------

    def later(self, at: float, host: i64, step: i64, stream: Stream, a: i64 = 0) -> None:
        self.network.scheduler.schedule(at, host, STREAM | (step << KIND_BITS), a, 0, stream)

    def deadline(self, host: Host, step: i64, number: i64, now: float) -> None:
        """Handle a deadline; ignore it where the stream has ended before."""
        if step == LISTENER_DEADLINE:
            if number == host.epoch:
                host.listener.deadline(now)
            return
        stream = host.dialled.get(number)
        if stream is not None:
            self.step(host, step, 0, stream, now)

    def send(self, stream: Stream, to_server: bool, size: i64, step: i64, now: float, a: i64 = 0) -> None:
        """Send a segment that is `step` when it arrives, and acknowledges what has arrived by now."""
        table = self.network.addresses
        if table is not None and not self._route(table, stream, to_server, size, step, now):
            return
        source: i64 = stream.client if to_server else stream.server
        target: i64 = stream.server if to_server else stream.client
        if not self.network.hosts[source].plugged:
            return
        rng = stream.rng
        assert rng is not None
        at = self.network.segment(source, target, size, rng, now)
        capture = self.network.capture
        if capture is not None:
            capture.segment(now, at, stream, to_server, step, a)
        if at < 0.0:
            return
        back = stream.downward if to_server else stream.upward
        reported: i64 = 0 if back is None else len(back.arrivals)
        self.network.scheduler.schedule(at, target, STREAM | (step << KIND_BITS), a, reported, stream)

    def _route(
        self, table: AddressTable, stream: Stream, to_server: bool, size: i64, step: i64, now: float
    ) -> bool:
        """Find the host that a segment comes to; return False where it comes to nobody."""
        network = self.network
        if to_server and step == SYN:
            if not network.hosts[stream.client].plugged:
                return False
            stream.find_server(table, now)
        source: i64 = stream.client if to_server else stream.server
        is_client_there, is_server_there = stream.is_client_there(table), stream.is_server_there(table)
        if is_client_there and is_server_there:
            return True
        if not (is_client_there if to_server else is_server_there):
            return False
        network.journal.segment_sent(now, source, size)
        network.journal.packet_to_nobody(now, source, size)
        return False

    def step(self, host: Host, step: i64, a: i64, stream: Stream, now: float, reported: i64 = 0) -> None:
        """Handle an event of a stream at one of its hosts.

        `reported`: arrivals that a segment acknowledges.
        """
        if step >= PROCESS:
            if host.paused:
                host.keep_step(step, stream, step in (DIAL_END, IO_END))
            else:
                self.take_step(host, step, stream, now)
        elif host.standstill is not None:
            host.standstill.keep(step, a, stream, reported)
        elif host.plugged:
            self._kernel_step(host, step, a, stream, now, reported)

    def _kernel_step(self, host: Host, step: i64, a: i64, stream: Stream, now: float, reported: i64) -> None:
        if step in (REQUEST_SEGMENT, CLIENT_FIN):
            self._client_segment(host, stream, a, reported, now)
        elif step in (ANSWER_SEGMENT, SERVER_FIN):
            self._server_segment(host, stream, a, reported, now)
        elif step == REQUEST_ACK:
            self._acknowledged(stream, stream.upward, True, reported, now)
        elif step == ANSWER_ACK:
            self._acknowledged(stream, stream.downward, False, reported, now)
        elif step == SYN:
            self.handshake.syn(host, stream, now)
        elif step == SYN_ACK:
            self.handshake.syn_ack(stream, now)
        elif step == HANDSHAKE_ACK:
            self._established(stream, now)
        elif step == SYN_TIMER:
            self.handshake.syn_timer(host, stream, a, now)
        elif step == SYN_ACK_TIMER:
            self.handshake.syn_ack_timer(host, stream, a, now)
        elif step == REQUEST_TIMER:
            self._timer(stream, stream.upward, True, now)
        elif step == ANSWER_TIMER:
            self._timer(stream, stream.downward, False, now)
        elif step == CLIENT_RST:
            stream.upward = None
            stream.is_connected = False
            stream.syn_answered = True
            self.step(host, REFUSAL if stream.client_state == DIALLING else CLOSURE, 0, stream, now)
        elif step == SERVER_RST:
            if stream.is_link and stream.server_state == ESTABLISHED:
                self.links.reset(host, stream, now)
            else:
                self.forget(host, stream)

    # Processes -----------------------------------------------------------------------------------

    def take_step(self, host: Host, step: i64, stream: Stream, now: float) -> None:
        """Take the step of a process about a stream, now that the process runs."""
        if stream.is_link:
            self.links.take_step(host, step, stream, now)
            return
        if host.stalled and self._is_blocked(host, step, stream):
            block_step(host, step, stream)
            return
        if step == REQUEST:
            host.listener.read(stream, now)
            return
        if step == SERVICE:
            host.listener.end_turn(stream, now)
            return
        if step == WRITTEN:
            host.listener.written(stream, now)
            return
        if step == HANG_UP:
            host.listener.abandoned(stream, now)
            return
        self.client.take_step(host, step, stream, now)

    def _is_blocked(self, host: Host, step: i64, stream: Stream) -> bool:
        """Return whether the thread that would take a step is blocked, as its process is stalled."""
        if step == REQUEST:
            host.listener.received(stream)
        return step in (REQUEST, SERVICE) or self.client.is_blocked(step, stream)

    def _established(self, stream: Stream, now: float) -> None:
        if stream.server_state == ACCEPTED:
            stream.server_state = ESTABLISHED
            stream.server_rtt = now - stream.syn_ack_echoed
            if stream.is_link:
                self.links.accept(stream)
            else:
                self.network.hosts[stream.server].listener.accept(stream, now)

    # The request and the answer ------------------------------------------------------------------

    def pump(self, stream: Stream, transfer: Transfer, to_server: bool, now: float) -> None:
        """Send all segments that the window has room for, and see that the timer runs."""
        while True:
            segment = transfer.next_segment(now)
            if segment < 0:
                break
            self._send_segment(stream, transfer, to_server, segment, now)
        self._wait_for(stream, transfer, to_server)

    def _send_segment(
        self, stream: Stream, transfer: Transfer, to_server: bool, segment: i64, now: float
    ) -> None:
        step: i64 = REQUEST_SEGMENT if to_server else ANSWER_SEGMENT
        if transfer.is_fin(segment):
            step = CLIENT_FIN if to_server else SERVER_FIN
        self.send(stream, to_server, TCP_HEADERS + transfer.size_of(segment), step, now, segment)

    def _wait_for(self, stream: Stream, transfer: Transfer, to_server: bool) -> None:
        """See that an event comes no later than the transfer's timer goes off."""
        if transfer.deadline >= transfer.timer_at:
            return
        transfer.timer_at = transfer.deadline
        if to_server:
            self.later(transfer.deadline, stream.client, REQUEST_TIMER, stream)
        else:
            self.later(transfer.deadline, stream.server, ANSWER_TIMER, stream)

    def _timer(self, stream: Stream, transfer: Transfer | None, to_server: bool, now: float) -> None:
        if transfer is None or transfer.timer_at != now:
            return
        transfer.timer_at = math.inf
        if transfer.deadline > now:
            self._wait_for(stream, transfer, to_server)
            return
        segment = transfer.time_out(now)
        if segment >= 0:
            self._send_segment(stream, transfer, to_server, segment, now)
        if stream.is_link and transfer.has_given_up():
            self.links.give_up(stream, to_server, now)
            return
        self.pump(stream, transfer, to_server, now)

    def _acknowledged(
        self, stream: Stream, transfer: Transfer | None, to_server: bool, count: i64, now: float
    ) -> None:
        if transfer is not None and stream.is_link:
            transfer.acknowledge(count, now)
            self.pump(stream, transfer, to_server, now)
        elif transfer is not None:
            was_behind = not to_server and transfer.backlog() > SEND_BUFFER
            transfer.acknowledge(count, now)
            self.pump(stream, transfer, to_server, now)
            if was_behind and transfer.backlog() <= SEND_BUFFER:
                self.step(self.network.hosts[stream.server], WRITTEN, 0, stream, now)
            elif to_server and stream.request.packet is not None and stream.client_state == CONNECTED:
                self.step(self.network.hosts[stream.client], PACKET_WRITTEN, 0, stream, now)

    def _client_segment(self, host: Host, stream: Stream, segment: i64, reported: i64, now: float) -> None:
        """Handle a segment of the request, or the client's FIN, at the server."""
        transfer = stream.upward
        if stream.server_epoch != host.epoch or stream.server_state == GONE or transfer is None:
            self.send(stream, False, TCP_HEADERS, CLIENT_RST, now)
            return
        self._established(stream, now)
        self._acknowledged(stream, stream.downward, False, reported, now)
        if stream.is_link:
            self.links.segment_came(host, stream, transfer, segment, now)
            return
        was_whole = transfer.is_whole()
        is_new = transfer.receive(segment)
        self.send(stream, False, TCP_HEADERS, REQUEST_ACK, now)
        if stream.request.packet is not None:
            if is_new and transfer.is_over():
                self.later(now + host.journey_delay, host.number, REQUEST, stream)
        elif transfer.is_whole() and not was_whole:
            self.later(now + host.stream_delay(now), host.number, REQUEST, stream)
        elif transfer.size == 0 and is_new:
            self.later(now + host.stream_delay(now), host.number, HANG_UP, stream)

    def write_answer(self, host: Host, stream: Stream, reply: StreamMessage, now: float) -> bool:
        """Write the server's answer; return False if the kernel has no room for all of it yet."""
        stream.reply = reply
        self.network.journal.stream_message(now, host.number, reply.kind, reply.size)
        stream.downward = Transfer(reply.size, self.mss, stream.server_rtt, self.rto_min)
        self.pump(stream, stream.downward, False, now)
        return stream.downward.backlog() <= SEND_BUFFER

    def hang_up(self, host: Host, stream: Stream, now: float) -> None:
        """Close a stream from the server's process, answered or not."""
        host.served.pop(stream.number, None)
        if stream.server_state != ANSWERING:
            stream.server_state = GONE
        if stream.downward is None:
            stream.downward = Transfer(0, self.mss, stream.server_rtt, self.rto_min)
        stream.downward.close()
        self.pump(stream, stream.downward, False, now)

    def remind_listener(self, host: Host, at: float) -> None:
        kind: i64 = STREAM | (LISTENER_DEADLINE << KIND_BITS)
        self.network.scheduler.schedule(at, host.number, kind, host.epoch, 0, None)

    def _server_segment(self, host: Host, stream: Stream, segment: i64, reported: i64, now: float) -> None:
        """Handle a segment of the answer, or the server's FIN, at the client."""
        transfer = stream.downward
        if transfer is None:
            return
        self._acknowledged(stream, stream.upward, True, reported, now)
        if stream.is_link:
            self.links.segment_came(host, stream, transfer, segment, now)
            return
        is_open = stream.client_epoch == host.epoch and stream.client_state != ENDED
        if not is_open and stream.outcome != REPLIED and transfer.size > 0:
            self.send(stream, True, TCP_HEADERS, SERVER_RST, now)
            return
        was_whole = transfer.is_whole()
        is_new = transfer.receive(segment)
        delay = host.stream_delay(now)
        closes_soon = is_open and not (host.paused or host.stalled) and delay < DELAYED_ACK
        if not (closes_soon and is_new and transfer.is_fin(segment) and transfer.is_over()):
            self.send(stream, True, TCP_HEADERS, ANSWER_ACK, now)
        if transfer.size == 0 or stream.is_cut_short:
            if is_new and transfer.is_over():
                self.later(now + delay, host.number, CLOSURE, stream)
        elif transfer.is_whole() and not was_whole:
            self.later(now + delay, host.number, ANSWER, stream)

    # The end -------------------------------------------------------------------------------------

    def forget(self, host: Host, stream: Stream) -> None:
        stream.server_state = GONE
        stream.downward = None
        host.served.pop(stream.number, None)
        host.listener.forget(stream)

    def server_died(self, host: Host, now: float) -> None:
        """Reset the streams that a process served, and its links; its kernel lives on."""
        self.links.died(host, now)
        host.dialled = {}
        for stream in list(host.served.values()):
            self.forget(host, stream)
            self.send(stream, False, TCP_HEADERS, CLIENT_RST, now)

    def server_vanished(self, host: Host) -> None:
        """Drop the streams of a host that failed without a word."""
        self.links.vanished(host)
        host.dialled = {}
        for stream in list(host.served.values()):
            self.forget(host, stream)
