"""The Vivaldi client of one node (spec coordinate.md section 3; Dabek et al., SIGCOMM 2004).

Each round-trip time measured to a peer, with the coordinate that the peer sent along, goes through:

    checks       -> a refused update changes nothing
    median       -> of the last few round-trip times to that peer
    Vivaldi      -> error and position: a spring between the two, stiffer for the less certain
    adjustment   -> mean of what distances lately left unexplained
    gravity      -> a small pull to the origin, so that the whole cluster does not drift away
    finite?      -> if not, a new coordinate; samples and adjustment window are kept
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr, vec
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import (
    Coordinate,
    Uniforms,
    in_seconds,
    nanoseconds,
    new_coordinate,
)
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient
from serfsim.protocol.vivaldi.latency_filter import LatencyFilter

# What became of an update; the texts are in `texts`.
ACCEPTED: Final = 0
DIMENSION_MISMATCH: Final = 1
INVALID_COORDINATE: Final = 2
RTT_OUT_OF_RANGE: Final = 3


@mypyc_attr(allow_interpreted_subclasses=True)
class Client(CoordinateClient):
    """Serf's Vivaldi; `uniforms` gives random directions. ValueError without dimensions."""

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        if config.dimensionality <= 0:
            raise ValueError("dimensionality must be >0")
        super().__init__(config, rng)
        self.uniforms = Uniforms(rng)
        self.origin = new_coordinate(config)  # of the least height, not of none
        self.coordinate = self.origin
        self.latencies = LatencyFilter(config.latency_filter_size)
        self.max_rtt_ns: i64 = nanoseconds(config.max_rtt)
        self._residuals: vec[float] = vec[float]([0.0] * config.adjustment_window_size)
        self._next_residual: i64 = 0

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        """Learn that `peer`, being at `other`, answered after `rtt_ns`; ACCEPTED or why not."""
        reject = self.check(other)
        if reject != ACCEPTED:
            return reject
        if self.config.checks and (rtt_ns < 0 or rtt_ns > self.max_rtt_ns):
            return RTT_OUT_OF_RANGE
        rtt = self.latencies.median(peer, in_seconds(rtt_ns))
        draft = self.coordinate.copy()
        self._attract(draft, other, rtt)
        self._adjust(draft, other, rtt)
        self._pull_to_origin(draft)
        if self.config.checks and not draft.is_valid():
            self.resets += 1
            draft = new_coordinate(self.config)
        self.coordinate = draft
        return ACCEPTED

    def check(self, other: Coordinate) -> i64:
        """Return ACCEPTED, DIMENSION_MISMATCH or INVALID_COORDINATE for a coordinate."""
        if not self.coordinate.is_compatible_with(other):
            return DIMENSION_MISMATCH
        if self.config.checks and not other.is_valid():
            return INVALID_COORDINATE
        return ACCEPTED

    def distance_to(self, other: Coordinate) -> i64:
        """Estimated round-trip time to there in nanoseconds. ValueError if the dimensions differ."""
        return self.coordinate.distance_to(other)

    def forget_node(self, peer: i64) -> None:
        """Drop the samples of a peer that is no longer a member."""
        self.latencies.forget(peer)

    def kept(self) -> i64:
        samples: i64 = self.latencies.count * self.latencies.size
        return samples + self.config.adjustment_window_size

    def _attract(self, draft: Coordinate, other: Coordinate, rtt: float) -> None:
        config = self.config
        separation = draft.separation(other)
        distance = in_seconds(draft.distance_over(separation, other))
        if rtt < config.zero_threshold:
            rtt = config.zero_threshold
        wrong = abs(distance - rtt) / rtt
        total = draft.error + other.error
        if total < config.zero_threshold:
            total = config.zero_threshold
        weight = draft.error / total
        error = config.vivaldi_ce * weight * wrong + draft.error * (1.0 - config.vivaldi_ce * weight)
        if error > config.vivaldi_error_max:
            error = config.vivaldi_error_max
        draft.error = error
        delta = config.vivaldi_cc * weight
        draft.push(config, delta * (rtt - distance), other, separation, self.uniforms)

    def _adjust(self, draft: Coordinate, other: Coordinate, rtt: float) -> None:
        window = self.config.adjustment_window_size
        if window == 0:
            return
        residuals = self._residuals
        residuals[self._next_residual] = rtt - draft.raw_distance_to(other)
        self._next_residual = (self._next_residual + 1) % window
        total = 0.0
        i: i64 = 0
        while i < window:
            total += residuals[i]
            i += 1
        draft.adjustment = total / (2.0 * float(window))

    def _pull_to_origin(self, draft: Coordinate) -> None:
        separation = self.origin.separation(draft)
        share = in_seconds(self.origin.distance_over(separation, draft)) / self.config.gravity_rho
        draft.push(self.config, -1.0 * (share * share), self.origin, separation, self.uniforms)
