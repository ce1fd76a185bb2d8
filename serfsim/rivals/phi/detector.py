"""The accrual detector of one member: how unlikely its silence is."""

from __future__ import annotations

import math

from serfsim.native import i64


class ArrivalWindow:
    """The last intervals between news of a member, at most `size`.

    phi is -log10 of the probability that an interval is longer than the silence, for exponential intervals,
    as Cassandra has it; the paper has the normal distribution (Hayashibara et al., SRDS 2004, section 3).
    `longest`: longer intervals are pauses of the member, and are not kept. `first`: the interval that is
    assumed before there are any.
    """

    def __init__(self, size: i64, first: float, longest: float) -> None:
        self.size = size
        self.longest = longest
        self.intervals: list[float] = [first]
        self.total = first
        self.next: i64 = 0
        self.last = -1.0

    def heard(self, now: float) -> None:
        """Note that news arrived."""
        if self.last >= 0.0:
            interval = now - self.last
            if interval <= self.longest:
                self._keep(interval)
        self.last = now

    def _keep(self, interval: float) -> None:
        self.total += interval
        if len(self.intervals) < self.size:
            self.intervals.append(interval)
            return
        self.total -= self.intervals[self.next]
        self.intervals[self.next] = interval
        self.next = (self.next + 1) % self.size

    def phi(self, now: float) -> float:
        """Return the suspicion level now; 0 before the first news."""
        if self.last < 0.0:
            return 0.0
        mean = self.total / float(len(self.intervals))
        return (now - self.last) / mean / math.log(10.0)
