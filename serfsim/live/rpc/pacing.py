"""The pace of simulated time.

RealTime   X simulated seconds per second, or fewer where the machine cannot keep up
Fast       at full speed to the end of the scenario, then in real time
Stepped    on demand, or while a request waits
Controlled as a control room says: paused, stepped, or at any speed, up to an end
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

LARGEST_LAG_S: Final = 0.5  # seconds of real time; a larger lag is not caught up
STEP_S: Final = 0.05  # seconds by which a stepped simulation advances while a request waits


class Pace:
    """A limit on simulated time."""

    def limit(self, now: float, busy: bool) -> float:
        """Return the time up to which a simulation at `now` may advance.

        `busy`: a request waits.
        """
        raise NotImplementedError


class RealTime(Pace):
    """`speed` simulated seconds per second of `clock`."""

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
    """At full speed up to `end`."""

    def __init__(self, end: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.end = end
        self._after = RealTime(1.0, clock)

    def limit(self, now: float, busy: bool) -> float:
        return self.end if now < self.end else self._after.limit(now, busy)


class Stepped(Pace):
    """Time stops except in `advance`; `reached` is called with each time reached."""

    def __init__(self, reached: Callable[[float], None] = lambda now: None) -> None:
        self.reached = reached
        self._steps: list[float] = []
        self._until = -math.inf
        self._goes = False

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
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


class Controlled(Pace):
    """Real time at a `speed` that can change, up to `end`, or `paused`, which no waiting request ends."""

    def __init__(
        self,
        end: float,
        speed: float = 1.0,
        paused: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.end = end
        self.paused = paused
        self._clock = clock
        self._until = -math.inf
        self._pace = RealTime(speed, clock)

    @property
    def speed(self) -> float:
        """Simulated seconds per second."""
        return self._pace.speed

    def go(self, speed: float | None = None) -> None:
        """Go on, at this speed or that of before."""
        self.paused = False
        self.set_speed(self.speed if speed is None else speed)

    def set_speed(self, speed: float) -> None:
        self._pace = RealTime(speed, self._clock)

    def step(self, now: float, seconds: float) -> None:
        """Let this much time pass at full speed, then pause."""
        self._until = max(self._until, now) + seconds
        self.paused = True

    def limit(self, now: float, busy: bool) -> float:
        if now < self._until:
            return min(self._until, self.end)
        return now if self.paused else min(self._pace.limit(now, busy), self.end)
