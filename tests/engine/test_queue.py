"""The event queue against a plain heap, and its promises one by one."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.engine.queue import EventQueue
from serfsim.network.scheduler import Dispatcher

Happening = tuple[float, int]

# The wheel is 16.384 s wide and its buckets are a millisecond.
OFFSETS = st.one_of(
    st.sampled_from([0.0, 0.0005, 0.001, 0.0010000001, 1.0, 16.383, 16.384, 16.385, 32.768, 50.0]),
    st.floats(0.0, 0.004),
    st.floats(0.0, 120.0),
)


@dataclass
class Plan:
    """Event i schedules those in `children[i]`, so many seconds after itself."""

    roots: list[float]
    children: dict[int, list[float]]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    roots = draw(st.lists(OFFSETS, min_size=1, max_size=25))
    children = draw(st.dictionaries(st.integers(0, 60), st.lists(OFFSETS, max_size=4), max_size=20))
    return Plan(roots, children)


@dataclass
class Recorder(Dispatcher):
    """Notes what it is given, and carries out a plan."""

    queue: EventQueue
    children: dict[int, list[float]] = field(default_factory=dict)
    seen: list[Happening] = field(default_factory=list)
    scheduled: int = 0
    stop_at: int = -1

    def plan(self, at: float) -> None:
        number = self.scheduled
        self.scheduled += 1
        self.queue.schedule(at, number % 7, number, 2 * number, -number, str(number) if number % 2 else None)

    def dispatch(self, target: int, kind: int, a: int, b: int, payload: object | None, now: float) -> None:
        assert (target, a, b) == (kind % 7, 2 * kind, -kind)
        assert payload == (str(kind) if kind % 2 else None)
        assert self.queue.now == now
        self.seen.append((now, kind))
        if kind == self.stop_at:
            self.queue.stop = True
        for offset in self.children.get(kind, []):
            self.plan(now + offset)


def by_heap(plan: Plan, end: float = math.inf) -> list[Happening]:
    """What a plain heap of (time, number) makes of a plan, for the events before `end`."""
    heap = [(at, number) for number, at in enumerate(plan.roots)]
    heapq.heapify(heap)
    scheduled = len(heap)
    seen: list[Happening] = []
    while heap and heap[0][0] < end:
        at, number = heapq.heappop(heap)
        seen.append((at, number))
        for offset in plan.children.get(number, []):
            heapq.heappush(heap, (at + offset, scheduled))
            scheduled += 1
    return seen


def queued(plan: Plan) -> Recorder:
    recorder = Recorder(EventQueue(), plan.children)
    for at in plan.roots:
        recorder.plan(at)
    return recorder


@given(plans())
@settings(max_examples=50)
def test_events_come_in_the_order_of_a_plain_heap(plan: Plan) -> None:
    recorder = queued(plan)
    recorder.queue.run_until(math.inf, recorder)
    assert recorder.seen == by_heap(plan)
    assert recorder.queue.pending == 0
    assert recorder.queue.events_processed == len(recorder.seen)


@given(plans(), st.lists(st.floats(0.0, 40.0), max_size=8), st.integers(1, 5), st.booleans())
@settings(max_examples=50)
def test_running_in_pieces_and_looking_ahead_change_nothing(
    plan: Plan, ends: list[float], limit: int, peeking: bool
) -> None:
    recorder = queued(plan)
    queue = recorder.queue
    for end in [*sorted(ends), math.inf]:
        while True:
            before = queue.now
            expected = queue.peek() if peeking else None
            done = queue.run_until(end, recorder, limit)
            assert queue.now >= before
            if expected is not None and done > 0:
                assert recorder.seen[-done][0] == expected
            if done < limit:
                break
        assert recorder.seen == by_heap(plan, end)
        assert queue.now == end or end == math.inf or queue.now > end


@given(plans(), st.integers(0, 30))
@settings(max_examples=50)
def test_stop_ends_the_run_after_that_event_and_loses_nothing(plan: Plan, stop_at: int) -> None:
    recorder = queued(plan)
    recorder.stop_at = stop_at
    recorder.queue.run_until(math.inf, recorder)
    numbers = [number for _, number in recorder.seen]
    assert stop_at not in numbers[:-1]
    recorder.queue.run_until(math.inf, recorder)
    assert recorder.seen == by_heap(plan)


@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=20), st.lists(st.floats(0.0, 60.0), max_size=20))
@settings(max_examples=40)
def test_what_is_scheduled_after_looking_ahead_still_comes_in_its_turn(
    first: list[float], second: list[float]
) -> None:
    recorder = Recorder(EventQueue())
    for at in first:
        recorder.plan(at)
    assert recorder.queue.peek() == min(first)
    for at in second:
        recorder.plan(at)
    recorder.queue.run_until(math.inf, recorder)
    assert recorder.seen == sorted((at, number) for number, at in enumerate(first + second))


def test_events_of_one_moment_come_in_the_order_of_scheduling() -> None:
    recorder = Recorder(EventQueue())
    for _ in range(3000):
        recorder.plan(5.0)
    recorder.queue.run_until(6.0, recorder)
    assert [number for _, number in recorder.seen] == list(range(3000))


def test_an_event_at_the_very_end_is_left_for_the_next_run() -> None:
    recorder = Recorder(EventQueue())
    recorder.plan(1.0)
    assert recorder.queue.run_until(1.0, recorder) == 0
    assert recorder.queue.now == 1.0
    assert recorder.queue.run_until(1.0000001, recorder) == 1


def test_what_lies_in_the_past_is_due_at_once() -> None:
    recorder = Recorder(EventQueue())
    recorder.queue.run_until(10.0, recorder)
    recorder.plan(3.0)
    recorder.plan(-math.inf)
    recorder.queue.run_until(11.0, recorder)
    assert recorder.seen == [(10.0, 0), (10.0, 1)]


def test_what_lies_at_infinity_never_comes_and_takes_no_place() -> None:
    recorder = Recorder(EventQueue())
    recorder.plan(math.inf)
    recorder.plan(1e13)
    assert recorder.queue.pending == 0
    assert recorder.queue.peek() == math.inf


def test_an_event_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time"):
        EventQueue().schedule(math.nan, 0, 0, 0, 0, None)


def test_a_lone_event_years_ahead_is_found_at_once() -> None:
    recorder = Recorder(EventQueue())
    recorder.plan(1e9)
    recorder.plan(1e9 + 40.0)
    assert recorder.queue.peek() == 1e9
    recorder.queue.run_until(5e8, recorder)
    recorder.plan(5e8 + 20.0)
    recorder.queue.run_until(math.inf, recorder)
    assert recorder.seen == [(5e8 + 20.0, 2), (1e9, 0), (1e9 + 40.0, 1)]


def test_places_of_handled_events_are_used_again() -> None:
    recorder = Recorder(EventQueue())
    for k in range(20_000):
        recorder.plan(k * 1e-3 + 1.0)
        recorder.queue.run_until(k * 1e-3, recorder)
        assert recorder.queue.pending <= 1001
    recorder.queue.run_until(math.inf, recorder)
    assert [number for _, number in recorder.seen] == list(range(20_000))


def test_an_error_in_a_handler_loses_only_its_own_event() -> None:
    class Failing(Recorder):
        def dispatch(
            self, target: int, kind: int, a: int, b: int, payload: object | None, now: float
        ) -> None:
            if kind == 1:
                raise RuntimeError("planted")
            super().dispatch(target, kind, a, b, payload, now)

    recorder = Failing(EventQueue())
    for at in (1.0, 2.0, 3.0):
        recorder.plan(at)
    with pytest.raises(RuntimeError, match="planted"):
        recorder.queue.run_until(10.0, recorder)
    recorder.queue.run_until(10.0, recorder)
    assert recorder.seen == [(1.0, 0), (3.0, 2)]


def test_a_cancelled_event_counts_in_its_turn_but_nobody_hears_of_it() -> None:
    recorder = Recorder(EventQueue())
    recorder.plan(1.0)
    handles = [recorder.queue.schedule_cancellable(at, 0, 9, 18, -9) for at in (0.5, 1.5, 40.0)]
    recorder.plan(50.0)
    for handle in handles:
        recorder.queue.cancel(handle)
    assert recorder.queue.run_until(math.inf, recorder) == 5
    assert recorder.seen == [(1.0, 0), (50.0, 1)]
    assert recorder.queue.events_processed == 5


def test_cancelling_what_is_over_touches_no_later_event_in_the_same_place() -> None:
    recorder = Recorder(EventQueue())
    over = recorder.queue.schedule_cancellable(1.0, 0, 0, 0, 0)
    recorder.queue.run_until(2.0, recorder)
    recorder.scheduled = 1
    for _ in range(2000):
        recorder.plan(3.0)
    recorder.queue.cancel(over)
    recorder.queue.run_until(math.inf, recorder)
    assert len(recorder.seen) == 2001


def test_what_lies_at_infinity_cannot_be_cancelled_and_need_not() -> None:
    recorder = Recorder(EventQueue())
    recorder.plan(1.0)
    recorder.queue.cancel(recorder.queue.schedule_cancellable(math.inf, 0, 0, 0, 0))
    recorder.queue.run_until(math.inf, recorder)
    assert recorder.seen == [(1.0, 0)]
