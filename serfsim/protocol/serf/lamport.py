"""Serf's logical clock (spec serf.md section 1.1)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class LamportClock:
    def __init__(self) -> None:
        self.counter: i64 = 0

    def time(self) -> i64:
        return self.counter

    def increment(self) -> i64:
        """Step on; the new time."""
        self.counter += 1
        return self.counter

    def witness(self, seen: i64) -> None:
        """Never be behind what another clock has shown."""
        if seen >= self.counter:
            self.counter = seen + 1
