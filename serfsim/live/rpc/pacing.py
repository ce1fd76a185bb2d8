"""The pace of simulated time.

RealTime   X simulated seconds in a second; where the machine cannot keep up, it is slower
Fast       without a pause to the end of the scenario, then in real time
Stepped    on demand, or while a request waits for something to happen
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

LARGEST_LAG_S: Final = 0.5  # of real time; a larger lag is not made up for
STEP_S: Final = 0.05  # by which a stepped simulation goes on while a request waits


class Pace:
    """A limit on simulated time."""

    def limit(self, now: float, busy: bool) -> float:
        """Return the time up to which a simulation at `now` may advance. `busy`: a request waits."""
        raise NotImplementedError


class RealTime(Pace):
    """`speed` simulated seconds in a second of `clock`."""

    def __init__(self, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self.clock = clock
        self._ahead: float | None = None  # simulated time minus speed * clock

    def limit(self, now: float, busy: bool) -> float:
        passed = self.speed * self.clock()
        if self._ahead is None:
            self._ahead = now - passed
        lag = passed + self._ahead - now
        largest = LARGEST_LAG_S * self.speed
        if lag > largest:
            self._ahead -= lag - largest
        return passed + self._ahead


class Fast(Pace):
    """As fast as possible up to `end`."""

    def __init__(self, end: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.end = end
        self._after = RealTime(1.0, clock)

    def limit(self, now: float, busy: bool) -> float:
        return self.end if now < self.end else self._after.limit(now, busy)


class Stepped(Pace):
    """Time stands still unless `advance` is called; `reached` is called with each time that this led to."""

    def __init__(self, reached: Callable[[float], None] = lambda now: None) -> None:
        self.reached = reached
        self._steps: list[float] = []
        self._until = -math.inf
        self._goes = False

    def advance(self, seconds: float) -> None:
        """Let so much time pass from now on."""
        self._steps.append(seconds)

    def limit(self, now: float, busy: bool) -> float:
        if self._steps:
            self._until = max(self._until, now) + sum(self._steps)
            self._steps = []
            self._goes = True
        if self._goes and now >= self._until:
            self._goes = False
            self.reached(now)
        return max(self._until, now + STEP_S if busy else now)
