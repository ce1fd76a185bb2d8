"""NFD-S, the failure detector of Chen, Toueg and Aguilera for synchronised clocks (IEEE TC 51(5), 2002).

The watched process sends heartbeat i at i * eta. Freshness point i is at i * eta + delta: from there to the
next the watcher trusts the process if and only if it has received heartbeat i or a later one. So a late
heartbeat that is not yet stale ends a suspicion at once, and a crash is suspected for good at most
eta + delta after it.
"""

from __future__ import annotations

from typing import Final

NONE: Final = -1  # no heartbeat yet


class NfdS:
    """The watcher's state: `trusts` and the number of the freshest heartbeat.

    It begins before heartbeat 0 and suspects. The caller has the clock: it passes on heartbeats as they
    arrive and freshness points in order, each at its `freshness_time`. Times are seconds.
    """

    def __init__(self, eta: float, delta: float) -> None:
        if not (eta > 0.0 and delta >= 0.0):
            raise ValueError("heartbeats need an interval above 0, and freshness points no negative delay")
        self.eta = eta
        self.delta = delta
        self.trusts = False
        self.freshest = NONE
        self.point = NONE  # the freshness point passed last

    def freshness_time(self, i: int) -> float:
        """Return the time of freshness point i."""
        return i * self.eta + self.delta

    @property
    def trusted_until(self) -> float:
        """The freshness point at which a suspicion begins, unless another heartbeat comes before."""
        return self.freshness_time(self.freshest + 1)

    def receive(self, heartbeat: int) -> bool:
        """Note that a heartbeat arrived; return True if a suspicion ends (T-transition)."""
        self.freshest = max(self.freshest, heartbeat)
        return self._judge()

    def pass_freshness_point(self, i: int) -> bool:
        """Note that freshness point i has come; return True if a suspicion begins (S-transition)."""
        self.point = i
        return self._judge()

    def _judge(self) -> bool:
        fresh = self.freshest >= self.point and self.freshest != NONE
        changed = fresh != self.trusts
        self.trusts = fresh
        return changed
