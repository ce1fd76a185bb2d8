"""A real run from the command line, and its figures drawn again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serfsim.report.figures import FIGURES

Serfsim = Callable[..., Any]


@pytest.mark.slow
def test_a_real_run_leaves_a_whole_result_and_the_same_digest_twice(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    scenario = "cluster: {nodes: 5}\nduration: 20s\nwarm_up: 5s\nclaims: [detection.false_positives == 0]\n"
    (tmp_path / "small.yaml").write_text(scenario, encoding="utf-8")
    done = serfsim_in("run", "small.yaml", "--json", "--figures", "--out", "r")
    assert (done.exit_code, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary["complete"] is True
    assert summary["claims"] == [{"claim": "detection.false_positives == 0", "holds": True, "value": 0}]
    assert {path.stem for path in (tmp_path / "r" / "plots").iterdir()} == set(FIGURES)
    again = serfsim_in("run", "r/scenario.yaml", "--json", "--out", "again")
    assert json.loads(again.stdout)["digest"] == summary["digest"]
    other = serfsim_in("run", "small.yaml", "--json", "--seed", "2", "--out", "other")
    assert json.loads(other.stdout)["digest"] != summary["digest"]

    done = serfsim_in("plot", "r", "--figure", "health", "--figure", "traffic", "--out", "figures")
    assert done.exit_code == 0
    assert done.stdout.split() == ["figures/health.png", "figures/traffic.png"]
    assert sorted(path.name for path in (tmp_path / "figures").glob("*.png")) == ["health.png", "traffic.png"]
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = serfsim_in("plot", "r", "--out", "file/figures")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("file/figures: cannot be written: ")
    (tmp_path / "r" / "member_events.parquet").write_bytes(b"broken")
    done = serfsim_in("plot", "r")
    assert done.exit_code == 2
    assert "member_events.parquet is not as serfsim wrote it" in done.stderr
