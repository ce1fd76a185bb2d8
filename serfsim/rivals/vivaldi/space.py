"""Vivaldi's spring in a Euclidean space with or without heights (Dabek et al., SIGCOMM 2004).

A node that is certain of its place moves little towards a neighbour that is not, figure 3 of the paper:

    w     = e_i / (e_i + e_j)
    e_s   = | |x_i - x_j| - rtt | / rtt
    e_i   = e_s c_e w + e_i (1 - c_e w)
    x_i   = x_i + c_c w (rtt - |x_i - x_j|) u(x_i - x_j)

With heights, section 5.4, |[x, h_x] - [y, h_y]| = |x - y| + h_x + h_y, and u divides by all of that.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, vec
from serfsim.protocol.vivaldi.coordinate import Coordinate, Uniforms, random_direction

ZERO: Final = 1e-6  # seconds: positions that are nearer have no direction; no round trip is shorter


class Space:
    """A kind of space: its dimensions, and the least height in seconds, 0 for none."""

    def __init__(self, dimensions: i64, height_min: float, rng: Random) -> None:
        self.dimensions = dimensions
        self.height_min = height_min
        self.uniforms = Uniforms(rng)

    def origin(self, error: float) -> Coordinate:
        """Return the coordinate from which a node begins."""
        return Coordinate(vec[float]([0.0] * self.dimensions), error, 0.0, self.height_min)

    def move(self, draft: Coordinate, other: Coordinate, force: float) -> None:
        """Move `draft` away from `other` by `force` seconds, nearer if that is negative."""
        separation = draft.separation(other)
        if separation <= ZERO:
            direction = random_direction(self.dimensions, ZERO, self.uniforms)
            for at in range(self.dimensions):
                draft.vec[at] = draft.vec[at] + direction[at] * force
            return
        heights = draft.height + other.height
        share = force / (separation + heights)
        for at in range(self.dimensions):
            draft.vec[at] = draft.vec[at] + (draft.vec[at] - other.vec[at]) * share
        if self.height_min > 0.0:
            height = draft.height + heights * share
            draft.height = height if height > self.height_min else self.height_min


class Spring:
    """The paper's adaptive timestep. `cc`: share of the way for one observation; `ce`: of its error."""

    def __init__(self, space: Space, cc: float, ce: float) -> None:
        self.space = space
        self.cc = cc
        self.ce = ce

    def pull(self, draft: Coordinate, other: Coordinate, rtt: float) -> None:
        """Learn from a round trip of `rtt` seconds to a node at `other`."""
        if rtt < ZERO:
            rtt = ZERO
        distance = draft.separation(other) + draft.height + other.height
        total = draft.error + other.error
        weight = draft.error / total if total > 0.0 else 0.5
        wrong = abs(distance - rtt) / rtt
        draft.error = wrong * self.ce * weight + draft.error * (1.0 - self.ce * weight)
        self.space.move(draft, other, self.cc * weight * (rtt - distance))
