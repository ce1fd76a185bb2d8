"""One source, two speeds: the compiled and the interpreted form give the same digest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serfsim.speed import is_compiled

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


def summary_of(scenario: Path, folder: Path, pure: bool) -> dict[str, Any]:
    """Run in a process of its own; what it wrote."""
    environment = {key: value for key, value in os.environ.items() if key != "SERFSIM_PURE"}
    if pure:
        environment["SERFSIM_PURE"] = "1"
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
