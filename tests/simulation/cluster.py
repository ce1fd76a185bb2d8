"""Small clusters, and what is read off their runs."""

from __future__ import annotations

from typing import Any

import numpy as np

import serfsim
from serfsim import Simulation
from serfsim.checks import unexplained
from serfsim.protocol import events

NAMES = {name: kind for kind, name in events.NAMES.items()}
# A LAN: 0.1 ms from one to the next.
CLUSTER_KEYS = ("config", "start", "groups", "processing_delay", "merge", "version", "read_cost", "protocol")
NEAR = {"model": "line", "spacing": "0.1ms"}


def scenario(nodes: Any, duration: str, **parts: Any) -> serfsim.Scenario:
    """CLUSTER_KEYS are the cluster's, all else the scenario's."""
    cluster = {"nodes": nodes}
    cluster |= {key: parts.pop(key) for key in CLUSTER_KEYS if key in parts}
    network = {"topology": NEAR} | parts.pop("network", {})
    parts = {"warm_up": "5s"} | parts
    return serfsim.Scenario(cluster=cluster, network=network, duration=duration, **parts)


class Run:
    """A simulation that has run to its end."""

    def __init__(self, made: serfsim.Scenario, seed: int = 1) -> None:
        self.sim = Simulation(made, seed)  # SERFSIM_CHECK=1 checks all invariants
        self.result = self.sim.run()
        assert unexplained(self.result.violations) == []
        assert self.result.recording is not None
        self.recording = self.result.recording
        self.events = self.recording.events
        self.summary = self.result.summary

    def rows(
        self, kind: str, observer: int | None = None, subject: int | None = None, since: float = -np.inf
    ) -> Any:
        """Which rows are events of a kind by an observer about a subject; shape (m,)."""
        table = self.events
        found = (table.kind == NAMES[kind]) & (table.t >= since)
        if observer is not None:
            found &= table.observer == observer
        if subject is not None:
            found &= table.subject == subject
        return found

    def times(
        self, kind: str, observer: int | None = None, subject: int | None = None, since: float = -np.inf
    ) -> list[float]:
        return [float(t) for t in self.events.t[self.rows(kind, observer, subject, since)]]

    def details(self, kind: str, observer: int | None = None, subject: int | None = None) -> list[int]:
        return [int(detail) for detail in self.events.detail[self.rows(kind, observer, subject)]]

    def count(self, kind: str) -> int:
        """Events of a kind in all, also of those that are only counted."""
        counts = self.recording.probe_counts
        return int(counts.values[:, counts.columns.index(kind)].sum())

    def top_health(self, observer: int | None = None) -> int:
        return max(self.details("health", observer), default=0)

    def coordinate(self, node: int, t: float) -> list[float]:
        """Vector, height, adjustment and error of a node's own coordinate at a sample."""
        samples = self.recording.coordinates
        (k,) = np.flatnonzero(samples.t == t)
        rest = [samples.height[k, node], samples.adjustment[k, node], samples.error[k, node]]
        return [*map(float, samples.vec[k, node]), *map(float, rest)]

    def down(self, node: int) -> list[tuple[float, float]]:
        return [(interval.start, interval.end) for interval in self.recording.truth.down[node]]

    def faulted(self, node: int) -> list[tuple[float, float]]:
        return [(interval.start, interval.end) for interval in self.recording.truth.faulted[node]]


def run(nodes: Any, duration: str, seed: int = 1, **parts: Any) -> Run:
    return Run(scenario(nodes, duration, **parts), seed)
