"""A member's Vivaldi: the paper's, and what came later where its setting is on.

A filter takes the median of the last round trips to a peer, the adjustment adds the mean of what distances
lately left unexplained, and gravity pulls to the origin; each works as in Serf's coordinates.
"""

from __future__ import annotations

from serfsim.native import Random, i64, vec
from serfsim.protocol.vivaldi.client import ACCEPTED, DIMENSION_MISMATCH, INVALID_COORDINATE
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate, in_seconds
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient
from serfsim.protocol.vivaldi.latency_filter import LatencyFilter
from serfsim.rivals.vivaldi.space import Space, Spring


class VivaldiClient(CoordinateClient):
    """Plain Vivaldi. `adjustment` 0 and `gravity` 0 turn these off, `filter` 1 takes each round trip."""

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        super().__init__(config, rng)
        own = config.own
        height_min = own["height_min"] if own["height"] > 0.0 else 0.0
        self.space = Space(i64(own["dimensions"]), height_min, rng)
        self.spring = Spring(self.space, own["cc"], own["ce"])
        self.origin = self.space.origin(own["first_error"])
        self.coordinate = self.origin
        self.gravity = own["gravity"]
        self.latencies = LatencyFilter(i64(own["filter"]))
        self.residuals: vec[float] = vec[float]([0.0] * i64(own["adjustment"]))
        self.next_residual: i64 = 0

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        if not self.coordinate.is_compatible_with(other):
            return DIMENSION_MISMATCH
        if not other.is_valid():
            return INVALID_COORDINATE
        rtt = in_seconds(rtt_ns)
        if self.latencies.size > 1:
            rtt = self.latencies.median(peer, rtt)
        draft = self.coordinate.copy()
        self.spring.pull(draft, other, rtt)
        self._adjust(draft, other, rtt)
        if self.gravity > 0.0:
            share = (self.origin.separation(draft) + draft.height) / self.gravity
            self.space.move(draft, self.origin, -share * share)
        if not draft.is_valid():
            self.resets += 1
            draft = self.space.origin(self.config.own["first_error"])
        self.coordinate = draft
        return ACCEPTED

    def _adjust(self, draft: Coordinate, other: Coordinate, rtt: float) -> None:
        window: i64 = len(self.residuals)
        if window == 0:
            return
        self.residuals[self.next_residual] = rtt - draft.raw_distance_to(other)
        self.next_residual = (self.next_residual + 1) % window
        total = 0.0
        for residual in self.residuals:
            total += residual
        draft.adjustment = total / (2.0 * float(window))

    def forget_node(self, peer: i64) -> None:
        self.latencies.forget(peer)

    def kept(self) -> i64:
        return self.latencies.count * self.latencies.size + len(self.residuals)
