"""The clock of a host: what its processes measure and time with, where that is not the true time.

Go's timers, deadlines and differences of times all run on the monotonic clock: a jump of the wall clock
moves none of them, and neither memberlist nor Serf reads the wall clock for anything but the dates of its
log. A monotonic clock that is too fast or too slow stretches every timer and every round trip that the
process measures. Where a virtual machine is frozen, it stands still. A host has a clock of its own only
from the first of these on; before, and on all others, local time is the true time.
"""

from __future__ import annotations

import math

from serfsim.native import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Clock:
    """A clock that shows the true time `now` at first. `rate`: its seconds in a true second, above 0."""

    def __init__(self, now: float) -> None:
        self.rate = 1.0
        self.is_still = False
        self._goes_on_when_read = False
        # It showed `_local` at the true time `_true`, and since then has run at `rate`.
        self._true = now
        self._local = now
        self._read_at = now  # the latest reading: the true time,
        self._reading = now  # and what it showed

    def local(self, now: float) -> float:
        """Return what it shows at the true time `now`."""
        if self.is_still:
            if not self._goes_on_when_read:
                return self._local
            self.go_on(now)
        return self._local + (now - self._true) * self.rate

    def read(self, now: float) -> float:
        """Return what it shows now, and remember when it was read."""
        self._read_at = now
        self._reading = self.local(now)
        return self._reading

    def true(self, local: float) -> float:
        """Return the first true time at which it shows `local` or more; infinity while it stands still."""
        if self.is_still:
            return math.inf
        at = self._true + (local - self._local) / self.rate
        step = at * 1e-16
        while self.local(at) < local:  # by rounding
            at += step
            step *= 2.0
        return at

    def when(self, local: float) -> float:
        """Return the true time of what happens at `local`, exactly where that was read last."""
        if local == self._reading:
            return self._read_at
        return self._true if self.is_still else self._true + (local - self._local) / self.rate

    def set_rate(self, now: float, rate: float) -> None:
        """Run at another rate from now on, or from the end of its standstill."""
        if not self.is_still:
            self._turn(now)
        self.rate = rate

    def stop(self, now: float) -> None:
        """Stand still from now on."""
        self._turn(now)
        self.is_still = True

    def go_on(self, now: float) -> None:
        """Run on from where it stands."""
        self.is_still = False
        self._goes_on_when_read = False
        self._true = now

    def go_on_when_read(self) -> None:
        """Run on from where it stands, from its next reading on."""
        self._goes_on_when_read = True

    def _turn(self, now: float) -> None:
        self._local = self.local(now)
        self._true = now
