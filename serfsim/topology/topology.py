"""The common result of all topology models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serfsim.network.latency import Latency
from serfsim.network.loss import Loss

if TYPE_CHECKING:
    import networkx as nx

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Topology:
    """Positions of n nodes and the latencies between them.

    Attributes:
        n: number of nodes; they are numbered 0 .. n-1.
        latency: the latency model for packets.
        description: one line for users.
        positions: (n, 2), seconds of RTT, if the model has a map.
        graph: the networkx graph, if the model has one.
        places: label of each node's row, site or graph node, if the model has places.
        loss: loss of packets on the path, UDP's and TCP's alike; None without loss.
        locations: (n, 2), latitude and longitude of each node's place in degrees, if it is on Earth.
    """

    n: int
    latency: Latency
    description: str
    positions: Floats | None = None
    graph: nx.Graph | None = None
    places: tuple[str, ...] | None = None
    locations: Floats | None = None
    loss: Loss | None = None

    def rtt_row(self, i: int) -> Floats:
        """Return the true base round-trip time from node i to every node, seconds, (n,); 0 to itself."""
        return unpack(self.latency.rtt_row(i, self.n))

    def one_way_row(self, i: int) -> Floats:
        """Return the base one-way latency from node i to every node, seconds, shape (n,)."""
        return unpack(self.latency.one_way_row(i, self.n))

    def rtt_matrix(self) -> Floats:
        """Return all of `rtt_row`, seconds, shape (n, n); symmetric, as an RTT covers both directions."""
        return np.array([self.rtt_row(i) for i in range(self.n)])

    def one_way_matrix(self) -> Floats:
        """Return all of `one_way_row`, seconds, shape (n, n); row = source."""
        return np.array([self.one_way_row(i) for i in range(self.n)])


def unpack(row: Any) -> Floats:
    """Copy a packed array of floats to a numpy array, without creating number objects."""
    values: Floats = np.frombuffer(row, dtype=np.float64).copy()
    return values
