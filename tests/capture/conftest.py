"""Runs whose packets are captured, each made once."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from serfsim import Result, Simulation
from serfsim.engine.trace import DATAGRAMS, SEGMENTS, TRAFFIC_COLUMNS
from serfsim.scenario.model import Scenario
from tests.capture.reading import Captured, read


@dataclass
class Run:
    simulation: Simulation
    result: Result
    path: Path
    captured: Captured

    def counted(self, column: int) -> tuple[int, int]:
        """Packets and bytes of a traffic column, all seconds together."""
        trace = self.simulation.trace
        rows = range(column, len(trace.counts), TRAFFIC_COLUMNS)
        return sum(int(trace.counts[i]) for i in rows), sum(int(trace.sizes[i]) for i in rows)

    def datagrams(self) -> tuple[int, int]:
        return self.counted(DATAGRAMS)

    def segments(self) -> tuple[int, int]:
        return self.counted(SEGMENTS)


def captured(folder: Path, **sections: Any) -> Run:
    scenario = Scenario(record={"packets": "pcap"}, **sections)
    path = folder / "whole.pcap"
    simulation = Simulation(scenario, capture=folder / "unfinished")
    result = simulation.run(lambda fraction: None)
    assert result.capture is not None
    result.capture.put(path)
    return Run(simulation, result, path, read(path))


BUSY: dict[str, Any] = {
    "duration": "25s",
    "warm_up": "8s",
    "cluster": {"nodes": 6},
    "network": {
        "jitter": {"model": "exponential", "mean": "2ms"},
        "loss": {"udp": "10%", "tcp": "10%"},
        "tcp": {"mss": 100},
        "mtu": 200,
    },
    "faults": [
        {"crash": ["node-03"], "at": "3s", "for": "8s"},
        {"pause": ["node-05"], "at": "5s", "for": "6s"},
        {"block": "udp", "nodes": ["node-02"], "at": "14s", "for": "8s"},
    ],
}


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Losses, jitter, small segments and fragments, a crash, a pause, TCP pings."""
    return captured(tmp_path_factory.mktemp("busy"), **BUSY)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Nothing goes wrong and nothing is compressed."""
    cluster = {"nodes": 4, "config": {"enable_compression": False}}
    return captured(tmp_path_factory.mktemp("plain"), duration="8s", warm_up="3s", cluster=cluster)


KEYS = (b"k" * 32, b"o" * 16)
LABEL = "east"


@pytest.fixture(scope="session")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Encrypted with the scenario's own keys and labelled; one has the other primary key. No compression."""
    ring = [b64encode(key).decode() for key in KEYS]
    config = {"enable_compression": False}
    nodes = ["a", "b", "c", {"name": "d", "keyring": ring[::-1]}]
    cluster = {"nodes": nodes, "keyring": ring, "label": LABEL, "version": "latest", "config": config}
    return captured(tmp_path_factory.mktemp("keyed"), duration="8s", warm_up="3s", cluster=cluster)


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same encrypted, with compression."""
    cluster = {"nodes": 4, "config": {"encryption_overhead": 29}}
    return captured(tmp_path_factory.mktemp("sealed"), duration="8s", warm_up="3s", cluster=cluster)
