"""User events: told to all, each taken once, the recent ones kept for newcomers (spec serf.md section 6).

received at Lamport time t              what becomes of it
before the least time wanted            dropped
older than the ring is long             dropped, with a warning
equal in time, name and payload         dropped: a duplicate
else                                    kept in slot t mod ring, delivered, passed on
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.lamport import LamportClock
from serfsim.protocol.serf.messages import EventSlot, SerfState, UserEvent, header_size

# No configuration may allow longer events.
SANE_SIZE: Final = 9216


def too_long(name: str, payload: bytes, limit: i64) -> str:
    """The library's message about an event that is too long before it is encoded, or ""."""
    plain = len(name.encode()) + len(payload)
    if plain > limit:
        return f"user event exceeds configured limit of {limit} bytes before encoding"
    if plain > SANE_SIZE:
        return f"user event exceeds sane limit of {SANE_SIZE} bytes before encoding"
    return ""


def encoded_too_long(event: UserEvent, limit: i64) -> str:
    """The library's message about an event that is too long as it is sent, or ""."""
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

    def __init__(self, config: SerfConfig, me: i64, runtime: Runtime) -> None:
        self.config = config
        self.me: i64 = me
        self.runtime = runtime
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
        ring = self.config.event_buffer
        current = self.clock.time()
        if current > ring and ltime < current - ring:
            self.runtime.notify(now, events.OLD_EVENT, self.me, ltime)
            self.runtime.log(now, log_lines.OLD_EVENT, -1, ltime, current, event.name)
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
        ring = self.config.event_buffer
        state.ring = ring
        # The rest of the state counts on a ring of 512 empty slots.
        state.size += header_size(ring) + ring - 515 + self.size
        if self.size > 0:
            for slot in self._slots:
                if slot is not None:
                    state.events.append(slot.copy())

    def forget_before(self, ltime: i64) -> None:
        """Events before `ltime` are not wanted from now on."""
        if ltime > self.min_time:
            self.min_time = ltime
