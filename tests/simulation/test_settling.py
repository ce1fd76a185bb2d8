"""`warm_up: settled` waits until the join is gossiped to its end; a warm-up that does not is told of."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim import Result, Scenario, Simulation, run
from serfsim.base.errors import ScenarioError
from serfsim.report.answer import UNSETTLED, answer
from serfsim.scenario.loading import loads
from serfsim.simulation import settling


def made(**sections: Any) -> Scenario:
    return Scenario(**{"cluster": {"nodes": 12}, "duration": "20s", "warm_up": "settled", **sections})


def result(**sections: Any) -> Result:
    return run(made(**sections), progress=lambda fraction: None)


def test_scoring_begins_when_queues_are_empty_and_views_agree() -> None:
    sim = Simulation(made())
    seen: list[bool] = []

    def watch() -> Any:
        for t in (-1.0, 0.0):
            yield sim.env.timeout_at(t)
            seen.append(settling.is_settled(sim.agents))

    sim.process(watch())
    summary = sim.run().summary
    assert seen == [False, True]
    assert 1.0 < summary["warm_up_s"] < 60.0
    assert summary["warm_up_settled"] is True
    assert summary["convergence"]["one_view_s"] == 0.0


def test_faults_and_workload_count_from_there_and_change_nothing_before() -> None:
    calm = result().summary["warm_up_s"]
    faults, workload = [{"crash": ["node-03"], "at": "5s"}], [{"event": "x", "from": "node-00", "at": "1s"}]
    busy = result(faults=faults, workload=workload)
    assert busy.summary["warm_up_s"] == calm
    assert busy.truth.crashes == [(5.0, 3)]


def test_what_is_written_down_runs_again_to_the_same_digest() -> None:
    first = result()
    again = run(loads(first.scenario.to_yaml()), progress=lambda fraction: None)
    assert again.summary["digest"] == first.summary["digest"]
    fixed = result(warm_up=f"{first.summary['warm_up_s']:g}s")
    assert fixed.summary["digest"] == first.summary["digest"]


def test_a_cluster_that_begins_converged_has_settled_soon() -> None:
    assert result(cluster={"nodes": 12, "start": {"converged": True}}).summary["warm_up_s"] <= 2.0


def test_one_that_never_settles_is_told_of_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "SETTLE_LIMIT_S", 5.0)
    monkeypatch.setattr("serfsim.results.summary.SETTLE_LIMIT_S", 5.0)
    monkeypatch.setattr(settling, "is_settled", lambda sim: False)
    summary = result().summary
    assert (summary["warm_up_s"], summary["warm_up_settled"]) == (5.0, False)
    assert answer(summary).sentences[0] == UNSETTLED


def test_a_warm_up_that_ends_amid_the_join_is_told_of() -> None:
    early, late = (result(warm_up=length).summary for length in ("300ms", "60s"))
    assert (early["warm_up_settled"], late["warm_up_settled"]) == (False, True)
    assert answer(early).sentences[0] == UNSETTLED
    assert UNSETTLED not in answer(late).sentences


def test_a_word_that_is_nearly_settled_is_refused_with_it() -> None:
    with pytest.raises(ScenarioError, match="did you mean settled"):
        made(warm_up="setled")
