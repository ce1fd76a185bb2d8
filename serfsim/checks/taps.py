"""Taps: stand-ins for a run's journal, capture and machines that show checkers what passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serfsim.checks.checker import Checker, subscribers
from serfsim.network.capture import Capture
from serfsim.network.journal import Journal
from serfsim.protocol.runtime import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serfsim.engine.trace import Trace
    from serfsim.network.tcp_stream import Stream
    from serfsim.protocol.memberlist.messages import Packet, StreamMessage

Subscribers = tuple["Callable[..., None]", ...]


class JournalTap(Journal):
    """The journal of a network under observation, which keeps everything in a run's trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._recorded: Subscribers = ()
        self._overflowed: Subscribers = ()
        self._segments: Subscribers = ()
        self._opened: Subscribers = ()

    def show(self, checkers: Sequence[Checker]) -> None:
        """Show the checkers everything from now on."""
        self._recorded = subscribers(checkers, "recorded")
        self._overflowed = subscribers(checkers, "overflowed")
        self._segments = subscribers(checkers, "segment_sent")
        self._opened = subscribers(checkers, "stream_opened")

    def record(self, now: float, observer: int, event: int, subject: int, detail: int) -> None:
        self.trace.record(now, observer, event, subject, detail)
        for check in self._recorded:
            check(observer, event, subject, detail)

    def log(self, now: float, node: int, line: int, subject: int, a: int, b: int, text: str) -> None:
        self.trace.log(now, node, line, subject, a, b, text)

    def keeps_copies(self) -> bool:
        return self.trace.keeps_copies()

    def copies_left_out(self, count: int) -> None:
        self.trace.copies_left_out(count)

    def packet_sent(self, now: float, source: int, packet: Packet, ip_bytes: int) -> None:
        self.trace.packet_sent(now, source, packet, ip_bytes)

    def packet_lost(self, now: float, source: int, packet: Packet, ip_bytes: int) -> None:
        self.trace.packet_lost(now, source, packet, ip_bytes)

    def packet_to_nobody(self, now: float, source: int, ip_bytes: int) -> None:
        self.trace.packet_to_nobody(now, source, ip_bytes)

    def sent_between_zones(self, now: float, ip_bytes: int) -> None:
        self.trace.sent_between_zones(now, ip_bytes)

    def packet_overflowed(self, now: float, target: int, packet: Packet) -> None:
        self.trace.packet_overflowed(now, target, packet)
        for check in self._overflowed:
            check(target, packet)

    def stream_opened(self, now: float, source: int) -> None:
        self.trace.stream_opened(now, source)
        for check in self._opened:
            check(source)

    def stream_message(self, now: float, source: int, kind: int, size: int) -> None:
        self.trace.stream_message(now, source, kind, size)

    def packet_streamed(self, now: float, packet: Packet) -> None:
        self.trace.packet_streamed(now, packet)

    def handed_off(self, now: float, waiting: int) -> None:
        self.trace.handed_off(now, waiting)

    def push_pull_asked(self, now: float, target: int) -> None:
        self.trace.push_pull_asked(now, target)

    def segment_sent(self, now: float, source: int, ip_bytes: int) -> None:
        self.trace.segment_sent(now, source, ip_bytes)
        for check in self._segments:
            check(source)


class CaptureTap(Capture):
    """A capture that shows checkers each datagram, and hands everything on to the run's own capture."""

    def __init__(self, checkers: Sequence[Checker], own: Capture | None) -> None:
        self.own = own
        self._sent = subscribers(checkers, "sent")
        self._from_outside = subscribers(checkers, "came_from_outside")

    def datagram(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        for check in self._sent:
            check(now, at, source, address, packet)
        if self.own is not None:
            self.own.datagram(now, at, source, address, packet)

    def from_outside(self, now: float, at: float, address: int, target: int, packet: Packet) -> None:
        for check in self._from_outside:
            check(at, address, target, packet)
        if self.own is not None:
            self.own.from_outside(now, at, address, target, packet)

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: int, a: int) -> None:
        if self.own is not None:
            self.own.segment(now, at, stream, to_server, step, a)


class MachineTap(Machine):
    """A member's machine under observation."""

    def __init__(self, member: int, machine: Any, checkers: Sequence[Checker]) -> None:
        self.watched = machine
        self.member = member
        self._handled = subscribers(checkers, "handled")
        self._requests = subscribers(checkers, "request_read")
        self._ended = subscribers(checkers, "stream_ended")

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        for check in self._handled:
            check(self.member, packet, source)
        self.watched.on_packet(packet, source, now, received_at)

    def hold_worker(self) -> None:
        self.watched.hold_worker()

    def release_worker(self, now: float) -> None:
        self.watched.release_worker(now)

    def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
        self.watched.on_timer(timer, a, b, now)

    def can_read(self, request: StreamMessage) -> bool:
        return bool(self.watched.can_read(request))

    def on_stream_request(self, request: StreamMessage, source: int, now: float) -> StreamMessage | None:
        for check in self._requests:
            check(self.member, request, source)
        answer: StreamMessage | None = self.watched.on_stream_request(request, source, now)
        return answer

    def on_stream_answered(self, request: StreamMessage, source: int, now: float) -> None:
        self.watched.on_stream_answered(request, source, now)

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        for check in self._ended:
            check(self.member, token, outcome)
        self.watched.on_stream_result(token, outcome, reply, now)
