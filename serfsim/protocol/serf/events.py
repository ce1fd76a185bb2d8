"""User events, and the way of every event to the application (spec serf.md sections 6 and 13).

A node handles each user event once, and keeps recent ones for newcomers, by Lamport time modulo the length of
the ring. `TRANSITIONS` has the states of one event, identified by its Lamport time, name and payload.

The way of an event from the node to the application:

    member event                -> snapshot -> member coalescer -> application
    user event                  -> snapshot -> user coalescer   -> application
    query                       -> snapshot -> Serf's own queries, or the application

In the library, snapshot and application read from channels that drop events under load; here they never
drop any.

A coalescer delays events briefly, so that the application receives a burst as one event. The first event
starts the quantum, and each restarts the quiescent timer; the first of the two to end flushes. If either
period is 0, events pass straight through. A coalescer has one timer, which it sets again if it fires early.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, mypyc_attr, u8, vec
from serfsim.protocol import events, log_lines
from serfsim.protocol.large import NO_CHANGE, Changes
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application, ReceivedQuery
from serfsim.protocol.serf.core import MEMBER_FLUSH, SNAPSHOT_TICK, USER_FLUSH, LamportClock, SerfCore
from serfsim.protocol.serf.messages import EventSlot, SerfState, UserEvent
from serfsim.protocol.serf.queries import is_internal
from serfsim.protocol.serf.snapshot import CLOCK_INTERVAL, Snapshot
from serfsim.protocol.transitions import Transition
from serfsim.protocol.wire.msgpack import header_size

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("new", "event", "known", "deliver it; pass it on"),
    Transition("known", "event", "known", "drop it"),
    Transition("too old", "event", "too old", "drop it; warn"),
    Transition("unwanted", "event", "unwanted", "drop it"),
)

# No configuration may allow longer events.
SANE_SIZE: Final = 9216


def too_long(name: str, payload: bytes, limit: i64) -> str:
    """Return the library's error for an event that is too long before it is encoded, or ""."""
    plain = len(name.encode()) + len(payload)
    if plain > limit:
        return f"user event exceeds configured limit of {limit} bytes before encoding"
    if plain > SANE_SIZE:
        return f"user event exceeds sane limit of {SANE_SIZE} bytes before encoding"
    return ""


def encoded_too_long(event: UserEvent, limit: i64) -> str:
    """Return the library's error for an event that is too long once encoded, or ""."""
    size = event.size - 1  # without memberlist's byte
    if size > limit:
        return f"encoded user event exceeds configured limit of {limit} bytes after encoding"
    if size > SANE_SIZE:
        return f"encoded user event exceeds sane limit of {SANE_SIZE} bytes before encoding"
    return ""


@mypyc_attr(allow_interpreted_subclasses=True)
class UserEvents:
    """One node's clock for user events and its ring of recent ones.

    `min_time`: older events are not wanted. `ignores_old`: a join under way shall not bring old ones.
    """

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.clock = LamportClock()
        self.min_time: i64 = 0
        self.ignores_old = False
        self.size: i64 = 0  # bytes that the ring takes in a push/pull besides its empty slots
        self._slots: list[EventSlot | None] = []  # empty until the first event

    def take(self, event: UserEvent, now: float) -> bool:
        """Take an event; True if it is new: then it is to be delivered and passed on."""
        ltime = event.ltime
        self.clock.witness(ltime)
        if ltime < self.min_time:
            return False
        core = self.core
        ring = core.config.event_buffer
        current = self.clock.time()
        if current > ring and ltime < current - ring:
            core.runtime.notify(now, events.OLD_EVENT, core.me, ltime)
            core.log(now, log_lines.OLD_EVENT, -1, ltime, current, event.name)
            return False
        if len(self._slots) == 0:
            self._slots = [None] * ring
        place = ltime % ring
        slot = self._slots[place]
        if slot is None or slot.ltime != ltime:
            if slot is not None:
                self.size -= slot.size() - 1
            slot = EventSlot(ltime)
            self._slots[place] = slot
        else:
            for known in slot.events:
                if known.is_same(event):
                    return False
            self.size -= slot.size() - 1
        slot.events.append(event)
        self.size += slot.size() - 1
        return True

    def tell(self, state: SerfState) -> None:
        """Put the ring into what a push/pull tells."""
        ring = self.core.config.event_buffer
        state.ring = ring
        state.size += header_size(ring) + ring + self.size
        if self.size > 0:
            for slot in self._slots:
                if slot is not None:
                    state.events.append(slot.copy())

    def forget_before(self, ltime: i64) -> None:
        """Events before `ltime` are not wanted from now on."""
        if ltime > self.min_time:
            self.min_time = ltime


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
        """Handle the coalescer's timer."""
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
    """The latest event of each member, unless it repeats the last one reported; by kind, in order of members.

    As in the library, a member's latest event is never forgotten, and an update always counts as new:
    every flush reports it again until another event of the member replaces it.
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
        """Store events sparsely, for a large converged cluster. Call it before the first event."""
        self._few = Changes()

    def take(self, kind: i64, member: i64, now: float) -> None:
        """Handle a member event; the application sees a forced leave as a leave."""
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
        """Return the kind last reported of a member."""
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


@mypyc_attr(allow_interpreted_subclasses=True)
class EventPipeline:
    def __init__(self, core: SerfCore) -> None:
        config = core.config
        self.core = core
        self.snapshot: Snapshot | None = None
        self.users = UserCoalescer(
            config.user_coalesce_period,
            config.user_quiescent_period,
            USER_FLUSH,
            core.runtime,
            core.application,
        )
        self.members = MemberCoalescer(
            config.coalesce_period, config.quiescent_period, MEMBER_FLUSH, core.runtime, core.application
        )
        self.has_member_reader = core.application.wants_member_events()

    def member_event(self, kind: i64, member: i64, detail: i64, now: float) -> None:
        """Report what happened to a member and pass it on."""
        self.core.runtime.notify(now, kind, member, detail)
        if self.snapshot is not None:
            self.snapshot.member_event(kind, member, now)
        if self.has_member_reader:
            self.members.take(kind, member, now)

    def user_event(self, event: UserEvent, now: float) -> None:
        if self.snapshot is not None:
            self.snapshot.user_event(event.ltime, now)
        self.users.take(event, now)

    def query(self, received: ReceivedQuery, now: float) -> None:
        query = received.query
        if self.snapshot is not None:
            self.snapshot.query(query.ltime, now)
        if is_internal(query.name):
            self.core.internal_queries.handle(received, now)
        else:
            self.core.log(now, log_lines.RECEIVED_QUERY, -1, 0, 0, query.name)
            self.core.application.query(received, now)

    def schedule_clock(self, now: float) -> None:
        """Schedule `keep_clock` where there is a snapshot to keep it in."""
        if self.snapshot is not None:
            self.core.runtime.call_at(now + CLOCK_INTERVAL, SNAPSHOT_TICK, 0, 0)

    def keep_clock(self, now: float) -> None:
        if self.snapshot is not None:
            self.snapshot.update_clock(now)
        self.schedule_clock(now)
