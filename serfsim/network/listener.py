"""The listener of a process: read a request from each stream, answer it, close (spec memberlist.md 2.2).

`TRANSITIONS` has the states of one stream.

A push/pull counts from the end of its request until it is merged; the one that reaches `max_push_pulls` is
closed. The process merges them one after the other, each in `push_pull_time` plus a time by size; if both
are 0, merging takes no time and the limit never applies. Reading takes precedence, as in a real agent's
scheduler: it uses a share of each turn in which the merge hardly progresses. A burst therefore reaches the
limit before its first push/pulls are merged.

A paused process accepts and merges after it resumes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.tcp_steps import REQUEST, SERVICE
from serfsim.network.tcp_stream import ANSWERING, ESTABLISHED, Stream
from serfsim.protocol.directory import ipv4_endpoint
from serfsim.protocol.log_lines import STREAM_FROM, STREAM_TIMEOUT, TOO_MANY_PUSH_PULLS
from serfsim.protocol.memberlist.messages import PING, PUSH_PULL
from serfsim.protocol.transitions import Transition

if TYPE_CHECKING:
    from serfsim.network.host import Host

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("accepted", "whole request", "closed", "answer it; hang up"),
    Transition("accepted", "whole push/pull", "in service", "take turns"),
    Transition("accepted", "whole push/pull, one too many", "closed", "log it; hang up"),
    Transition("accepted", "timeout", "closed", "log it; hang up"),
    Transition("accepted", "client hangs up", "closed", "hang up"),
    Transition("in service", "its turn is over", "closed", "answer it; hang up; merge it"),
    Transition("in service", "its turn is over, a long answer", "answered", "answer it"),
    Transition("answered", "all of it is in the kernel", "closed", "hang up; merge it"),
    Transition("answered", "timeout", "closed", "log it; hang up"),
)

# Of `push_pull_time`: what reading takes, and by how much of it whoever is in service is held up. Both so
# that bursts of joins are refused as a real agent on two cores refused them (test_listener).
READING: Final = 0.15
HOLD_UP: Final = 0.5

# Bytes that Linux takes over from a process at once: where a connection's send buffer begins.
SEND_BUFFER: Final = 87040


def dialler_text(stream: Stream) -> str:
    """Whence a stream was dialled, as the log says it."""
    return ipv4_endpoint(stream.client_seen, stream.client_port)


class Listener:
    """`timeout` and `max_push_pulls` are memberlist's settings; seconds, deadlines by the host's clock."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.timeout = 10.0
        self.max_push_pulls: i64 = 128
        self.push_pull_time = 0.0
        self.push_pull_time_per_byte = 0.0
        self.push_pulls: i64 = 0
        self._turns: list[Stream] = []  # push/pulls in the order of their service
        self._turn_ends = 0.0  # of the first of them
        self._read_until = 0.0
        self._waiting: dict[int, Stream] = {}  # in the order of their deadlines
        self._is_reminded = False

    def die(self) -> None:
        self.push_pulls = 0
        self._turns = []
        self._read_until = 0.0
        self._waiting = {}
        self._is_reminded = False

    # Deadlines -----------------------------------------------------------------------------------

    def accept(self, stream: Stream, now: float) -> None:
        """Handle a connection that the kernel has accepted for the process; one for a packet may last."""
        if stream.request.packet is not None:
            return
        if self.host.paused:
            self._wait(stream, math.inf)
        else:
            self._take_over(stream, now)
            self._wait(stream, stream.server_deadline)

    def _take_over(self, stream: Stream, now: float) -> None:
        """Serve a connection that the process has accepted."""
        local = self.host.read_clock(now)
        self.host.log(local, STREAM_FROM, -1, 0, 0, dialler_text(stream))
        stream.server_deadline = local + self.timeout

    def _wait(self, stream: Stream, deadline: float) -> None:
        stream.server_deadline = deadline
        self._waiting[stream.number] = stream
        self._remind()

    def _remind(self) -> None:
        """See that somebody comes back for the first of those that wait."""
        if self._is_reminded:
            return
        for stream in self._waiting.values():
            if stream.server_deadline < math.inf:
                self._is_reminded = True
                self.host.network.tcp.remind_listener(self.host, self.host.true(stream.server_deadline))
            return

    def deadline(self, now: float) -> None:
        """Handle the first deadline, though its stream may be over by now."""
        self._is_reminded = False
        if not self.host.paused:
            self._expire(now)
            self._remind()

    def resume(self, now: float) -> None:
        """Resume the process: end what is overdue, and accept the connections that wait."""
        self._expire(now)
        for stream in self._waiting.values():
            if stream.server_deadline == math.inf:
                self._take_over(stream, now)
        self._remind()

    def _expire(self, now: float) -> None:
        overdue: list[Stream] = []
        local = self.host.read_clock(now)
        for stream in self._waiting.values():
            if stream.server_deadline > local:
                break
            overdue.append(stream)
        for stream in overdue:
            self._complain(stream, now)
            self.forget(stream)
            if stream.downward is not None:
                stream.is_cut_short = True
                stream.downward.cut_short()
            self.host.network.tcp.hang_up(self.host, stream, now)

    def abandoned(self, stream: Stream, now: float) -> None:
        """Handle a stream that its client closed without a request."""
        host = self.host
        if stream.server_epoch == host.epoch and stream.server_state == ESTABLISHED:
            self.forget(stream)
            host.network.tcp.hang_up(host, stream, now)

    def _complain(self, stream: Stream, now: float) -> None:
        own, peer = self.host.endpoint(), dialler_text(stream)
        if stream.server_state == ANSWERING:
            text = f"Failed to push local state: write tcp {own}->{peer}: i/o timeout from={peer}"
        else:
            text = f"failed to receive: read tcp {own}->{peer}: i/o timeout from={peer}"
        self.host.log(self.host.read_clock(now), STREAM_TIMEOUT, -1, 0, 0, text)

    def forget(self, stream: Stream) -> None:
        """Forget a stream that the process has finished or its kernel has lost."""
        self._waiting.pop(stream.number, None)
        if stream.is_counted and stream.server_epoch == self.host.epoch:
            self.push_pulls -= 1
        stream.is_counted = False

    # Serving -------------------------------------------------------------------------------------

    def received(self, stream: Stream) -> None:
        """Stop waiting for a request that has been read and is not handled yet."""
        self._waiting.pop(stream.number, None)

    def read(self, stream: Stream, now: float) -> None:
        """Handle a complete request."""
        host = self.host
        if stream.server_epoch != host.epoch or stream.server_state != ESTABLISHED:
            return
        machine = host.machine
        packet = stream.request.packet
        if packet is not None and machine is not None and machine.can_read(stream.request):
            stream.server_state = ANSWERING
            host.network.tcp.hang_up(host, stream, now)
            source = stream.request.source_address(stream.client_seen)
            host.packet_arrived(packet, source, host.journey_ns, now)
            return
        is_error = machine is not None and not machine.can_read(stream.request)
        if stream.request.kind != PUSH_PULL or is_error:
            self.received(stream)
            if stream.request.kind == PING and stream.server_deadline < host.read_clock(now):
                host.network.tcp.hang_up(host, stream, now)
                return
            stream.server_state = ANSWERING
            self.serve(stream, now)
            return
        if self._read_until > now:
            host.network.tcp.later(self._read_until, host.number, REQUEST, stream)
            return
        host.network.journal.push_pull_asked(now, host.number)
        self.received(stream)
        stream.server_state = ANSWERING
        reading = READING * self.push_pull_time
        self._read_until = now + reading
        self._turn_ends += HOLD_UP * reading
        if self.push_pulls + 1 >= self.max_push_pulls:
            host.log(host.read_clock(now), TOO_MANY_PUSH_PULLS, -1, 0, 0, "")
            host.network.tcp.hang_up(host, stream, now)
            return
        self.push_pulls += 1
        stream.is_counted = True
        if self._time_for(stream) <= 0.0:
            self.serve(stream, now)
            return
        self._turns.append(stream)
        if len(self._turns) == 1:
            self._begin_turn(now)

    def _time_for(self, stream: Stream) -> float:
        return self.push_pull_time + self.push_pull_time_per_byte * float(stream.request.size)

    def _begin_turn(self, now: float) -> None:
        stream = self._turns[0]
        self._turn_ends = now + self._time_for(stream)
        self.host.network.tcp.later(self._turn_ends, self.host.number, SERVICE, stream)

    def end_turn(self, stream: Stream, now: float) -> None:
        """End the turn of a push/pull, unless reading others has made it longer."""
        if len(self._turns) == 0 or self._turns[0] is not stream:
            return
        if self._turn_ends > now:
            self.host.network.tcp.later(self._turn_ends, self.host.number, SERVICE, stream)
            return
        self._turns.pop(0)
        if len(self._turns) > 0:
            self._begin_turn(now)
        self.serve(stream, now)

    def serve(self, stream: Stream, now: float) -> None:
        """Answer a request."""
        host = self.host
        machine = host.machine
        if stream.server_epoch != host.epoch or stream.server_state != ANSWERING or machine is None:
            return
        reply = machine.on_stream_request(stream.request, stream.client_seen, host.read_clock(now))
        if reply is None:
            self.forget(stream)
            host.network.tcp.hang_up(host, stream, now)
            return
        if host.network.tcp.write_answer(host, stream, reply, now):
            self.written(stream, now)
        else:
            self._wait(stream, host.local(now) + self.timeout)

    def written(self, stream: Stream, now: float) -> None:
        """Continue the process once the kernel has taken the whole answer."""
        host = self.host
        machine = host.machine
        if stream.server_epoch != host.epoch or stream.server_state != ANSWERING or machine is None:
            return
        self.forget(stream)
        host.network.tcp.hang_up(host, stream, now)
        machine.on_stream_answered(stream.request, stream.client_seen, host.read_clock(now))
