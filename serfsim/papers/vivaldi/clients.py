"""Serf's own Vivaldi clients, driven as Serf drives them, over measured round-trip times.

Each round every node probes the next member of its shuffled ring, as memberlist does once a second; the ack
brings the peer's coordinate, and the client learns from it and the round-trip time. Nodes probe in an order
drawn anew each round, since their seconds are not in step. No packets, losses or failures: only the
coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from serfsim.engine.streams import stream
from serfsim.native import Random
from serfsim.papers.vivaldi.data import Flags
from serfsim.protocol.vivaldi.client import Client
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.topology.embedding import StaticEmbedding

NEIGHBOURS: Final = 32  # of the paper's fixed neighbours
NS: Final = 1e9


class Flat(Client):
    """A client without heights: they stay at the minimum."""

    def update(self, peer: int, other: Coordinate, rtt_ns: int) -> int:
        outcome = super().update(peer, other, rtt_ns)
        self.coordinate.height = self.config.height_min
        return outcome


@dataclass(frozen=True)
class Form:
    """A form of coordinates and how they are learned; the defaults are Serf's.

    `gravity_rho` in seconds, as Serf reckons it; infinite for none. `steps`: the share of the way that one
    observation may move a coordinate (c_c).
    """

    dimensions: int = 8
    height: bool = True
    adjustment: bool = True
    latency_filter: int = 3
    gravity_rho: float = 150.0
    steps: float = 0.25

    def config(self) -> CoordinateConfig:
        """Return Serf's settings of this form."""
        config = CoordinateConfig()
        config.dimensionality = self.dimensions
        config.adjustment_window_size = 20 if self.adjustment else 0
        config.height_min = 10e-6 if self.height else 1e-9
        config.latency_filter_size = self.latency_filter
        config.gravity_rho = self.gravity_rho
        config.vivaldi_cc = self.steps
        return config


class Cluster:
    """One client for each node of a matrix.

    `may_probe` (n, n): the pairs that are ever measured. `neighbours`: how many members each node probes, 0
    for all.
    """

    def __init__(self, form: Form, may_probe: Flags, seed: int, neighbours: int = 0) -> None:
        n = len(may_probe)
        self.draws = stream(seed, "vivaldi/probes")
        kind = Client if form.height else Flat
        self.clients = [kind(form.config(), stream(seed, f"vivaldi/{node}")) for node in range(n)]
        known = may_probe & ~np.eye(n, dtype=bool)
        rings = [np.flatnonzero(known[node]).tolist() for node in range(n)]
        for ring in rings:
            shuffle(ring, self.draws)
        self.rings = [ring[: neighbours or None] for ring in rings]
        self.places = [0] * n

    def run(self, slices: Iterator[Sequence[Sequence[float]]]) -> None:
        """Go through a round for each matrix of round-trip times, rows of ns; NaN is not measured."""
        order = list(range(len(self.clients)))
        for rtt_ns in slices:
            shuffle(order, self.draws)
            for node in order:
                self._probe(node, rtt_ns)

    def _probe(self, node: int, rtt_ns: Sequence[Sequence[float]]) -> None:
        ring, place = self.rings[node], self.places[node]
        if place >= len(ring):
            if not ring:
                return
            shuffle(ring, self.draws)
            place = 0
        peer = ring[place]
        self.places[node] = place + 1
        measured = rtt_ns[node][peer]
        if measured == measured:  # not NaN
            self.clients[node].update(peer, self.clients[peer].coordinate, int(measured))

    def embedding(self) -> StaticEmbedding:
        """Return the coordinates of all nodes now."""
        own = [client.coordinate for client in self.clients]
        return StaticEmbedding(
            np.array([list(one.vec) for one in own]),
            np.array([one.height for one in own]),
            np.array([one.adjustment for one in own]),
        )


def shuffle(items: list[int], draws: Random) -> None:
    """Shuffle in place (Fisher and Yates), from a stream of the run."""
    for last in range(len(items) - 1, 0, -1):
        chosen = draws.randrange(last + 1)
        items[last], items[chosen] = items[chosen], items[last]
