"""A member's two rows of the factors: x_i y_j estimates the distance from i to j.

A round-trip time is that of both directions, so one probe updates both rows, each by a step against the
gradient of the loss of this one measurement, l(d, x y) + lambda/2 |x|^2 (Liao, Du, Geurts and Leduc,
section on round-trip times):

    x_i = (1 - eta lambda) x_i + eta g(d - x_i y_j) y_j
    y_i = (1 - eta lambda) y_i + eta g(d - x_j y_i) x_j

g is the identity for the square loss and the sign for the absolute one. Distances d are in units, since the
step's length depends on theirs. The coordinate's vector is x, then y, in roots of seconds: a product is in
seconds.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import Random, append, i64, vec
from serfsim.protocol.vivaldi.client import ACCEPTED, DIMENSION_MISMATCH, INVALID_COORDINATE
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate, in_seconds
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient

HALVINGS: Final = 10  # of a step that is too long


class DmfsgdClient(CoordinateClient):
    """DMFSGD. `unit`: seconds that count as a distance of 1."""

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        super().__init__(config, rng)
        own = config.own
        self.rank: i64 = i64(own["rank"])
        self.rate = own["learning_rate"]
        self.decay = own["regularisation"]
        self.unit = own["unit"]
        self.is_absolute = own["absolute_loss"] > 0.0
        self.is_positive = own["nonnegative"] > 0.0
        self.searches = own["line_search"] > 0.0
        self.rng = rng
        self.coordinate = self._anew()

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        if not self.coordinate.is_compatible_with(other):
            return DIMENSION_MISMATCH
        if not other.is_valid():
            return INVALID_COORDINATE
        rtt = in_seconds(rtt_ns)
        draft = self.coordinate.copy()
        self._step(draft.vec, 0, other.vec, self.rank, rtt)
        self._step(draft.vec, self.rank, other.vec, 0, rtt)
        if not draft.is_valid():
            self.resets += 1
            draft = self._anew()
        self.coordinate = draft
        return ACCEPTED

    def _anew(self) -> Coordinate:
        """Return rows with entries uniform between 0 and the root of the unit."""
        most = math.sqrt(self.unit)
        numbers = vec[float](capacity=2 * self.rank)
        for _ in range(2 * self.rank):
            numbers = append(numbers, most * self.rng.random())
        return Coordinate(numbers, 0.0, 0.0, 0.0)

    def _step(self, row: vec[float], mine: i64, other: vec[float], theirs: i64, rtt: float) -> None:
        """Move the row that begins at `mine` so that its product with that at `theirs` nears `rtt`.

        With the line search a step that does not lower the loss is halved until one does.
        """
        rank = self.rank
        before = row[:]
        residual = (rtt - self._product(row, mine, other, theirs)) / self.unit
        slope = residual
        if self.is_absolute:
            slope = 1.0 if residual > 0.0 else -1.0 if residual < 0.0 else 0.0
        worst = self._loss(row, mine, residual)
        rate = self.rate
        for _ in range(HALVINGS):
            for at in range(rank):
                number = (1.0 - rate * self.decay) * before[mine + at] + rate * slope * other[theirs + at]
                row[mine + at] = 0.0 if self.is_positive and number < 0.0 else number
            after = (rtt - self._product(row, mine, other, theirs)) / self.unit
            if not self.searches or self._loss(row, mine, after) <= worst:
                return
            rate *= 0.5

    def _product(self, row: vec[float], mine: i64, other: vec[float], theirs: i64) -> float:
        total = 0.0
        for at in range(self.rank):
            total += row[mine + at] * other[theirs + at]
        return total

    def _loss(self, row: vec[float], mine: i64, residual: float) -> float:
        """Return half the square of a residual, or its absolute value, and the penalty of the row."""
        total = 0.0
        for at in range(self.rank):
            total += row[mine + at] * row[mine + at]
        loss = abs(residual) if self.is_absolute else 0.5 * residual * residual
        return loss + 0.5 * self.decay * total / self.unit
