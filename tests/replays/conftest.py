"""One recorded run, and the page that plays it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serfsim import Result, Scenario, open_result, run

SECTIONS: dict[str, Any] = {
    "name": "small",
    "question": "What does <b>loss</b> do?",
    "duration": "40s",
    "warm_up": "10s",
    "cluster": {"nodes": 8},
    "network": {"loss": {"udp": "15%", "tcp": "5%"}},
    "faults": [
        {"block": "udp", "nodes": ["node-03"], "at": "8s", "for": "12s"},
        {"crash": ["node-05"], "at": "22s"},
    ],
}


def recorded(**changes: Any) -> Result:
    scenario = Scenario(**{**SECTIONS, "record": {"replay": True}, **changes})
    return run(scenario, progress=lambda fraction: None)


@pytest.fixture(scope="session")
def played() -> Result:
    return recorded()


@pytest.fixture(scope="session")
def folder(played: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played.save(tmp_path_factory.mktemp("replays") / "small", figures=False)


@pytest.fixture(scope="session")
def stored(folder: Path) -> Result:
    return open_result(folder)


@pytest.fixture(scope="session")
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_result(folder).replay(tmp_path_factory.mktemp("pages") / "small.html")
