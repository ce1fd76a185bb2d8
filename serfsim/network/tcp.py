"""TCP as a service: a dial, one request, one answer, and what is repeated when something is lost.

    client             event                             -> client
    DIALLING           SYN-ACK comes                     -> CONNECTED   the request is written
    DIALLING           RST comes                         -> ENDED       DIAL_REFUSED
    DIALLING           dial_timeout                      -> ENDED       DIAL_TIMEOUT
    CONNECTED          the whole answer has come         -> ENDED       REPLIED
    CONNECTED          FIN without an answer, or RST     -> ENDED       CLOSED
    CONNECTED          I/O deadline                      -> ENDED       IO_TIMEOUT

    server             event                             -> server
    SILENT             SYN comes, a process lives        -> ACCEPTED    SYN-ACK, by the kernel alone
    SILENT             SYN comes, no process             -> SILENT      RST
    ACCEPTED           ACK or data comes                 -> ESTABLISHED
    ESTABLISHED        the whole request has come        -> ANSWERING   see `listener`
    ESTABLISHED        the process gives up waiting      -> GONE
    ACCEPTED           no ACK for five SYN-ACKs more     -> GONE
    any                RST comes, or its process dies    -> GONE

What kernels do (handshake, acknowledging, repeating) goes on while a process is paused; what its
process would do is kept by the host until it is resumed. A SYN is repeated after 1, 2, 4 s ...; newer
Linux repeats it every second five times before doubling. FINs are repeated like data. After its end a
side answers data with RST, as a closed socket does. Where a segment has to wait for its turn, see
`tcp_transfer`. Left out: the window that a slow reader closes, and keep-alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.host import KIND_BITS, STREAM, Host
from serfsim.network.journal import SYN_BYTES, TCP_HEADERS
from serfsim.network.listener import SEND_BUFFER
from serfsim.network.tcp_stream import (
    ACCEPTED,
    ANSWERING,
    CONNECTED,
    DIALLING,
    ENDED,
    ESTABLISHED,
    GONE,
    SILENT,
    Stream,
)
from serfsim.network.tcp_transfer import GIVE_UP_AFTER, Transfer
from serfsim.protocol.memberlist.messages import StreamMessage
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED

if TYPE_CHECKING:
    from serfsim.network.network import Network

# Steps of a stream. Those from PROCESS on are taken by a process, the others by a kernel.
SYN: Final = 0
SYN_TIMER: Final = 1
SYN_ACK: Final = 2
SYN_ACK_TIMER: Final = 3
HANDSHAKE_ACK: Final = 4
CLIENT_RST: Final = 5  # an RST for the client
SERVER_RST: Final = 6
REQUEST_SEGMENT: Final = 7
REQUEST_ACK: Final = 8
REQUEST_TIMER: Final = 9
ANSWER_SEGMENT: Final = 10
ANSWER_ACK: Final = 11
ANSWER_TIMER: Final = 12
CLIENT_FIN: Final = 13  # the client's FIN is at the server
CLIENT_FIN_AGAIN: Final = 14
SERVER_FIN: Final = 15
SERVER_FIN_AGAIN: Final = 16
PROCESS: Final = 17
CONNECTION: Final = 17  # the client's process learns that it is connected
REFUSAL: Final = 18
DIAL_END: Final = 19
REQUEST: Final = 20  # the server's process has read the request
ANSWER: Final = 21
IO_END: Final = 22
CLOSURE: Final = 23
SERVICE: Final = 24  # the turn of a push/pull at the server is over
WRITTEN: Final = 25  # the server's kernel has all of the answer
LISTENER_DEADLINE: Final = 26  # of the server's process, for one of its streams
LAST_ACK: Final = 27  # of the client's FIN: it changes nothing and is never taken

SYN_RETRIES: Final = 6  # net.ipv4.tcp_syn_retries, which does not count the linear ones
SYN_ACK_RETRIES: Final = 5  # net.ipv4.tcp_synack_retries
LINEAR_SYNS: Final = 5  # gaps of a second before they double: net.ipv4.tcp_syn_linear_timeouts + 1


class Tcp:
    """Moves all streams of a network. Settings are those of every kernel in it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.mss: i64 = 1448
        self.rto_min = 0.2
        self.linear_syn_retries = False
        self.dialled = 0

    # Ways to the queue ---------------------------------------------------------------------------

    def _later(self, at: float, host: i64, step: i64, stream: Stream, a: i64 = 0) -> None:
        self.network.scheduler.schedule(at, host, STREAM | (step << KIND_BITS), a, 0, stream)

    def _remind(self, at: float, host: Host, step: i64, stream: Stream) -> None:
        """A client's deadline. It knows the stream by number only: what is over by then need not be kept."""
        self.network.scheduler.schedule(at, host.number, STREAM | (step << KIND_BITS), stream.number, 0, None)

    def deadline(self, host: Host, step: i64, number: i64, now: float) -> None:
        """A deadline has come; nothing where the stream has ended before it."""
        if step == LISTENER_DEADLINE:
            if number == host.epoch:
                host.listener.deadline(now)
            return
        stream = host.dialled.get(number)
        if stream is not None:
            self.step(host, step, 0, stream, now)

    def _send(self, stream: Stream, to_server: bool, size: i64, step: i64, now: float, a: i64 = 0) -> bool:
        """Send a segment that is `step` when it arrives; False if it is lost."""
        source: i64 = stream.client if to_server else stream.server
        target: i64 = stream.server if to_server else stream.client
        if not self.network.hosts[source].plugged:
            return False
        rng = stream.rng
        assert rng is not None
        at = self.network.segment(source, target, size, rng, now)
        capture = self.network.capture
        if capture is not None:
            capture.segment(now, at, stream, to_server, step, a)
        if at < 0.0:
            return False
        self._later(at, target, step, stream, a)
        return True

    def step(self, host: Host, step: i64, a: i64, stream: Stream, now: float) -> None:
        """An event of a stream at one of its hosts."""
        if step >= PROCESS:
            if host.paused:
                host.keep_step(step, stream, step in (DIAL_END, IO_END))
            else:
                self.take_step(host, step, stream, now)
        elif host.plugged:
            self._kernel_step(host, step, a, stream, now)

    def _kernel_step(self, host: Host, step: i64, a: i64, stream: Stream, now: float) -> None:
        if step == REQUEST_SEGMENT:
            self._request_segment(host, stream, a, now)
        elif step == REQUEST_ACK:
            self._acknowledged(stream, stream.upward, True, a, now)
        elif step == ANSWER_SEGMENT:
            self._answer_segment(host, stream, a, now)
        elif step == ANSWER_ACK:
            self._acknowledged(stream, stream.downward, False, a, now)
        elif step == SYN:
            self._syn(host, stream, now)
        elif step == SYN_ACK:
            self._syn_ack(stream, now)
        elif step == HANDSHAKE_ACK:
            self._established(stream, now)
        elif step == SYN_TIMER:
            self._syn_timer(host, stream, a, now)
        elif step == SYN_ACK_TIMER:
            self._syn_ack_timer(host, stream, a, now)
        elif step == REQUEST_TIMER:
            self._timer(stream, stream.upward, True, now)
        elif step == ANSWER_TIMER:
            self._timer(stream, stream.downward, False, now)
        elif step == CLIENT_RST:
            stream.upward = None
            stream.syn_answered = True
            self.step(host, REFUSAL if stream.client_state == DIALLING else CLOSURE, 0, stream, now)
        elif step == SERVER_RST:
            self._forget(host, stream)
        else:
            self._fin_step(host, step, a, stream, now)

    # The client's process ------------------------------------------------------------------------

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
        """See `Runtime.open_stream`."""
        self.dialled += 1
        stream = Stream(self.dialled, host.number, address, host.epoch, request, token)
        stream.rng = host.tcp_rng
        stream.io_deadline = io_deadline
        stream.io_timeout = io_timeout
        self.network.journal.stream_opened(now, host.number)
        host.dialled[stream.number] = stream
        self._remind(now + dial_timeout, host, DIAL_END, stream)
        if self.network.is_host(address):
            self._send_syn(stream, now)

    def take_step(self, host: Host, step: i64, stream: Stream, now: float) -> None:
        """What a process does about a stream, now that it runs."""
        if step == REQUEST:
            host.listener.read(stream, now)
            return
        if step == SERVICE:
            host.listener.serve(stream, now)
            return
        if step == WRITTEN:
            host.listener.written(stream, now)
            return
        if stream.client_epoch != host.epoch or stream.client_state == ENDED:
            return
        if stream.client_state == DIALLING:
            if step == CONNECTION:
                self._write_request(host, stream, now)
            elif step == REFUSAL:
                self._end(host, stream, DIAL_REFUSED, now)
            elif step == DIAL_END:
                self._end(host, stream, DIAL_TIMEOUT, now)
        elif step == ANSWER:
            self._end(host, stream, REPLIED, now)
        elif step == IO_END:
            self._end(host, stream, IO_TIMEOUT, now)
        elif step == CLOSURE:
            self._end(host, stream, CLOSED, now)

    def _write_request(self, host: Host, stream: Stream, now: float) -> None:
        stream.client_state = CONNECTED
        deadline = stream.io_deadline if stream.io_deadline > 0.0 else now + stream.io_timeout
        self._remind(deadline, host, IO_END, stream)
        stream.request.connected(now)
        size = stream.request.size
        self.network.journal.stream_message(now, host.number, stream.request.kind, size)
        stream.upward = Transfer(size, self.mss, stream.client_rtt, self.rto_min)
        self._pump(stream, stream.upward, True, now)

    def _end(self, host: Host, stream: Stream, outcome: i64, now: float) -> None:
        # An RST has taken the request away: then there is nothing left to close.
        must_close = stream.client_state == CONNECTED and stream.upward is not None
        stream.client_state = ENDED
        host.dialled.pop(stream.number, None)
        stream.outcome = outcome
        if must_close:
            self._send_fin(stream, True, 0, now)
        machine = host.machine
        if machine is not None:
            reply = stream.reply if outcome == REPLIED else None
            machine.on_stream_result(stream.token, outcome, reply, now)

    # The handshake -------------------------------------------------------------------------------

    def _send_syn(self, stream: Stream, now: float) -> None:
        stream.syns += 1
        stream.syn_sent_at = now
        self._send(stream, True, SYN_BYTES, SYN, now)
        retries: i64 = SYN_RETRIES
        if self.linear_syn_retries:
            retries += LINEAR_SYNS - 1
        if stream.syns <= retries:
            self._later(now + self._syn_gap(stream.syns), stream.client, SYN_TIMER, stream, stream.syns)

    def _syn_timer(self, host: Host, stream: Stream, sent: i64, now: float) -> None:
        is_dialling = stream.client_state == DIALLING and stream.client_epoch == host.epoch
        if is_dialling and not stream.syn_answered and stream.syns == sent:
            self._send_syn(stream, now)

    def _syn_gap(self, sent: i64) -> float:
        """Seconds from the SYN number `sent` to the next."""
        doublings: i64 = sent - 1
        if self.linear_syn_retries:
            doublings = sent - LINEAR_SYNS if sent > LINEAR_SYNS else 0
        return float(1 << doublings)

    def _syn(self, host: Host, stream: Stream, now: float) -> None:
        if not host.running or (stream.server_state != SILENT and stream.server_epoch != host.epoch):
            self._send(stream, False, TCP_HEADERS, CLIENT_RST, now)
            return
        if stream.server_state == SILENT:
            stream.server_state = ACCEPTED
            stream.server_epoch = host.epoch
            host.served[stream.number] = stream
        if stream.server_state == ACCEPTED:
            self._send_syn_ack(stream, now)

    def _send_syn_ack(self, stream: Stream, now: float) -> None:
        stream.syn_acks += 1
        self._send(stream, False, SYN_BYTES, SYN_ACK, now)
        gap = float(1 << (stream.syn_acks - 1))
        self._later(now + gap, stream.server, SYN_ACK_TIMER, stream, stream.syn_acks)

    def _syn_ack_timer(self, host: Host, stream: Stream, sent: i64, now: float) -> None:
        if stream.server_state != ACCEPTED or stream.syn_acks != sent:
            return
        if sent <= SYN_ACK_RETRIES:
            self._send_syn_ack(stream, now)
        else:
            self._forget(host, stream)

    def _syn_ack(self, stream: Stream, now: float) -> None:
        host = self.network.hosts[stream.client]
        if stream.client_state == ENDED or stream.client_epoch != host.epoch:
            self._send(stream, True, TCP_HEADERS, SERVER_RST, now)
            return
        self._send(stream, True, TCP_HEADERS, HANDSHAKE_ACK, now)
        if stream.client_state == DIALLING and not stream.syn_answered:
            stream.syn_answered = True
            stream.client_rtt = now - stream.syn_sent_at
            self.step(host, CONNECTION, 0, stream, now)

    def _established(self, stream: Stream, now: float) -> None:
        if stream.server_state == ACCEPTED:
            stream.server_state = ESTABLISHED
            self.network.hosts[stream.server].listener.accept(stream, now)

    # The request and the answer ------------------------------------------------------------------

    def _pump(self, stream: Stream, transfer: Transfer, to_server: bool, now: float) -> None:
        """Send all segments that the window has room for, and see that the timer runs."""
        step: i64 = REQUEST_SEGMENT if to_server else ANSWER_SEGMENT
        while True:
            segment = transfer.next_segment(now)
            if segment < 0:
                break
            self._send(stream, to_server, TCP_HEADERS + transfer.size_of(segment), step, now, segment)
        if not transfer.timer_pending and not transfer.is_acked():
            transfer.timer_pending = True
            self._wait_for(stream, transfer, to_server)

    def _wait_for(self, stream: Stream, transfer: Transfer, to_server: bool) -> None:
        if to_server:
            self._later(transfer.deadline, stream.client, REQUEST_TIMER, stream)
        else:
            self._later(transfer.deadline, stream.server, ANSWER_TIMER, stream)

    def _timer(self, stream: Stream, transfer: Transfer | None, to_server: bool, now: float) -> None:
        if transfer is None or transfer.is_acked():
            return
        if transfer.deadline > now:
            self._wait_for(stream, transfer, to_server)
            return
        transfer.timer_pending = False
        if transfer.time_out():
            self._pump(stream, transfer, to_server, now)

    def _acknowledged(
        self, stream: Stream, transfer: Transfer | None, to_server: bool, count: i64, now: float
    ) -> None:
        if transfer is not None:
            was_behind = not to_server and transfer.backlog() > SEND_BUFFER
            transfer.acknowledge(count, now)
            self._pump(stream, transfer, to_server, now)
            if was_behind and transfer.backlog() <= SEND_BUFFER:
                self.step(self.network.hosts[stream.server], WRITTEN, 0, stream, now)

    def _request_segment(self, host: Host, stream: Stream, segment: i64, now: float) -> None:
        transfer = stream.upward
        if stream.server_epoch != host.epoch or stream.server_state == GONE or transfer is None:
            self._send(stream, False, TCP_HEADERS, CLIENT_RST, now)
            return
        self._established(stream, now)
        was_whole = transfer.is_whole()
        count = transfer.receive(segment)
        self._send(stream, False, TCP_HEADERS, REQUEST_ACK, now, count)
        if transfer.is_whole() and not was_whole:
            self._later(now + host.stream_delay(now), host.number, REQUEST, stream)

    def write_answer(self, host: Host, stream: Stream, reply: StreamMessage, now: float) -> bool:
        """The server's process writes its answer; False if the kernel has no room for all of it yet."""
        stream.reply = reply
        self.network.journal.stream_message(now, host.number, reply.kind, reply.size)
        stream.downward = Transfer(reply.size, self.mss, stream.client_rtt, self.rto_min)
        self._pump(stream, stream.downward, False, now)
        return stream.downward.backlog() <= SEND_BUFFER

    def hang_up(self, host: Host, stream: Stream, now: float) -> None:
        """The server's process closes a stream, answered or not."""
        host.served.pop(stream.number, None)
        if stream.server_state != ANSWERING:
            stream.server_state = GONE
        self._send_fin(stream, False, 0, now)

    def serve_at(self, host: Host, stream: Stream, at: float) -> None:
        """Come back to the server's process once a push/pull's turn is over."""
        self._later(at, host.number, SERVICE, stream)

    def remind_listener(self, host: Host, at: float) -> None:
        kind: i64 = STREAM | (LISTENER_DEADLINE << KIND_BITS)
        self.network.scheduler.schedule(at, host.number, kind, host.epoch, 0, None)

    def _answer_segment(self, host: Host, stream: Stream, segment: i64, now: float) -> None:
        transfer = stream.downward
        if transfer is None:
            return
        is_open = stream.client_epoch == host.epoch and stream.client_state != ENDED
        if not is_open and stream.outcome != REPLIED:
            self._send(stream, True, TCP_HEADERS, SERVER_RST, now)
            return
        was_whole = transfer.is_whole()
        count = transfer.receive(segment)
        self._send(stream, True, TCP_HEADERS, ANSWER_ACK, now, count)
        if transfer.is_whole() and not was_whole:
            self._later(now + host.stream_delay(now), host.number, ANSWER, stream)

    # The end -------------------------------------------------------------------------------------

    def _send_fin(self, stream: Stream, to_server: bool, sent: i64, now: float) -> None:
        """Send a FIN; if it is lost it is repeated like any data."""
        step: i64 = CLIENT_FIN if to_server else SERVER_FIN
        if self._send(stream, to_server, TCP_HEADERS, step, now) or sent >= GIVE_UP_AFTER:
            return
        again: i64 = CLIENT_FIN_AGAIN if to_server else SERVER_FIN_AGAIN
        host: i64 = stream.client if to_server else stream.server
        wait = stream.client_rtt + max(2.0 * stream.client_rtt, self.rto_min)
        self._later(now + wait * float(1 << sent), host, again, stream, sent + 1)

    def _fin_step(self, host: Host, step: i64, a: i64, stream: Stream, now: float) -> None:
        if step == CLIENT_FIN:
            # The last acknowledgement changes nothing any more; it is only counted.
            self.network.journal.segment_sent(now, host.number, TCP_HEADERS)
            capture = self.network.capture
            if capture is not None:
                capture.segment(now, now, stream, False, LAST_ACK, 0)
        elif step == SERVER_FIN:
            # Behind an answer it is acknowledged by the client's own FIN.
            if stream.downward is None:
                self._later(now + host.stream_delay(now), host.number, CLOSURE, stream)
        else:
            self._send_fin(stream, step == CLIENT_FIN_AGAIN, a, now)

    def _forget(self, host: Host, stream: Stream) -> None:
        stream.server_state = GONE
        stream.downward = None
        host.served.pop(stream.number, None)
        host.listener.forget(stream)

    def server_died(self, host: Host, now: float) -> None:
        """The process behind these streams is gone; its kernel resets them."""
        for stream in list(host.served.values()):
            self._forget(host, stream)
            self._send(stream, False, TCP_HEADERS, CLIENT_RST, now)

    def server_vanished(self, host: Host) -> None:
        """The whole host is gone, without a word."""
        for stream in list(host.served.values()):
            self._forget(host, stream)
