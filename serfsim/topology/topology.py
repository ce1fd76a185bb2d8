"""The outcome of every topology model."""

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
    """Where n nodes are, and how far apart.

    Attributes:
        n: number of nodes; they are numbered 0 .. n-1.
        latency: answers for every packet.
        description: one line for people.
        positions: (n, 2), seconds of RTT, where the model has a map.
        graph: the networkx graph, where the model has one.
        places: label of each node's row, site or graph node, where it was put at one.
        loss: loses packets on the way, UDP's and TCP's alike; None where nothing is lost.
        locations: (n, 2), latitude and longitude of each node's place in degrees, where it is on Earth.
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
        """True base round-trip time from node i to every node, seconds, shape (n,); 0 to itself."""
        return unpacked(self.latency.rtt_row(i, self.n))

    def one_way_row(self, i: int) -> Floats:
        """Base one-way latency from node i to every node, seconds, shape (n,)."""
        return unpacked(self.latency.one_way_row(i, self.n))

    def rtt_matrix(self) -> Floats:
        """All of `rtt_row`, seconds, shape (n, n); symmetric, as an RTT is both ways together."""
        return np.array([self.rtt_row(i) for i in range(self.n)])

    def one_way_matrix(self) -> Floats:
        """All of `one_way_row`, seconds, shape (n, n); row = source."""
        return np.array([self.one_way_row(i) for i in range(self.n)])


def unpacked(row: Any) -> Floats:
    """A packed array of floats as a numpy array of its own, without a number object in between."""
    values: Floats = np.frombuffer(row, dtype=np.float64).copy()
    return values
