"""A run that is interrupted: partial where somebody looks at it, nothing where others count on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serfsim import Simulation
from serfsim.scenario import Scenario

SMALL = {"cluster": {"nodes": 4}, "duration": "30s", "warm_up": "5s"}
STUDIES = Path(__file__).resolve().parents[2] / "serfsim"


def interrupt_midway(share: float) -> None:
    if share > 0.5:
        raise KeyboardInterrupt


def test_an_interrupted_run_is_partial() -> None:
    result = Simulation(Scenario(**SMALL), 1).run(interrupt_midway)
    assert result.summary["complete"] is False


def test_a_run_that_must_be_whole_passes_the_interruption_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        Simulation(Scenario(**SMALL), 1).run_whole(interrupt_midway)
    whole = Simulation(Scenario(**SMALL), 1).run_whole().summary
    assert whole["complete"] is True


@pytest.mark.parametrize("folder", ["papers", "study/swarm", "study/reproduction"])
def test_what_keeps_runs_keeps_whole_ones_alone(folder: str) -> None:
    for file in sorted((STUDIES / folder).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "Simulation(" in text:
            assert not re.search(r"\b(sim|simulation|made|Simulation\(.*\))\.run\(", text), file
