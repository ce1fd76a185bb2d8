"""One source, two speeds: the compiled and the interpreted form give the same digest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serfsim import Scenario
from serfsim.scenario.faults import FAULTS
from serfsim.speed import is_compiled
from tests.engine import random_scenarios

ROOT = Path(__file__).resolve().parents[2]

# A little of everything that compiled code does: joins, loss, jitter, TCP, suspicion, refutation, faults.
SCENARIO = """
duration: 60s
warm_up: 10s
cluster:
  nodes: 16
network:
  topology: {model: plane, size: 40ms, height: 500us..5ms}
  jitter: {model: lognormal, median: 1ms, sigma: 0.5}
  loss: {udp: 15%, tcp: 2%}
faults:
  - {crash: [node-03], at: 5s, restart: 30s}
  - {pause: [node-05], at: 10s, for: 12s}
  - {block: udp, nodes: [node-07], direction: in, at: 5s, for: 40s}
  - {partition: [[node-01, node-02], rest], at: 25s, for: 15s}
  - {leave: [node-09], at: 40s}
"""


def environment_of(pure: bool) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "SERFSIM_PURE"}
    return {**environment, "SERFSIM_PURE": "1"} if pure else environment


def summary_of(scenario: Path, folder: Path, pure: bool) -> dict[str, Any]:
    """Run in a process of its own; what it wrote."""
    environment = environment_of(pure)
    command = [sys.executable, "-m", "serfsim", "run", str(scenario), "--quiet", "--out", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_both_forms_give_the_same_digest_and_figures(tmp_path: Path) -> None:
    scenario = tmp_path / "both.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    compiled = summary_of(scenario, tmp_path / "compiled", pure=False)
    plain = summary_of(scenario, tmp_path / "plain", pure=True)
    assert compiled["versions"]["compiled"] is True
    assert plain["versions"]["compiled"] is False
    assert compiled["digest"] == plain["digest"]
    for key in ("versions", "wall_s", "cpu_s", "events_per_s"):
        del compiled[key], plain[key]
    assert compiled == plain


def random_runs(pure: bool) -> dict[str, Any]:
    """All random scenarios, one after the other in a process of its own."""
    command = [sys.executable, "-m", "tests.engine.random_scenarios"]
    done = subprocess.run(
        command, env=environment_of(pure), cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    assert printed["compiled"] is not pure
    runs: dict[str, Any] = printed["runs"]
    return runs


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_both_forms_give_the_same_digests_and_figures_of_random_scenarios() -> None:
    compiled, plain = random_runs(pure=False), random_runs(pure=True)
    assert len({run["digest"] for run in compiled.values()}) == len(random_scenarios.SEEDS)
    for seed in compiled:
        assert compiled[seed] == plain[seed], f"seed {seed}"


def test_random_scenarios_have_every_fault_among_them_and_can_be_written() -> None:
    verbs = set()
    for seed in random_scenarios.SEEDS:
        scenario = Scenario(**random_scenarios.sections(seed))
        assert Scenario(**random_scenarios.sections(seed)) == scenario
        verbs |= {fault.verb for fault in scenario.faults}
    assert verbs == set(FAULTS)
