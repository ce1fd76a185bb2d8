"""Events that are taken from a run while it goes on, and lie in a file: the same results."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from serfsim import Scenario, Simulation, open_result
from serfsim.results import frames
from serfsim.results.scoring.rows import Rows
from serfsim.simulation import recorder

FAULTS = [
    {"crash": 2, "at": "10s", "restart": "15s"},
    {"partition": [["node-01", "node-02"], "rest"], "at": "30s", "for": "20s"},
]


def test_results_are_the_same_wherever_events_are_kept_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scenario = Scenario(cluster={"nodes": 12}, duration="90s", warm_up="10s", faults=FAULTS)
    usual = Simulation(scenario).run()
    usual.save(tmp_path / "usual", figures=False)
    monkeypatch.setattr(recorder, "TAKEN", 16)
    monkeypatch.setattr(recorder, "Rows", partial(Rows, most=40))
    monkeypatch.setattr(frames, "PIECE", 50)
    simulation = Simulation(scenario)
    taken = simulation.run()
    taken.save(tmp_path / "taken", figures=False)
    assert simulation.trace.taken > 100
    for figure in ("digest", "detection", "convergence", "dissemination", "health"):
        assert taken.summary[figure] == usual.summary[figure]
    for name in ("log.txt", "truth.json"):
        assert (tmp_path / "taken" / name).read_text() == (tmp_path / "usual" / name).read_text()
    pd.testing.assert_frame_equal(taken.member_events, usual.member_events)
    for name in ("taken", "usual"):
        pd.testing.assert_frame_equal(open_result(tmp_path / name).member_events, usual.member_events)


def test_an_interrupted_run_has_the_events_up_to_then(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "TAKEN", 16)
    scenario = Scenario(cluster={"nodes": 12}, duration="90s", warm_up="10s", faults=FAULTS)
    stopped, whole = Simulation(scenario).run(stop), Simulation(scenario).run()
    end = stopped.summary["interrupted_at_s"]
    assert 0.0 < end < 90.0
    before = whole.member_events[whole.member_events["t_s"] < end]
    assert len(before) > 100
    pd.testing.assert_frame_equal(
        stopped.member_events[["t_s", "observer", "subject", "kind", "detail"]][: len(before)],
        before[["t_s", "observer", "subject", "kind", "detail"]],
    )
