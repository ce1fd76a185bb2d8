"""The control plane's clock: a SimPy environment that runs the cluster between its own events.

Scenario timelines, samplers and users' processes are SimPy processes; packets and protocol
timers are events of the compiled queue. Before SimPy handles its next event, the queue handles all
earlier events. At equal times, SimPy's event comes first.

The environment's `now` is the scenario's clock, 0 at the end of the warm-up; the queue counts from the
start of the run, `origin` seconds earlier, because its times may not be negative.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from time import perf_counter
from typing import Final

import simpy
from simpy.core import StopSimulation
from simpy.events import NORMAL, URGENT, EventPriority

from serfsim.engine.queue import SLICE, EventQueue
from serfsim.network.scheduler import Dispatcher

Hook = Callable[[], None]
# Compiled code sees Ctrl-C only when it returns, and an event takes from a microsecond to a millisecond, so
# slices are limited to this time. Their ends do not affect a run.
SLICE_S: Final = 0.05
SHORTEST_SLICE: Final = 64  # events


class ClusterEnvironment(simpy.Environment):
    """A SimPy environment that advances the cluster's event queue.

    `on_slice` is called repeatedly while the queue works, `on_stop` whenever the queue stopped
    early because a watched event occurred; it may trigger SimPy events.
    """

    def __init__(
        self, queue: EventQueue, dispatcher: Dispatcher, origin: float, on_slice: Hook, on_stop: Hook
    ) -> None:
        super().__init__(initial_time=-origin)
        self.queue = queue
        self.dispatcher = dispatcher
        self.origin = origin
        self._slice = SHORTEST_SLICE
        self._on_slice = on_slice
        self._on_stop = on_stop

    def step(self) -> None:
        """Run the cluster up to SimPy's next event, then handle that event."""
        upcoming = self.peek()
        # SimPy's last event may have caused a watched event too.
        if self.queue.stop or (upcoming > self._now and self._run_queue(self.engine_time(upcoming))):
            self.queue.stop = False
            self.catch_up(upcoming)
            self._on_stop()
            if self.peek() == upcoming:
                return
        super().step()

    def _run_queue(self, end: float) -> bool:
        """Handle the queue's events before `end`; return True if it stopped early."""
        queue = self.queue
        while True:
            limit, began = self._slice, perf_counter()
            done = queue.run_until(end, self.dispatcher, limit)
            if queue.stop:
                return True
            self._on_slice()
            if done < limit:
                return False
            spent = perf_counter() - began
            if spent > SLICE_S:
                self._slice = max(SHORTEST_SLICE, int(limit * SLICE_S / spent))
            elif spent < SLICE_S / 2.0:
                self._slice = min(SLICE, 2 * limit)

    def catch_up(self, limit: float = math.inf) -> float:
        """Advance the clock to the cluster's time, at most to `limit`, never back; return the time."""
        self._now = max(float(self._now), min(self.queue.now - self.origin, limit))
        return float(self._now)

    def engine_time(self, t: float) -> float:
        """Convert `t` from the scenario's clock to the queue's."""
        return t + self.origin

    @property
    def engine_now(self) -> float:
        """The present on the queue's clock."""
        return self.engine_time(float(self._now))

    def run_to(self, t: float) -> None:
        """Run up to exactly `t`, before what is due then; SimPy's `run` stops a rounding error beside it."""
        if t <= self._now:
            return
        stop = self.timeout_at(t, URGENT)
        stop.callbacks.append(StopSimulation.callback)
        self.run()
        if self._queue[0][-1] is stop:  # SimPy leaves it there
            heappop(self._queue)

    def run_from_start(self, duration: float) -> None:
        """Run to where `run(until=duration)` stops that begins at the start, however far the run has come."""
        self.run_to((duration + self.origin) - self.origin)

    def timeout_at(self, t: float, priority: EventPriority = NORMAL) -> simpy.Event:
        """Return an event at exactly time `t`, or now if `t` is past."""
        event = self.event()
        event._ok = True
        event._value = None
        # SimPy's own timeouts are relative, and now + (t - now) need not equal t.
        heappush(self._queue, (max(t, self._now), priority, next(self._eid), event))
        return event


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Disable the cycle collector: machines create objects by the million and hardly any cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
