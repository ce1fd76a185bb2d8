"""Taps: stand-ins for a run's journal, capture and machines that show checkers what passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from serfsim.checks.checker import Checker, by_kind, subscribers
from serfsim.network.capture import Capture
from serfsim.network.journal import Journal
from serfsim.protocol.events import KINDS
from serfsim.protocol.runtime import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serfsim.network.tcp_stream import Stream
    from serfsim.protocol.memberlist.messages import Packet, StreamMessage

PACKET_KINDS: Final = 16
KIND_MASK: Final = PACKET_KINDS - 1


class Tables:
    """The methods of a run's checkers that each observation calls, by its kind where it has one."""

    def __init__(self, checkers: Sequence[Checker]) -> None:
        self.recorded = by_kind(checkers, "recorded", "events", KINDS)
        self.sent = by_kind(checkers, "sent", "sends", PACKET_KINDS)
        self.handled = by_kind(checkers, "handled", "handles", PACKET_KINDS)
        self.came_from_outside = subscribers(checkers, "came_from_outside")
        self.overflowed = subscribers(checkers, "overflowed")
        self.stream_ended = subscribers(checkers, "stream_ended")


def _hand_on(tap: Any, own: Any, interface: type) -> None:
    """Have the methods of an interface that a tap does not have itself do what its own object's do.

    They are the object's bound methods, which costs less than a method that calls them.
    """
    for name in vars(interface):
        if not name.startswith("_") and name not in vars(type(tap)):
            setattr(tap, name, getattr(own, name))


class JournalTap(Journal):
    """The journal of a host under observation, which keeps everything in the run's trace."""

    def __init__(self, trace: Journal, tables: Tables) -> None:
        self._keep = trace.record
        self._keep_overflow = trace.packet_overflowed
        self._recorded, self._overflowed = tables.recorded, tables.overflowed
        _hand_on(self, trace, Journal)

    def record(self, now: float, observer: int, event: int, subject: int, detail: int) -> None:
        self._keep(now, observer, event, subject, detail)
        for check in self._recorded[event]:
            check(observer, event, subject, detail)

    def packet_overflowed(self, now: float, target: int, packet: Packet) -> None:
        self._keep_overflow(now, target, packet)
        for check in self._overflowed:
            check(target, packet)


class CaptureTap(Capture):
    """A capture that shows checkers each datagram, and hands everything on to the run's own capture."""

    def __init__(self, own: Capture | None, tables: Tables) -> None:
        self.own = own
        self._sent, self._from_outside = tables.sent, tables.came_from_outside

    def datagram(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        for check in self._sent[packet.kind & KIND_MASK]:
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

    def __init__(self, member: int, machine: Any, tables: Tables) -> None:
        self.watched = machine
        self.member = member
        self._on_packet = machine.on_packet
        self._on_result = machine.on_stream_result
        self._handled, self._ended = tables.handled, tables.stream_ended
        _hand_on(self, machine, Machine)

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        for check in self._handled[packet.kind & KIND_MASK]:
            check(self.member, packet, source)
        self._on_packet(packet, source, now, received_at)

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        for check in self._ended:
            check(self.member, token, outcome)
        self._on_result(token, outcome, reply, now)
