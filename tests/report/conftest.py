"""A small run, an empty one and a large one, made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from serfsim import Result
from serfsim.protocol.events import (
    FAILED,
    HEALTH,
    JOIN,
    REFUTE_SUSPECT,
    SUSPECT,
    SUSPICION_TIMEOUT,
    TCP_FALLBACK_OK,
)
from serfsim.results.scoring.recording import QueueSamples
from tests.scoring.recorded import AFTER, Row, all_joined, counters, recorded, samples


@dataclass
class Described:
    """A scenario, as far as a result asks."""

    name: str = "small"
    question: str = "What is <seen> & said?"

    def to_yaml(self) -> str:
        return f"name: {self.name}\n"


ROWS: list[Row] = [
    *all_joined(4),
    (10.0, 1, TCP_FALLBACK_OK, 0),
    (20.5, 0, SUSPECT, 3, 1),
    (21.0, 1, HEALTH, 1, 2),
    (22.0, 1, SUSPECT, 2, 1),
    (22.1, 2, REFUTE_SUSPECT, 1, 5),
    (26.0, 0, SUSPICION_TIMEOUT, 3, 2),
    (26.0, 0, FAILED, 3),
    (26.2, 1, FAILED, 3),
    (26.4, 2, FAILED, 3),
    (41.0, 0, JOIN, 3),
    (41.0, 1, JOIN, 3),
    (41.0, 2, JOIN, 3),
    (41.5, 3, JOIN, 0),
    (41.5, 3, JOIN, 1),
    (41.5, 3, JOIN, 2),
    (50.0, 1, HEALTH, 1, 0),
]
SECONDS = 60
PLACES = [[0.0, 0.0], [0.010, 0.0], [0.0, 0.010], [0.010, 0.010]]


def small(**changes: object) -> Result:
    moving = [np.array(PLACES) * (1 + 0.5 / (k + 1)) for k in range(12)]
    live = [[True, True, True, not 20 <= 5 * k < 40] for k in range(12)]
    options: dict[str, object] = {
        "duration": 50.0,
        "converged": None,
        "down": {3: [(20.0, 40.0)]},
        "faulted": {3: [(20.0, 40.0)], 1: [(5.0, 15.0)]},
        "crashes": [(20.0, 3)],
        "rtt": [
            [0, 0.01, 0.01, 0.014],
            [0.01, 0, 0.014, 0.01],
            [0.01, 0.014, 0, 0.01],
            [0.014, 0.01, 0.01, 0],
        ],
        "positions": PLACES,
        "coordinates": samples([5.0 * k - 5.0 for k in range(12)], moving, live=live),
        "probes": counters({"direct_ack": [4] * SECONDS, "probe": [4] * SECONDS}, -10.0),
        "counts": counters({"udp/ping": [4] * SECONDS, "udp/datagrams": [9] * SECONDS}, -10.0),
        "sizes": counters({"udp/ping": [400] * SECONDS, "udp/datagrams": [900] * SECONDS}, -10.0),
        **changes,
    }
    run = recorded(ROWS, **options)  # type: ignore[arg-type]
    depth = np.array([[[3 - k, 1, 0, 0, 0]] * 4 for k in range(4)])
    run.queues = QueueSamples(np.array([-5.0, 0.0, 5.0, 10.0]), depth, np.ones((4, 4), dtype=np.bool_))
    return Result.from_recording(Described(), run, seed=7)


@pytest.fixture(scope="session")
def result() -> Result:
    return small()


@pytest.fixture(scope="session")
def saved(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run's folder, with everything; not to be changed."""
    return result.save(tmp_path_factory.mktemp("saved") / "r")


def empty() -> Result:
    """A run in which nothing was recorded at all."""
    return Result.from_recording(Described("empty", ""), recorded(nodes=1), seed=1)


def large(nodes: int, times: int = 1) -> Result:
    """A run of many nodes, one of which everybody believes failed for a while, again and again."""
    rows: list[Row] = []
    for time in range(times):
        begin, each = 20.0 + 40.0 * time / times, 20.0 / (nodes * times)
        rows += [(begin + each * i, i, FAILED, 0) for i in range(1, nodes)]
        rows += [(begin + each * (nodes + i), i, JOIN, 0) for i in range(1, nodes)]
    random = np.random.default_rng(1)
    places = random.uniform(0, 0.1, (nodes, 2))
    recording = recorded(
        rows,
        nodes=nodes,
        faulted={0: [(15.0, 35.0)], 1: [(50.0, AFTER)]},
        positions=places,
        rtt=np.hypot(*(places[:, None] - places[None, :]).transpose(2, 0, 1)) + 0.001,
        coordinates=samples([0.0, 50.0, 100.0], places + random.normal(0, 0.003, (nodes, 2))),
    )
    return Result.from_recording(Described("large"), recording, seed=1)
