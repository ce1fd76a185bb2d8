"""NFD-E, the detector of Chen, Toueg and Aguilera for clocks that are not synchronised (IEEE TC 51(5), 2002).

The watcher estimates when the next heartbeat should arrive from when the last ones did: freshness point
l + 1 is `alpha` after the expected arrival of heartbeat l + 1, which is the mean of A_i - eta s_i over the
last n heartbeats, plus (l + 1) eta. A_i is when heartbeat s_i arrived, l the highest number so far.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64

NONE: Final = -1  # no heartbeat yet


class NfdE:
    """The watcher's state; times are seconds on its own clock. Only the newest heartbeats count."""

    def __init__(self, eta: float, alpha: float, window: i64) -> None:
        if not (eta > 0.0 and alpha >= 0.0 and window > 0):
            raise ValueError("heartbeats need an interval above 0, freshness points no negative delay")
        self.eta = eta
        self.alpha = alpha
        self.window: i64 = window
        self.freshest: i64 = NONE
        self.offsets: list[float] = []  # A_i - eta s_i of the last heartbeats, in a ring
        self.next: i64 = 0

    def receive(self, heartbeat: i64, now: float) -> None:
        """Note that a heartbeat arrived."""
        if heartbeat <= self.freshest:
            return
        self.freshest = heartbeat
        offset = now - self.eta * float(heartbeat)
        if len(self.offsets) < self.window:
            self.offsets.append(offset)
            return
        self.offsets[self.next] = offset
        self.next = (self.next + 1) % self.window

    @property
    def trusted_until(self) -> float:
        """The freshness point at which a suspicion begins, unless another heartbeat comes before."""
        expected = sum(self.offsets) / float(len(self.offsets)) + self.eta * float(self.freshest + 1)
        return expected + self.alpha
