r"""The event queue: pooled events, a timing wheel, and a small heap for the current bucket.

    schedule --(later bucket)--> wheel --(its bucket has come)--> heap --(due)--> dispatch
        \------(bucket already reached)--------------------------/

An event is a slot of eight numbers, which fill one cache line; freed slots are reused. The
wheel has WHEEL buckets of a millisecond, each a linked list through the slots. When the clock enters a
bucket, its events move to a binary heap ordered by (time, push number), which settles the total order:
by time, and within one time in the order of scheduling. An event further away than one turn of the wheel
waits in its bucket and is examined once per turn. A cancelled event keeps its place in the order and
counts as handled, but is not dispatched.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import extend, i32, i64, vec
from serfsim.network.scheduler import Dispatcher, Scheduler, Withdrawn

WHEEL: Final = 16384
BUCKETS_PER_S: Final = 1000.0
SLOT_BITS: Final = 24
SLOT_MASK: Final = 0xFFFFFF
FURTHEST: Final = 1e12  # seconds; later events never occur
SLICE: Final = 65536

# The numbers of a slot, which begins at slot << WIDTH_BITS.
WIDTH_BITS: Final = 3
WIDTH: Final = 8
TARGET: Final = 0
KIND: Final = 1
A: Final = 2
B: Final = 3
KEY: Final = 4  # push number and slot combined
NEXT: Final = 5  # the next slot in the same bucket, or the next free one; NO_SLOT at the end
IS_CANCELLED: Final = 6

NO_SLOT: Final = -1
NOBODY: Final = -1  # the target of an event that was taken back


class EventQueue(Scheduler):
    """The events of a run in time order.

    `now` is the time of the current event, or the time up to which all have been handled. Setting `stop`
    while an event is handled ends `run_until` after that event.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.stop = False
        self.events_processed: i64 = 0
        self.pending: i64 = 0  # in the wheel and in the heap
        self._pushes: i64 = 0
        self._skips_cancelled = True
        # The pool: per slot WIDTH numbers, a time and a payload.
        self._slots = vec[i64]()
        self._at = vec[float]()
        self._payload: list[object | None] = []
        self._free: i64 = NO_SLOT  # the first free slot, head of a linked list
        # The wheel and the heap.
        self._bucket: i64 = 0  # the current bucket
        self._heads = vec[i32]([-1] * WHEEL)
        self._heap_at = vec[float]()
        self._heap_key = vec[i64]()
        self._heap_size: i64 = 0

    # Scheduling --------------------------------------------------------------------------------

    def schedule(self, at: float, target: i64, kind: i64, a: i64, b: i64, payload: object | None) -> None:
        """Schedule an event (see `Scheduler.schedule`). Raises ValueError for a time that is NaN."""
        if not at <= FURTHEST:
            if at != at:
                raise ValueError("an event needs a time")
            return
        self._push(at, target, kind, a, b, payload)

    def schedule_cancellable(self, at: float, target: i64, kind: i64, a: i64, b: i64) -> i64:
        """Schedule an event (see `Scheduler.schedule_cancellable`). Raises ValueError for a time of NaN."""
        if not at <= FURTHEST:
            self.schedule(at, target, kind, a, b, None)
            return 0
        return self._push(at, target, kind, a, b, None)

    def cancel(self, handle: i64) -> None:
        base: i64 = (handle & SLOT_MASK) << WIDTH_BITS
        if self._slots[base + KEY] == handle:
            self._slots[base + IS_CANCELLED] = 1

    def dispatch_cancelled_too(self) -> None:
        self._skips_cancelled = False

    def withdraw(self, target: i64) -> list[Withdrawn]:
        found: list[tuple[float, int]] = []
        i: i64 = 0
        while i < self._heap_size:
            self._find(self._heap_key[i] & SLOT_MASK, self._heap_at[i], target, found)
            i += 1
        place: i64 = 0
        while place < WHEEL:
            slot: i64 = i64(self._heads[place])
            while slot >= 0:
                self._find(slot, self._at[slot], target, found)
                slot = self._slots[(slot << WIDTH_BITS) + NEXT]
            place += 1
        found.sort()
        return [self._take_back(at, i64(key)) for at, key in found]

    def _find(self, slot: i64, at: float, target: i64, found: list[tuple[float, int]]) -> None:
        """Append time and key of a pending event if it is the target's."""
        base: i64 = slot << WIDTH_BITS
        if self._slots[base + TARGET] == target and self._slots[base + IS_CANCELLED] == 0:
            found.append((at, int(self._slots[base + KEY])))

    def _take_back(self, at: float, key: i64) -> Withdrawn:
        """Empty the event of a key, which keeps its place in the order."""
        slot: i64 = key & SLOT_MASK
        base: i64 = slot << WIDTH_BITS
        slots = self._slots
        event = Withdrawn(at, slots[base + KIND], slots[base + A], slots[base + B], self._payload[slot])
        slots[base + TARGET] = NOBODY
        slots[base + IS_CANCELLED] = 1
        self._payload[slot] = None
        return event

    def _push(self, at: float, target: i64, kind: i64, a: i64, b: i64, payload: object | None) -> i64:
        """Allocate a slot for an event at a finite time; return its key."""
        if at < self.now:
            at = self.now
        if self._free == NO_SLOT:
            self._grow()
        slot = self._free
        base: i64 = slot << WIDTH_BITS
        self._pushes += 1
        self.pending += 1
        key: i64 = (self._pushes << SLOT_BITS) | slot
        slots = self._slots
        self._free = slots[base + NEXT]
        slots[base + TARGET] = target
        slots[base + KIND] = kind
        slots[base + A] = a
        slots[base + B] = b
        slots[base + KEY] = key
        slots[base + IS_CANCELLED] = 0
        if payload is not None:
            self._payload[slot] = payload
        bucket: i64 = i64(at * BUCKETS_PER_S)
        if bucket > self._bucket:
            place: i64 = bucket & (WHEEL - 1)
            self._at[slot] = at
            slots[base + NEXT] = i64(self._heads[place])
            self._heads[place] = i32(slot)
        else:
            self._heap_push(at, key)
        return key

    def _grow(self) -> None:
        """Double the pool, at least to 1024 slots. Raises OverflowError beyond 2**24 pending events."""
        size: i64 = len(self._payload)
        more: i64 = size if size > 1024 else 1024
        if size + more > SLOT_MASK + 1:
            raise OverflowError("too many events are pending at once")
        self._slots = extend(self._slots, vec[i64]([0] * (WIDTH * more)))
        self._at = extend(self._at, vec[float]([0.0] * more))
        self._heap_at = extend(self._heap_at, vec[float]([0.0] * more))
        self._heap_key = extend(self._heap_key, vec[i64]([0] * more))
        self._payload.extend([None] * more)
        slot: i64 = size
        while slot < size + more:
            self._slots[(slot << WIDTH_BITS) + NEXT] = slot + 1
            slot += 1
        self._slots[((slot - 1) << WIDTH_BITS) + NEXT] = NO_SLOT
        self._free = size

    # The wheel ---------------------------------------------------------------------------------

    def _fill_heap(self, last: i64) -> bool:
        """Open buckets up to `last` until the heap holds something; return False if it stays empty."""
        entered: i64 = 0
        while self._heap_size == 0:
            if self.pending == 0 and self._bucket < last:
                self._bucket = last
            elif entered == WHEEL:
                self._skip(last)
                entered = 0
            if self._bucket >= last:
                return False
            self._bucket += 1
            entered += 1
            place: i64 = self._bucket & (WHEEL - 1)
            slot: i64 = i64(self._heads[place])
            if slot >= 0:
                self._heads[place] = -1
                self._open(slot, place)
        return True

    def _skip(self, last: i64) -> None:
        """Advance to just before the bucket of the earliest event, after a turn without a due event."""
        earliest: i64 = last + 1
        place: i64 = 0
        while place < WHEEL:
            slot: i64 = i64(self._heads[place])
            while slot >= 0:
                bucket: i64 = i64(self._at[slot] * BUCKETS_PER_S)
                if bucket < earliest:
                    earliest = bucket
                slot = self._slots[(slot << WIDTH_BITS) + NEXT]
            place += 1
        self._bucket = earliest - 1

    def _open(self, slot: i64, place: i64) -> None:
        """Move a bucket's events that are due this turn to the heap; leave the others."""
        while slot >= 0:
            follower: i64 = self._slots[(slot << WIDTH_BITS) + NEXT]
            at = self._at[slot]
            if i64(at * BUCKETS_PER_S) == self._bucket:
                self._heap_push(at, self._slots[(slot << WIDTH_BITS) + KEY])
            else:
                self._slots[(slot << WIDTH_BITS) + NEXT] = i64(self._heads[place])
                self._heads[place] = i32(slot)
            slot = follower

    # The heap ----------------------------------------------------------------------------------

    def _heap_push(self, at: float, key: i64) -> None:
        times, keys = self._heap_at, self._heap_key
        i: i64 = self._heap_size
        self._heap_size += 1
        while i > 0:
            parent: i64 = (i - 1) >> 1
            if times[parent] < at or (times[parent] == at and keys[parent] < key):
                break
            times[i] = times[parent]
            keys[i] = keys[parent]
            i = parent
        times[i] = at
        keys[i] = key

    def _heap_drop_first(self) -> None:
        times, keys = self._heap_at, self._heap_key
        self._heap_size -= 1
        n: i64 = self._heap_size
        at = times[n]
        key: i64 = keys[n]
        i: i64 = 0
        while True:
            child: i64 = 2 * i + 1
            if child >= n:
                break
            other: i64 = child + 1
            if other < n and (
                times[other] < times[child] or (times[other] == times[child] and keys[other] < keys[child])
            ):
                child = other
            if at < times[child] or (at == times[child] and key < keys[child]):
                break
            times[i] = times[child]
            keys[i] = keys[child]
            i = child
        times[i] = at
        keys[i] = key

    # Running -----------------------------------------------------------------------------------

    def peek(self) -> float:
        """Return the time of the next event, or infinity."""
        if self.pending == 0:
            return math.inf
        self._fill_heap(i64(FURTHEST * BUCKETS_PER_S))
        return self._heap_at[0]

    def run_until(self, end: float, dispatcher: Dispatcher, limit: i64 = SLICE) -> i64:
        """Handle the events before `end`, at most `limit` of them; return their number.

        If that is less than `limit` and `stop` is not set, all events before `end` are done and `now` is
        `end` (if finite). The caller repeats the call until then; returning now and then lets
        KeyboardInterrupt through, which compiled code does not check.
        """
        last: i64 = i64((end if end < FURTHEST else FURTHEST) * BUCKETS_PER_S)
        done: i64 = 0
        self.stop = False
        while done < limit:
            if self._heap_size == 0 and not self._fill_heap(last):
                self._reach(end)
                break
            at = self._heap_at[0]
            if at >= end:
                self._reach(end)
                break
            slot: i64 = self._heap_key[0] & SLOT_MASK
            self._heap_drop_first()
            base: i64 = slot << WIDTH_BITS
            slots = self._slots
            slots[base + NEXT] = self._free
            self._free = slot
            self.pending -= 1
            self.now = at
            done += 1
            self.events_processed += 1
            if slots[base + IS_CANCELLED] != 0 and (self._skips_cancelled or slots[base + TARGET] == NOBODY):
                continue
            payload = self._payload[slot]
            if payload is not None:
                self._payload[slot] = None
            dispatcher.dispatch(
                slots[base + TARGET], slots[base + KIND], slots[base + A], slots[base + B], payload, at
            )
            if self.stop:
                break
        return done

    def _reach(self, end: float) -> None:
        if self.now < end < FURTHEST:
            self.now = end
