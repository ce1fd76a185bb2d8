"""The accuracy of NFD-S in closed form (Chen, Toueg and Aguilera, IEEE TC 51(5), 2002, Theorem 5).

A heartbeat is lost with probability `loss`; otherwise it takes an exponential delay of the mean `delay`.
Heartbeats are independent. At x after freshness point i, 0 <= x < eta, no heartbeat from i on has come with
probability

    u(x) = product over j = 0 ... of p_j(x),  p_j(x) = loss + (1 - loss) P(D > delta + x - j eta)

and a suspicion begins at the point with probability p_S = q_0 u(0), where q_0 = (1 - loss) P(D < delta + eta)
is the chance that the previous heartbeat had come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from scipy.integrate import quad


@dataclass(frozen=True)
class Setting:
    """Heartbeats every `eta`, freshness points `delta` later; seconds."""

    eta: float
    delta: float
    loss: float
    delay: float

    def missing(self, x: float) -> float:
        """Return u(x): the chance of a suspicion at x after a freshness point."""
        product = 1.0
        j = 0
        while self.delta + x - j * self.eta > 0.0:
            product *= self.loss + (1.0 - self.loss) * self._longer(self.delta + x - j * self.eta)
            j += 1
        return product

    @property
    def start(self) -> float:
        """p_S: the chance that a suspicion begins at a freshness point."""
        return (1.0 - self.loss) * (1.0 - self._longer(self.delta + self.eta)) * self.missing(0.0)

    @property
    def recurrence_s(self) -> float:
        """E(T_MR) = eta / p_S: from one mistake to the next."""
        return self.eta / self.start

    @property
    def duration_s(self) -> float:
        """E(T_M) = the integral of u over one interval, divided by p_S: how long a mistake lasts."""
        return self._suspected_s / self.start

    @property
    def accuracy(self) -> float:
        """P_A = 1 - E(T_M) / E(T_MR): the share of the time in which the watcher is right."""
        return 1.0 - self._suspected_s / self.eta

    @property
    def detection_bound_s(self) -> float:
        """delta + eta: no crash takes longer to be suspected for good."""
        return self.delta + self.eta

    @property
    def _suspected_s(self) -> float:
        """The mean time in which it suspects, per interval; u has kinks where another heartbeat is sent."""
        kinks = sorted({0.0, self.eta, (-self.delta) % self.eta})
        parts = (quad(self.missing, a, b, limit=200)[0] for a, b in pairwise(kinks))
        return float(sum(parts))

    def _longer(self, t: float) -> float:
        return math.exp(-t / self.delay)
