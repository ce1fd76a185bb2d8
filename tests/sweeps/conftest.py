"""A scenario so small that a sweep of it takes a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim.scenario import Scenario
from serfsim.scenario.loading import loads

TINY = """\
name: tiny
duration: 10s
warm_up: 2s
cluster: {nodes: 4}
faults: [{crash: [node-03], at: 2s}]
claims: [detection.missed == 0]
"""


@pytest.fixture
def tiny() -> Scenario:
    return loads(TINY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path
