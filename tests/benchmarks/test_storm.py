"""The C++ program that storms are measured against does what serfsim does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.cases import Load, Peers
from benchmarks.measure import measure

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
]


# Of one seed; over many the means are nearer (docs/benchmarks.md).
@pytest.mark.parametrize(
    ("load", "margin"),
    [(Load("join", 60, 25.0), 0.05), (Load("stormy", 60, 20.0), 0.25), (Load("zone", 60, 60.0), 0.25)],
    ids=["join", "stormy", "zone"],
)
def test_it_sends_as_many_broadcasts_as_serfsim(load: Load, margin: float, built: Peers) -> None:
    ours = measure(load.kind, load.nodes, load.seconds, 1, save=False)["sent"]
    theirs = built.storm(load).measure(seed=1).raw["sent"]
    assert sum(theirs.values()) == pytest.approx(sum(ours.values()), rel=margin)
    assert {name for name, count in theirs.items() if count} == {
        name for name, count in ours.items() if count
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Peers:
    return Peers(Path(tmp_path_factory.mktemp("peers")))
