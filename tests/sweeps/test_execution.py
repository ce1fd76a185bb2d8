"""Many runs are seen to their ends, whatever their workers meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import serfsim
from serfsim.base.errors import SweepError
from serfsim.scenario import Scenario
from serfsim.study.sweeps import Job, Outcome, flat_figures, run_all
from serfsim.study.sweeps.keys import code_version, scenario_text
from serfsim.study.sweeps.worker import OTHER_CODE, carry_out
from tests.sweeps.workers import MARKS, misfortune

Misfortunes = Callable[[str], Scenario]


@pytest.fixture
def meeting(tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Misfortunes:
    """Gives the scenario whose runs meet what its name says, see `workers`."""
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv(MARKS, str(marks))
    monkeypatch.setattr("serfsim.study.sweeps.pools.carry_out", misfortune)
    return lambda name: tiny.with_settings({"name": name})


def times_begun(tmp_path: Path, seed: int) -> int:
    return len(list((tmp_path / "marks").glob(f"{seed}-*")))


def told(outcome: Outcome) -> tuple[object, ...]:
    """Everything that must not depend on who carried the run out."""
    figures = {name: None if math.isnan(value) else value for name, value in outcome.row.items()}
    return outcome.job.seed, outcome.run, outcome.status, outcome.error, outcome.digest, figures


def test_a_run_in_a_sweep_is_the_run_alone(tiny: Scenario) -> None:
    result = serfsim.run(tiny, seed=7)
    (outcome,) = run_all([Job(tiny, 7)], workers=1)
    assert outcome.digest == result.summary["digest"]
    assert outcome.status == "done"
    assert outcome.complete
    assert outcome.row == pytest.approx(flat_figures(result.summary), nan_ok=True)
    assert [claim["claim"] for claim in outcome.claims] == ["detection.missed == 0"]


def test_flat_figures_have_every_name_and_traffic_by_type(tiny: Scenario) -> None:
    flat = flat_figures(serfsim.run(tiny, seed=1).summary)
    assert list(flat)[: len(serfsim.scenario.figures.FIGURES)] == list(serfsim.scenario.figures.FIGURES)
    assert flat["traffic.by_type.udp_ping.messages_per_node_s"] > 0.5
    assert math.isnan(flat["dissemination.events.p50_s"])
    assert all(type(value) is float for value in flat.values())


@pytest.mark.slow
def test_workers_and_the_order_of_completion_change_nothing(tiny: Scenario) -> None:
    jobs = [Job(tiny, seed) for seed in (3, 1, 2, 8)]
    ended: list[int] = []
    alone = run_all(jobs, workers=1, on_done=lambda outcome: ended.append(outcome.job.seed))
    assert ended == [3, 1, 2, 8]
    assert [told(outcome) for outcome in run_all(jobs, workers=2)] == [told(outcome) for outcome in alone]


@pytest.mark.slow
def test_a_run_whose_worker_was_killed_is_tried_once_more(meeting: Misfortunes, tmp_path: Path) -> None:
    outcomes = run_all([Job(meeting("once-2"), seed) for seed in range(4)], workers=2)
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    assert [times_begun(tmp_path, seed) for seed in range(4)] == [1, 1, 2, 1]


@pytest.mark.slow
def test_a_run_that_kills_two_workers_has_failed_and_nobody_else_is_blamed(
    meeting: Misfortunes, tmp_path: Path
) -> None:
    outcomes = run_all([Job(meeting("kill-1-exit-3"), seed) for seed in range(5)], workers=2)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done", "failed", "done"]
    assert outcomes[1].error == "its worker died in 2 tries: killed by SIGKILL (out of memory?)"
    assert outcomes[1].row == {}
    # A run that only asks for the end of its process has raised, and is not tried again.
    assert outcomes[3].error == "SystemExit: 3"
    assert [times_begun(tmp_path, seed) for seed in range(5)] == [1, 2, 1, 1, 1]


def test_a_run_that_raises_has_failed_with_one_line_and_the_others_go_on(
    tiny: Scenario, tmp_path: Path
) -> None:
    (tmp_path / "rtt.csv").write_text("0,nan\n1,0\n", encoding="utf-8")
    topology = {"model": "matrix", "file": str(tmp_path / "rtt.csv")}
    broken = tiny.with_settings({"network.topology": topology})
    outcomes = run_all([Job(tiny, 1), Job(broken, 1), Job(tiny, 2)], workers=1)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    assert "rtt.csv" in outcomes[1].error
    assert "\n" not in outcomes[1].error


def test_a_defect_is_told_with_its_kind(tiny: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("serfsim.simulation.Simulation.run", defect)
    answer = carry_out(scenario_text(tiny), 1, code_version())
    assert answer["status"] == "failed"
    assert answer["error"] == "ZeroDivisionError: division by zero"
    assert "in defect" in answer["traceback"]


def test_a_worker_with_other_code_refuses(tiny: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    assert carry_out(scenario_text(tiny), 1, "0.0.9+other")["status"] == OTHER_CODE
    monkeypatch.setattr("serfsim.study.sweeps.execution.code_version", lambda: "0.0.9+other")
    with pytest.raises(SweepError, match=r"a worker runs serfsim .*, this is 0\.0\.9\+other"):
        run_all([Job(tiny, 1)], workers=1)


def test_an_interruption_is_passed_on(tiny: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("serfsim.simulation.Simulation.run", pressed)
    with pytest.raises(KeyboardInterrupt):
        run_all([Job(tiny, 1)], workers=1)


def test_no_workers_are_refused_and_no_jobs_need_none(tiny: Scenario) -> None:
    with pytest.raises(SweepError, match="workers: found 0; expected a whole number of at least 1"):
        run_all([Job(tiny, 1)], workers=0)
    with pytest.raises(SweepError, match=r"workers: found 1\.5; expected a whole number of at least 1"):
        run_all([Job(tiny, 1)], workers=1.5)  # type: ignore[arg-type]
    assert run_all([]) == []


@pytest.mark.parametrize("name", ["udp_blocked", "mixed_versions", "upshift", "version_gate"])
def test_a_scenario_survives_the_way_to_a_worker(name: str) -> None:
    scenario = serfsim.load(name).with_settings(
        {"duration": "1s", "warm_up": "1s", "faults": [], "workload": []}
    )
    (outcome,) = run_all([Job(scenario, 3)], workers=1)
    assert outcome.digest == serfsim.run(scenario, seed=3).summary["digest"]


def test_a_graph_of_networkx_survives_the_way_to_a_worker(tiny: Scenario) -> None:
    import networkx as nx

    graph = nx.Graph()
    for number in range(4):
        graph.add_edge(f"node-{number:02}", f"node-{(number + 1) % 4:02}", latency=1.7 * number + 0.1)
    scenario = tiny.with_settings({"network.topology": graph})
    (outcome,) = run_all([Job(scenario, 3)], workers=1)
    assert outcome.digest == serfsim.run(scenario, seed=3).summary["digest"]


def test_captures_that_nobody_would_keep_are_not_written(tiny: Scenario) -> None:
    (outcome,) = run_all([Job(tiny.with_settings({"record.packets": "pcap"}), 1)], workers=1)
    assert outcome.digest == serfsim.run(tiny, seed=1).summary["digest"]
