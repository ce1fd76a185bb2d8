"""Taps: stand-ins for a run's journal, capture and machines that show checkers what passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from serfsim.checks.online.checker import Checker, by_kind, subscribers
from serfsim.native import i64
from serfsim.network.capture import Capture
from serfsim.network.journal import Journal
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.events import KINDS
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, UserMessage
from serfsim.protocol.runtime import Machine

PACKET_KINDS: Final = 16
KIND_MASK: Final = PACKET_KINDS - 1


class Tables:
    """The checkers of a run that each observation goes to, by its kind where it has one."""

    def __init__(self, checkers: Sequence[Checker]) -> None:
        self.recorded = by_kind(checkers, "recorded", "events", KINDS)
        self.sent = by_kind(checkers, "sent", "sends", PACKET_KINDS)
        self.handled = by_kind(checkers, "handled", "handles", PACKET_KINDS)
        self.came_from_outside = subscribers(checkers, "came_from_outside")
        self.overflowed = subscribers(checkers, "overflowed")
        self.stream_ended = subscribers(checkers, "stream_ended")


class JournalTap(Journal):
    """The journal of a host under observation, which keeps everything in the run's trace."""

    def __init__(self, trace: Journal, tables: Tables) -> None:
        self.trace = trace
        self.tables = tables

    def record(self, now: float, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        self.trace.record(now, observer, event, subject, detail)
        for checker in self.tables.recorded[event]:
            checker.recorded(observer, event, subject, detail)

    def packet_overflowed(self, now: float, target: i64, packet: Packet) -> None:
        self.trace.packet_overflowed(now, target, packet)
        for checker in self.tables.overflowed:
            checker.overflowed(target, packet)

    # Handed on -------------------------------------------------------------------------------------

    def log(self, now: float, node: i64, line: i64, subject: i64, a: i64, b: i64, text: str) -> None:
        self.trace.log(now, node, line, subject, a, b, text)

    def keeps_copies(self) -> bool:
        return self.trace.keeps_copies()

    def copies_left_out(self, count: i64) -> None:
        self.trace.copies_left_out(count)

    def packet_sent(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        self.trace.packet_sent(now, source, packet, ip_bytes)

    def bytes_under_way(self, now: float, target: i64, ip_bytes: i64) -> None:
        self.trace.bytes_under_way(now, target, ip_bytes)

    def packet_lost(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        self.trace.packet_lost(now, source, packet, ip_bytes)

    def packet_to_nobody(self, now: float, source: i64, ip_bytes: i64) -> None:
        self.trace.packet_to_nobody(now, source, ip_bytes)

    def sent_between_zones(self, now: float, ip_bytes: i64) -> None:
        self.trace.sent_between_zones(now, ip_bytes)

    def stream_opened(self, now: float, source: i64) -> None:
        self.trace.stream_opened(now, source)

    def stream_message(self, now: float, source: i64, kind: i64, size: i64) -> None:
        self.trace.stream_message(now, source, kind, size)

    def packet_streamed(self, now: float, packet: Packet) -> None:
        self.trace.packet_streamed(now, packet)

    def handed_off(self, now: float, waiting: i64) -> None:
        self.trace.handed_off(now, waiting)

    def push_pull_asked(self, now: float, target: i64) -> None:
        self.trace.push_pull_asked(now, target)

    def segment_sent(self, now: float, source: i64, ip_bytes: i64) -> None:
        self.trace.segment_sent(now, source, ip_bytes)


class CaptureTap(Capture):
    """A capture that shows checkers each datagram, and hands everything on to the run's own capture."""

    def __init__(self, own: Capture | None, tables: Tables) -> None:
        self.own = own
        self.tables = tables

    def datagram(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        for checker in self.tables.sent[packet.kind & KIND_MASK]:
            checker.sent(now, at, source, address, packet)
        if self.own is not None:
            self.own.datagram(now, at, source, address, packet)

    def from_outside(self, now: float, at: float, address: i64, target: i64, packet: Packet) -> None:
        for checker in self.tables.came_from_outside:
            checker.came_from_outside(at, address, target, packet)
        if self.own is not None:
            self.own.from_outside(now, at, address, target, packet)

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: i64, a: i64) -> None:
        if self.own is not None:
            self.own.segment(now, at, stream, to_server, step, a)


class MachineTap(Machine):
    """A member's machine under observation."""

    def __init__(self, member: i64, machine: Machine, tables: Tables) -> None:
        self.member = member
        self.watched = machine
        self.tables = tables

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        for checker in self.tables.handled[packet.kind & KIND_MASK]:
            checker.handled(self.member, packet, source)
        self.watched.on_packet(packet, source, now, received_at)

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        for checker in self.tables.stream_ended:
            checker.stream_ended(self.member, token, outcome)
        self.watched.on_stream_result(token, outcome, reply, now)

    # Handed on -------------------------------------------------------------------------------------

    def hold_worker(self) -> None:
        self.watched.hold_worker()

    def release_worker(self, now: float) -> None:
        self.watched.release_worker(now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        self.watched.on_timer(timer, a, b, now)

    def can_read(self, request: StreamMessage) -> bool:
        return self.watched.can_read(request)

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        return self.watched.on_stream_request(request, source, now)

    def on_stream_answered(self, request: StreamMessage, source: i64, now: float) -> None:
        self.watched.on_stream_answered(request, source, now)

    def on_link_opened(self, link: i64, now: float) -> None:
        self.watched.on_link_opened(link, now)

    def on_link_message(self, link: i64, message: UserMessage, now: float) -> None:
        self.watched.on_link_message(link, message, now)

    def on_link_closed(self, link: i64, outcome: i64, now: float) -> None:
        self.watched.on_link_closed(link, outcome, now)
