"""Holding events back for a moment, so that the application hears of a burst once (spec serf.md section 13).

The first event that comes starts the quantum, and each restarts the quiescent timer; whichever ends
first flushes. Both periods must be more than nothing, or events pass straight through. One timer at
a time runs for a coalescer: where it comes too early it is set again.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, mypyc_attr, u8, vec
from serfsim.protocol import events, log_lines
from serfsim.protocol.large import NO_CHANGE, Changes
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.messages import UserEvent

NOTHING: Final = 255  # no number of an event


@mypyc_attr(allow_interpreted_subclasses=True)
class Coalescer:
    """`timer` is the number under which `due` is called; subclasses hold and flush."""

    def __init__(
        self, quantum: float, quiescent: float, timer: i64, runtime: Runtime, application: Application
    ) -> None:
        self.quantum = quantum
        self.quiescent = quiescent
        self.timer: i64 = timer
        self.runtime = runtime
        self.application = application
        self._flush_at = -1.0  # the end of the quantum; negative while nothing is held
        self._quiet_at = 0.0
        self._timer_runs = False

    def is_on(self) -> bool:
        return self.quantum > 0.0 and self.quiescent > 0.0

    def hold(self, now: float) -> None:
        """Something more is held back from now on."""
        if self._flush_at < 0.0:
            self._flush_at = now + self.quantum
        self._quiet_at = now + self.quiescent
        if not self._timer_runs:
            self._timer_runs = True
            self.runtime.call_at(self._due(), self.timer, 0, 0)

    def _due(self) -> float:
        return self._quiet_at if self._quiet_at < self._flush_at else self._flush_at

    def due(self, now: float) -> None:
        """The timer came."""
        if now < self._due():
            self.runtime.call_at(self._due(), self.timer, 0, 0)
            return
        self._timer_runs = False
        self._flush_at = -1.0
        self.flush(now)

    def flush(self, now: float) -> None:
        """Let go of what is held."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class UserCoalescer(Coalescer):
    """Of each name only the events of the highest Lamport time, all of them."""

    def __init__(
        self, quantum: float, quiescent: float, timer: i64, runtime: Runtime, application: Application
    ) -> None:
        super().__init__(quantum, quiescent, timer, runtime, application)
        self._latest: dict[str, list[UserEvent]] = {}

    def take(self, event: UserEvent, now: float) -> None:
        if not event.coalesce or not self.is_on():
            self._hand_up(event, now)
            return
        latest = self._latest.get(event.name)
        if latest is None or latest[0].ltime < event.ltime:
            self._latest[event.name] = [event]
        elif latest[0].ltime == event.ltime:
            latest.append(event)
        self.hold(now)

    def flush(self, now: float) -> None:
        held = self._latest
        self._latest = {}
        for latest in held.values():
            for event in latest:
                self._hand_up(event, now)

    def _hand_up(self, event: UserEvent, now: float) -> None:
        self.runtime.log(now, log_lines.RECEIVED_EVENT, -1, 0, 0, event.name)
        self.application.user_event(event, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class MemberCoalescer(Coalescer):
    """Of each member the latest event, unless it is what was told last; by kind, in the order of members.

    As in the library a member's latest event is never forgotten, and an update always counts as news:
    it is told again at every flush until something else happens to the member.
    """

    def __init__(
        self, quantum: float, quiescent: float, timer: i64, runtime: Runtime, application: Application
    ) -> None:
        super().__init__(quantum, quiescent, timer, runtime, application)
        # By member, two bytes each; where few of many members have had an event, only these.
        self._latest: vec[u8] = vec[u8]()
        self._told: vec[u8] = vec[u8]()
        self._few: Changes | None = None

    def expect_few(self) -> None:
        """The cluster is large and converged: few of its members will ever have an event. Call it first."""
        self._few = Changes()

    def take(self, kind: i64, member: i64, now: float) -> None:
        """A member event; a forced leave is a leave to the application."""
        if kind == events.LEFT_FORCED:
            kind = events.LEFT
        if not self.is_on():
            self._hand_up(kind, [member], now)
            return
        few = self._few
        if few is not None:
            few.put(member, kind << 8 | self._told_last(member))
        else:
            while len(self._latest) <= member:
                self._latest = append(self._latest, NOTHING)
                self._told = append(self._told, NOTHING)
            self._latest[member] = u8(kind)
        self.hold(now)

    def _told_last(self, member: i64) -> i64:
        """The kind told last of a member that has had an event, or may have."""
        few = self._few
        if few is None:
            return i64(self._told[member])
        found = few.find(member)
        return NOTHING if found == NO_CHANGE else found & 255

    def flush(self, now: float) -> None:
        told: dict[int, list[int]] = {}
        few = self._few
        if few is not None:
            for member in sorted(few.nodes()):
                self._tell(member, few.find(member) >> 8, told)
        else:
            place: i64 = 0
            while place < len(self._latest):
                self._tell(place, i64(self._latest[place]), told)
                place += 1
        for kind, members in told.items():
            self._hand_up(kind, members, now)

    def _tell(self, member: i64, kind: i64, told: dict[int, list[int]]) -> None:
        """Add a member whose latest event is of that kind to those `told`, if that is news."""
        if kind == NOTHING or (kind != events.UPDATE and kind == self._told_last(member)):
            return
        if self._few is not None:
            self._few.put(member, kind << 8 | kind)
        else:
            self._told[member] = u8(kind)
        if kind in told:
            told[kind].append(member)
        else:
            told[kind] = [member]

    def _hand_up(self, kind: i64, members: list[int], now: float) -> None:
        self.runtime.log(now, log_lines.RECEIVED_MEMBERS, -1, kind, 0, "")
        self.application.member_event(kind, members, now)
