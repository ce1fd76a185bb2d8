"""A member's two coordinates, global and local, and its choice of a cluster.

A few well known members are anchors. A member belongs to the cluster of the nearest anchor that it measured.
Vivaldi runs twice: over all members for the global coordinate, and over those of the cluster for the local
one, which alone predicts round trips within the cluster.

The coordinate's vector is the global position, the local position, the error of the local one, and the
number of the cluster's anchor plus 1, 0 for none; its error is that of the global position.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, append, i64
from serfsim.protocol.vivaldi.client import ACCEPTED, DIMENSION_MISMATCH, INVALID_COORDINATE
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate, in_seconds
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient
from serfsim.rivals.vivaldi.space import Space, Spring

NO_CLUSTER: Final = -1


class PharosClient(CoordinateClient):
    """Pharos. `cluster` is the number of the member's anchor; `anchors` has the last round trips to them."""

    def __init__(self, config: CoordinateConfig, rng: Random) -> None:
        super().__init__(config, rng)
        own = config.own
        self.dimensions: i64 = i64(own["dimensions"])
        self.space = Space(self.dimensions, 0.0, rng)
        self.spring = Spring(self.space, own["cc"], own["ce"])
        self.first_error = own["first_error"]
        self.margin = own["margin"]
        self.count: i64 = min(i64(own["anchors"]), config.members)
        self.anchors: dict[int, float] = {}
        self.cluster: i64 = NO_CLUSTER
        self.wide = self.space.origin(self.first_error)
        self.near = self.space.origin(self.first_error)
        self.coordinate = self._told()

    def update(self, peer: i64, other: Coordinate, rtt_ns: i64) -> i64:
        if not self.coordinate.is_compatible_with(other):
            return DIMENSION_MISMATCH
        if not other.is_valid():
            return INVALID_COORDINATE
        rtt = in_seconds(rtt_ns)
        d = self.dimensions
        if self.is_anchor(self.me):
            self.cluster = self.me
        elif self.is_anchor(peer):
            self.anchors[peer] = rtt
            self._choose(peer)
        self.spring.pull(self.wide, Coordinate(other.vec[0:d], other.error, 0.0, 0.0), rtt)
        theirs: i64 = i64(other.vec[2 * d + 1]) - 1
        if theirs != NO_CLUSTER and theirs == self.cluster:
            near = Coordinate(other.vec[d : 2 * d], other.vec[2 * d], 0.0, 0.0)
            self.spring.pull(self.near, near, rtt)
        if not (self.wide.is_valid() and self.near.is_valid()):
            self.resets += 1
            self.wide = self.space.origin(self.first_error)
            self.near = self.space.origin(self.first_error)
        self.coordinate = self._told()
        return ACCEPTED

    def is_anchor(self, member: i64) -> bool:
        """Return whether a member is an anchor: they are spread evenly over the numbers of members."""
        members = self.config.members
        if member < 0 or member >= members:
            return False
        turn: i64 = (member * self.count + members - 1) // members
        return turn < self.count and turn * members // self.count == member

    def forget_node(self, peer: i64) -> None:
        self.anchors.pop(peer, -1.0)

    def kept(self) -> i64:
        return len(self.anchors)

    def _choose(self, measured: i64) -> None:
        """Take the nearest anchor where it is nearer by the margin than the present one.

        Another cluster has other positions, so the local coordinate begins anew.
        """
        nearest = measured
        for anchor, rtt in self.anchors.items():
            if rtt < self.anchors[nearest] or (rtt == self.anchors[nearest] and anchor < nearest):
                nearest = anchor
        present = self.anchors.get(self.cluster, -1.0)
        if nearest == self.cluster or (
            present >= 0.0 and self.anchors[nearest] > present * (1.0 - self.margin)
        ):
            return
        self.cluster = nearest
        self.near = self.space.origin(self.first_error)

    def _told(self) -> Coordinate:
        numbers = self.wide.vec[:]
        for number in self.near.vec:
            numbers = append(numbers, number)
        numbers = append(numbers, self.near.error)
        numbers = append(numbers, float(self.cluster + 1))
        return Coordinate(numbers, self.wide.error, 0.0, 0.0)
