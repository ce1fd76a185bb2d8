"""Sampling at fixed times: every node's coordinate, and the lengths of its queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.protocol.memberlist.ledger import ledger_of
from serfsim.results.scoring.recording import QUEUES, CoordinateSamples, QueueSamples
from serfsim.simulation.recorder import as_array

if TYPE_CHECKING:
    from serfsim.engine.environment import ClusterEnvironment
    from serfsim.protocol.serf.node import SerfNode
    from serfsim.simulation.agents import Agents

NOT_RUNNING = (-1,) * len(QUEUES)


class CoordinateSampler:
    """A sampler at the multiples of `interval` seconds on the scenario's clock, and at the end."""

    def __init__(self, env: ClusterEnvironment, agents: Agents, interval: float | None) -> None:
        self.env = env
        self.agents = agents
        self.interval = interval
        self.width = agents.kind.sample_width(agents)
        self._t: list[float] = []
        self._rows: list[Any] = []
        self._live: list[Any] = []

    def process(self) -> Iterator[Any]:
        if self.interval is None:
            return
        k = int(np.ceil(self.env.now / self.interval))
        while True:
            yield self.env.timeout_at(k * self.interval)
            self.take()
            k += 1

    def take(self) -> None:
        """Sample vector, height, adjustment and error of each running node now."""
        now = float(self.env.now)
        if self.interval is None or (self._t and self._t[-1] == now):
            return
        nodes, hosts = self.agents.nodes, self.agents.network.hosts
        d = self.width
        rows = np.zeros((len(nodes), d + 3))
        live = np.zeros(len(nodes), dtype=np.bool_)
        for i, node in enumerate(nodes):
            if node is None or hosts[i].paused:
                continue
            coordinate = self.agents.kind.sample(node)
            if coordinate is None:
                continue
            live[i] = True
            rows[i, :d] = as_array(coordinate.vec, np.float64)
            rows[i, d:] = coordinate.height, coordinate.adjustment, coordinate.error
        self._t.append(now)
        self._rows.append(rows)
        self._live.append(live)

    def samples(self, first: int = 0) -> CoordinateSamples:
        """Return the samples from number `first` on."""
        n, d = len(self.agents.nodes), self.width
        rows = np.array(self._rows[first:]).reshape(-1, n, d + 3)
        return CoordinateSamples(
            np.array(self._t[first:], dtype=np.float64),
            rows[:, :, :d].copy(),
            rows[:, :, d].copy(),
            rows[:, :, d + 1].copy(),
            rows[:, :, d + 2].copy(),
            np.array(self._live[first:], dtype=np.bool_).reshape(-1, n),
            self.agents.kind.system,
            int(self.agents.trace.coordinate_bytes),
        )


class QueueSampler:
    """A sampler at the multiples of `interval` seconds on the scenario's clock."""

    def __init__(self, env: ClusterEnvironment, agents: Agents, interval: float) -> None:
        self.env = env
        self.agents = agents
        self.interval = interval
        self._t: list[float] = []
        self._rows: list[list[tuple[int, ...]]] = []
        self._lost_before = 0  # broadcasts, in the warm-up

    def process(self) -> Iterator[Any]:
        k = int(np.ceil(self.env.now / self.interval))
        while True:
            yield self.env.timeout_at(k * self.interval)
            self._t.append(float(self.env.now))
            self._rows.append([depths(self.agents, node) for node in self.agents.nodes])
            if self.env.now <= 0.0:
                self._lost_before = self._lost()
            k += 1

    def lost_broadcasts(self) -> int:
        """Return how many broadcasts the queues lost since the end of the warm-up."""
        return self._lost() - self._lost_before

    def _lost(self) -> int:
        return int(ledger_of(self.agents.directory).lost)

    def samples(self, first: int = 0) -> QueueSamples:
        """Return the samples from number `first` on."""
        n = len(self.agents.nodes)
        depth = np.array(self._rows[first:], dtype=np.int64).reshape(-1, n, len(QUEUES))
        t = np.array(self._t[first:], dtype=np.float64)
        return QueueSamples(t, np.maximum(depth, 0), depth[:, :, 0] >= 0)


def depths(agents: Agents, node: SerfNode | None) -> tuple[int, ...]:
    """Return the number of messages in each of a node's QUEUES; -1 if it does not run."""
    return NOT_RUNNING if node is None else agents.kind.depths(node)
