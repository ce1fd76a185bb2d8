"""A network coordinate: where a node lies, so that distances predict round-trip times.

    distance = |a.vec - b.vec| + a.height + b.height (+ both adjustments, where that leaves more than 0)

`vec` is a position in a Euclidean space, `height` the way from the node to that space (its access
link), `adjustment` what remained unexplained lately. Everything is reckoned in the order in which Serf
does, so that the doubles agree bit for bit (spec coordinate.md sections 2 and 3.1).
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import Random, append, i64, mypyc_attr, vec
from serfsim.protocol.vivaldi.config import CoordinateConfig

SECOND: Final = 1_000_000_000  # in nanoseconds
# A distance beyond 64-bit nanoseconds, or that is no number, becomes the lowest of them, as on amd64.
NS_LIMIT: Final = 9223372036854775808.0
NS_OUT_OF_RANGE: Final = -9223372036854775808


@mypyc_attr(allow_interpreted_subclasses=True)
class Uniforms:
    """Source of the components of a random direction, uniform on [0, 1)."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def draw(self) -> float:
        return self.rng.random()


@mypyc_attr(acyclic=True)
class Coordinate:
    """vec: seconds, shape (dimensionality,); error: no unit; adjustment and height: seconds.

    A coordinate is shared by reference with acks in flight and with peers: only its maker changes
    it, before anybody else has it.
    """

    def __init__(self, vec: vec[float], error: float, adjustment: float, height: float) -> None:
        self.vec = vec
        self.error = error
        self.adjustment = adjustment
        self.height = height

    def copy(self) -> Coordinate:
        """One that may be changed."""
        return Coordinate(self.vec[:], self.error, self.adjustment, self.height)

    def is_valid(self) -> bool:
        """No part is infinite or not a number. Nothing else is asked: errors and heights may be negative."""
        # Zero times an infinity, or times what is no number, is no number; so is a sum that it is in.
        position = self.vec
        zero = self.error * 0.0 + self.adjustment * 0.0 + self.height * 0.0
        i: i64 = 0
        while i < len(position):
            zero += position[i] * 0.0
            i += 1
        return zero == 0.0

    def is_compatible_with(self, other: Coordinate) -> bool:
        """Return whether both have the same number of dimensions."""
        return len(self.vec) == len(other.vec)

    def raw_distance_to(self, other: Coordinate) -> float:
        """Seconds, without the adjustments. ValueError if the dimensions differ."""
        return self.separation(other) + self.height + other.height

    def distance_to(self, other: Coordinate) -> i64:
        """Serf's estimate of the round-trip time, in nanoseconds. ValueError if the dimensions differ."""
        return self.distance_over(self.separation(other), other)

    def distance_over(self, separation: float, other: Coordinate) -> i64:
        """Return the distance to `other`, given the distance of the two positions."""
        distance = separation + self.height + other.height
        adjusted = distance + self.adjustment + other.adjustment
        if adjusted > 0.0:
            distance = adjusted
        return nanoseconds(distance)

    def push(
        self, config: CoordinateConfig, force: float, other: Coordinate, separation: float, uniforms: Uniforms
    ) -> None:
        """Move away from `other` by `force` seconds, in place: only where nobody else has this one yet.

        `separation` is that between the two before the push. Two that coincide part in a random direction,
        and their heights stay.
        """
        mine, theirs = self.vec, other.vec
        i: i64 = 0
        if separation > config.zero_threshold:
            scale = 1.0 / separation
            while i < len(mine):
                mine[i] = mine[i] + (mine[i] - theirs[i]) * scale * force
                i += 1
            height = (self.height + other.height) * force / separation + self.height
            if height < config.height_min:
                height = config.height_min
            self.height = height
            return
        direction = random_direction(len(mine), config.zero_threshold, uniforms)
        while i < len(mine):
            mine[i] = mine[i] + direction[i] * force
            i += 1

    def separation(self, other: Coordinate) -> float:
        """Return the distance of two positions in seconds; raise ValueError if their dimensions differ."""
        mine, theirs = self.vec, other.vec
        if len(mine) != len(theirs):
            raise ValueError("coordinate dimensionality does not match")
        total = 0.0
        i: i64 = 0
        while i < len(mine):
            along = mine[i] - theirs[i]
            total += along * along
            i += 1
        return math.sqrt(total)


def new_coordinate(config: CoordinateConfig) -> Coordinate:
    """At the origin, with the largest error and the least height."""
    position = vec[float]([0.0] * config.dimensionality)
    return Coordinate(position, config.vivaldi_error_max, 0.0, config.height_min)


def random_direction(dimensionality: i64, zero_threshold: float, uniforms: Uniforms) -> vec[float]:
    """Return a random vector of length 1, with one draw for each component, in order."""
    direction = vec[float](capacity=dimensionality)
    total = 0.0
    i: i64 = 0
    while i < dimensionality:
        component = uniforms.draw() - 0.5
        total += component * component
        direction = append(direction, component)
        i += 1
    length = math.sqrt(total)
    if length <= zero_threshold:
        direction = vec[float]([0.0] * dimensionality)
        direction[0] = 1.0
        return direction
    scale = 1.0 / length
    i = 0
    while i < dimensionality:
        direction[i] = direction[i] * scale
        i += 1
    return direction


def nanoseconds(seconds: float) -> i64:
    """Return a duration in whole nanoseconds, truncated towards zero."""
    ns = seconds * 1e9
    if -NS_LIMIT <= ns < NS_LIMIT:
        return i64(ns)
    return NS_OUT_OF_RANGE


def in_seconds(ns: i64) -> float:
    """Go's Duration.Seconds: whole seconds and the rest are converted apart, both towards zero."""
    whole = ns // SECOND
    rest = ns % SECOND
    if whole < 0 and rest != 0:
        whole += 1
        rest -= SECOND
    return float(whole) + float(rest) / 1e9
