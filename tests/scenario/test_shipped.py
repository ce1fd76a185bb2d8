"""The shipped scenarios do what they say; `serfsim situations --small` runs those that are situations."""

from __future__ import annotations

from pathlib import Path

import pytest

import serfsim
from serfsim.scenario.loading import load, loads
from serfsim.scenario.shelf import entries

# What takes minutes as it is runs smaller, with as long a suspicion.
REDUCED = {"hundred_thousand": ["cluster.nodes=12000", "cluster.config.suspicion_mult=5"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", [entry.name for entry in entries() if entry.situation is None])
def test_every_claim_of_a_shipped_scenario_holds(name: str) -> None:
    scenario = load(name, REDUCED.get(name, []))
    assert scenario.question
    assert scenario.claims
    summary = serfsim.run(scenario, seed=1).summary
    assert {claim["claim"]: claim["value"] for claim in summary["claims"] if not claim["holds"]} == {}
    assert summary["complete"]


def test_what_a_result_keeps_of_its_scenario_runs_again_to_the_same_digest(tmp_path: Path) -> None:
    scenario = load("crash", ["cluster.nodes=24", "duration=45s", "claims=[]"])
    result = serfsim.run(scenario, seed=5)
    folder = result.save(tmp_path / "r", figures=False)
    kept = (folder / "scenario.yaml").read_text(encoding="utf-8")
    again = serfsim.run(loads(kept), seed=None)
    assert again.summary["digest"] == result.summary["digest"]
