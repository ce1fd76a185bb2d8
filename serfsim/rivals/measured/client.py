"""A member's table of measured round trips: the mean of the last few to each peer that it probed.

It says nothing to others, and knows nothing of members that it never probed.
"""

from __future__ import annotations

from serfsim.native import Random, append, i64, vec
from serfsim.protocol.vivaldi.client import ACCEPTED
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate, in_seconds
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient


class MeasuredClient(CoordinateClient):
    """The naive rival. `times` are the last round trips to each peer in seconds, the oldest first."""

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        super().__init__(config, rng)
        self.is_told = False
        self.samples: i64 = i64(config.own["samples"])
        self.times: dict[int, vec[float]] = {}

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        known = self.times.get(peer)
        times = vec[float]() if known is None else known
        if len(times) == self.samples:
            times = times[1 : self.samples]
        self.times[peer] = append(times, in_seconds(rtt_ns))
        return ACCEPTED

    def forget_node(self, peer: i64) -> None:
        self.times.pop(peer, None)

    def sample(self) -> Coordinate:
        """Return the mean for each member by number in the vector, 0 for one never measured."""
        means = vec[float]([0.0] * self.config.members)
        for peer, times in self.times.items():
            if peer < self.config.members:  # no number that a forged message made up
                total = 0.0
                for time in times:
                    total += time
                means[peer] = total / float(len(times))
        return Coordinate(means, 0.0, 0.0, 0.0)

    def kept(self) -> i64:
        total: i64 = 0
        for times in self.times.values():
            total += len(times)
        return total
