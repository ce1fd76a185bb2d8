"""The clock that SimPy and the compiled queue share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.engine.environment import ClusterEnvironment
from serfsim.engine.queue import EventQueue
from serfsim.network.scheduler import Dispatcher


class Clocks(Dispatcher):
    """A queue and an environment over it; `seen` is what happened, in order."""

    def __init__(self, origin: float = 10.0) -> None:
        self.queue = EventQueue()
        self.env = ClusterEnvironment(self.queue, self, origin, self.sliced, self.stopped)
        self.seen: list[tuple[str, float]] = []
        self.slices = 0
        self.stop_on: int | None = None
        self.happened = self.env.event()

    def dispatch(self, target: int, kind: int, a: int, b: int, payload: object | None, now: float) -> None:
        self.seen.append(("queue", now - self.env.origin))
        if kind == self.stop_on:
            self.queue.stop = True

    def sliced(self) -> None:
        self.slices += 1

    def stopped(self) -> None:
        self.seen.append(("stopped", float(self.env.now)))
        self.happened.succeed()

    def event(self, t: float, kind: int = 0) -> None:
        self.queue.schedule(self.env.engine_time(t), 0, kind, 0, 0, None)

    def at(self, *times: float) -> None:
        """A SimPy process that notes these times."""

        def process() -> Iterator[Any]:
            for t in times:
                yield self.env.timeout_at(t)
                self.seen.append(("simpy", float(self.env.now)))

        self.env.process(process())  # type: ignore[arg-type]


WHOLE = st.integers(-10, 30).map(float)


@given(st.lists(WHOLE, max_size=20), st.lists(WHOLE, max_size=20))
@settings(max_examples=50)
def test_both_interleave_in_the_order_of_time_and_simpy_is_first_at_one_moment(
    queue_times: list[float], simpy_times: list[float]
) -> None:
    clocks = Clocks()
    for t in queue_times:
        clocks.event(t)
    clocks.at(*sorted(simpy_times))
    clocks.env.run(until=31)
    expected = [("queue", t) for t in queue_times] + [("simpy", t) for t in simpy_times]
    order = {"simpy": 0, "queue": 1}
    assert clocks.seen == sorted(expected, key=lambda seen: (seen[1], order[seen[0]]))
    assert clocks.env.now == 31


def test_the_queue_is_at_simpys_time_while_simpy_acts() -> None:
    clocks = Clocks()
    times = []

    def process() -> Iterator[Any]:
        yield clocks.env.timeout(3.25)
        times.append((clocks.queue.now, clocks.env.engine_now))

    clocks.env.process(process())  # type: ignore[arg-type]
    clocks.env.run(until=0)
    assert times == [(3.25, 3.25)]


def test_what_simpy_schedules_now_comes_before_anything_later() -> None:
    clocks = Clocks()
    clocks.event(1.0)

    def process() -> Iterator[Any]:
        yield clocks.env.timeout_at(0.5)
        clocks.event(0.5)
        clocks.event(0.75)
        yield clocks.env.timeout_at(0.5)
        clocks.seen.append(("simpy", float(clocks.env.now)))

    clocks.env.process(process())  # type: ignore[arg-type]
    clocks.env.run(until=2)
    assert clocks.seen == [("simpy", 0.5), ("queue", 0.5), ("queue", 0.75), ("queue", 1.0)]


def test_what_is_waited_for_interrupts_the_queue_at_its_time() -> None:
    clocks = Clocks()
    clocks.stop_on = 1
    clocks.event(1.5, 1)
    clocks.event(1.75)

    def process() -> Iterator[Any]:
        yield clocks.happened
        clocks.seen.append(("simpy", float(clocks.env.now)))

    clocks.env.process(process())  # type: ignore[arg-type]
    clocks.env.run(until=5)
    assert clocks.seen == [("queue", 1.5), ("stopped", 1.5), ("simpy", 1.5), ("queue", 1.75)]


def test_what_simpys_own_act_brings_about_is_noticed_at_once() -> None:
    clocks = Clocks()
    clocks.event(0.25)

    def act() -> Iterator[Any]:
        yield clocks.env.timeout_at(0.125)
        clocks.queue.stop = True

    def wait() -> Iterator[Any]:
        yield clocks.happened
        clocks.seen.append(("simpy", float(clocks.env.now)))

    clocks.env.process(act())  # type: ignore[arg-type]
    clocks.env.process(wait())  # type: ignore[arg-type]
    clocks.env.run(until=1)
    assert clocks.seen == [("stopped", 0.125), ("simpy", 0.125), ("queue", 0.25)]


@given(st.floats(-30.0, 30.0), st.floats(0.0, 100.0))
def test_a_timeout_at_a_time_comes_at_that_very_time(first: float, later: float) -> None:
    clocks = Clocks(origin=31.7)
    clocks.at(first, first + later)
    clocks.env.run(until=200)
    assert clocks.seen == [("simpy", first), ("simpy", first + later)]


def test_a_timeout_at_a_time_that_is_over_comes_at_once() -> None:
    clocks = Clocks()
    clocks.at(5.0, 2.0)
    clocks.env.run(until=6)
    assert clocks.seen == [("simpy", 5.0), ("simpy", 5.0)]


def test_running_until_an_event_needs_no_end() -> None:
    clocks = Clocks()
    clocks.stop_on = 1
    clocks.event(7.0, 1)
    clocks.env.run(until=clocks.happened)
    assert clocks.env.now == 7.0


def test_waiting_for_what_never_comes_ends_when_nothing_is_left() -> None:
    clocks = Clocks()
    clocks.event(7.0)
    with pytest.raises(RuntimeError):
        clocks.env.run(until=simpy.Event(clocks.env))
    assert clocks.seen == [("queue", 7.0)]


def test_catching_up_takes_the_clock_to_the_queue_and_never_back() -> None:
    clocks = Clocks()
    clocks.event(2.0)
    clocks.queue.run_until(math.inf, clocks)
    assert clocks.env.catch_up(limit=1.0) == 1.0
    assert clocks.env.catch_up() == 2.0
    assert clocks.env.catch_up(limit=0.0) == 2.0
