"""The part of a Serf node that learns its network coordinates, by Serf's Vivaldi or a rival of it."""

from __future__ import annotations

from serfsim.native import Random, i64, mypyc_attr, vec
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate


@mypyc_attr(allow_interpreted_subclasses=True)
class CoordinateClient:
    """The coordinates of one node, which learns from the acks of its probes.

    `coordinate` is the node's own, replaced by each update and never changed; acks carry it. Where `is_told`
    is False they carry none. `me` is the node's number, -1 where nobody gave it; `resets` counts coordinates
    that became invalid.
    """

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        self.config = config
        self.coordinate = Coordinate(vec[float](), 0.0, 0.0, 0.0)
        self.me: i64 = -1
        self.resets: i64 = 0
        self.is_told: bool = True

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        """Learn that `peer`, being at `other`, answered after `rtt_ns`; 0, or why that was refused.

        Without coordinates on acks, `other` is the node's own.
        """
        raise NotImplementedError

    def forget_node(self, peer: i64) -> None:
        """Drop what is kept of a peer that is no longer a member."""

    def sample(self) -> Coordinate:
        """Return all that estimates from this node are made of."""
        return self.coordinate

    def kept(self) -> i64:
        """Return how many numbers the node keeps beside its own coordinate."""
        return 0
