"""Clients of a coordinate system on a matrix of round-trip times, without packets.

Each round every member probes the next of its shuffled ring, as memberlist does, in an order drawn anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from serfsim.engine.streams import stream
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.rivals.coordinate_table import Places, coordinate_system
from serfsim.scenario.coordinate_rivals import coordinate_settings
from serfsim.scenario.rivals import settings_as_numbers

Floats = NDArray[np.float64]


class Lab:
    """A client of the system for each row of `rtt`, seconds, NaN where unknown; `given` as in a scenario."""

    def __init__(self, name: str, rtt: Floats, seed: int = 1, neighbours: int = 0, **given: Any) -> None:
        self.system = coordinate_system(name)
        self.rtt = rtt
        n = len(rtt)
        rows = self.system.settings
        own = settings_as_numbers(name, rows, coordinate_settings(name, given))
        self.clients = []
        for member in range(n):
            config = CoordinateConfig()
            config.own, config.members = own, n
            client = self.system.client(config, stream(seed, f"lab/{member}"))
            client.me = member
            self.clients.append(client)
        self.dice = np.random.default_rng(seed)
        known = np.isfinite(rtt) & ~np.eye(n, dtype=bool)
        self.rings = [self.dice.permutation(np.flatnonzero(row))[: neighbours or None] for row in known]

    def run(self, rounds: int) -> Lab:
        for turn in range(rounds):
            for member in self.dice.permutation(len(self.clients)).tolist():
                ring = self.rings[member]
                peer = int(ring[turn % len(ring)])
                client, other = self.clients[member], self.clients[peer]
                told = other.coordinate if client.is_told else client.coordinate
                assert client.update(peer, told, int(self.rtt[member, peer] * 1e9)) == 0
        return self

    def estimates(self) -> Floats:
        samples = [client.sample() for client in self.clients]
        places = Places(
            np.array([list(one.vec) for one in samples]),
            np.array([one.height for one in samples]),
            np.array([one.adjustment for one in samples]),
        )
        everybody = np.arange(len(samples), dtype=np.int64)
        return self.system.estimate(places, everybody, everybody)

    def errors(self) -> Floats:
        """Return |estimate - rtt| / rtt of all known pairs, NaN elsewhere."""
        found = np.abs(self.estimates() - self.rtt) / self.rtt
        np.fill_diagonal(found, np.nan)
        return found

    def median(self) -> float:
        return float(np.nanmedian(self.errors()))

    def stress(self) -> float:
        """Return sqrt(sum (d - d^)^2 / sum d^2)."""
        off = np.where(np.eye(len(self.rtt), dtype=bool), np.nan, self.estimates() - self.rtt)
        return float(np.sqrt(np.nansum(off**2) / np.nansum(np.where(np.isnan(off), np.nan, self.rtt) ** 2)))
