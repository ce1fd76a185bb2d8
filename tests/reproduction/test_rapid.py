"""Rapid's measurements of memberlist: what processes log, the grid, and the verdicts."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from serfsim.papers.rapid import PAPER, experiment
from serfsim.papers.rapid.grid import VARIED_BOOTSTRAP, VARIED_FLIP_FLOP
from serfsim.papers.rapid.sizes import Logs
from serfsim.papers.rapid.verdicts import TIMES, UNIQUE
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import FAILS, HOLDS, NOT_JUDGED, Cell, Options


def logs_of(**more: object) -> Logs:
    """Return what 12 members log for a minute; one of them crashes after 20 s."""
    cluster = {"nodes": 12, "protocol": "memberlist", **more}
    faults = [{"crash": ["node-07"], "at": "20s"}]
    recording = (
        Simulation(Scenario(cluster=cluster, faults=faults, duration="60s", warm_up="0s")).run().recording
    )
    assert recording is not None
    return Logs(recording)


def test_processes_log_what_they_see_every_second_and_nothing_while_they_are_down() -> None:
    logs = logs_of(start={"converged": True, "spread": "1s"})
    assert logs.sizes.shape == (61, 12)
    assert set(logs.sizes[19]) == {12}
    assert set(logs.sizes[60]) == {0, 11}
    assert logs.sizes[60][7] == 0
    assert logs.unique() == 2
    others = [number for number in range(12) if number != 7]
    removals = logs.removals(others, [7])
    assert len(removals) == 11
    assert 20.0 < removals.min() <= removals.max() < 35.0
    assert list(logs.returns(others, [7])) == []
    assert (logs.missing(others, [7])[19], logs.missing(others, [7])[60]) == (0.0, 1.0)


def test_processes_that_join_log_the_sizes_on_the_way() -> None:
    logs = logs_of(start={"at": ["-3s", *["0s"] * 11]})
    assert set(logs.sizes[60]) == {0, 11}
    assert logs.sizes.max() == 12
    assert 2 <= logs.unique() <= 12


def test_every_alternative_of_an_assumption_is_a_cell_and_every_cell_an_alternative() -> None:
    assumed = {one.parameter: set(one.alternatives) for one in PAPER.assumptions if one.alternatives}
    varied: dict[str, set[str]] = {}
    for parameter, values in [*VARIED_BOOTSTRAP.items(), *VARIED_FLIP_FLOP.items()]:
        varied.setdefault(parameter, set()).update(values)
    assert varied == assumed
    cells = [cell for cell in PAPER.cells(Options()) if cell.sensitivity is not None]
    assert {cell.sensitivity for cell in cells} == {
        (name, value) for name, of in varied.items() for value in of
    }


@pytest.mark.parametrize("cell", PAPER.cells(Options()), ids=lambda cell: cell.text)
def test_every_cell_is_a_scenario_of_its_own(cell: Cell) -> None:
    made = experiment.scenario(cell, [], experiment.CONVERGED, 10.0)
    usual = experiment.scenario(Cell(N=cell["N"]), [], experiment.CONVERGED, 10.0)
    in_the_cluster = cell.sensitivity is not None and cell.sensitivity[0] not in (
        *("spread of the starts", "packets dropped", "phases of the ten"),
    )
    assert (made.cluster != usual.cluster) == in_the_cluster
    assert {member.config.suspicion_mult for member in made.roster().members} <= {4, 5}


def bootstrap(n: int, seed: int, factor: float = 1.0) -> dict[str, object]:
    own = {"experiment": "bootstrap", "N": n, "seed": seed}
    return {**own, "time_to_n_s": factor * TIMES[n], "sizes_logged": factor * UNIQUE[n]}


def outcomes(rows: list[dict[str, object]]) -> dict[str, str]:
    return {one.id: one.outcome for one in PAPER.verdicts(pd.DataFrame(rows), Options())}


def test_rows_equal_to_the_published_figures_hold_and_others_fail() -> None:
    rows = [bootstrap(n, seed) for n in TIMES for seed in (1, 2)]
    found = outcomes(rows)
    assert {found[name] for name in found if name.startswith("E16")} == {HOLDS}
    assert {found[name] for name in found if not name.startswith("E16")} == {NOT_JUDGED}
    rows = [bootstrap(n, 1, 1.0 if n == 2000 else 0.65) for n in TIMES]
    found = outcomes(rows)
    assert [found[f"E16.time.{n}"] for n in TIMES] == [FAILS, FAILS, HOLDS]
    assert found["E16.growth"] == FAILS


def test_ours_has_the_published_figures_of_the_cells_that_ran() -> None:
    assert PAPER.ours is not None
    ours = PAPER.ours(pd.DataFrame([bootstrap(1000, 1)]), Options())
    assert set(ours) == {"bootstrap.1000", "unique.1000"}
    assert math.isclose(ours["bootstrap.1000"].estimate, 45.7)
    assert set(ours) <= {one.id for one in PAPER.published}


def test_a_run_that_is_interrupted_has_no_figures() -> None:
    made = Simulation(Scenario(cluster={"nodes": 3}, duration="5m"))

    def interrupt() -> object:
        yield made.env.timeout_at(30.0)
        raise KeyboardInterrupt

    made.process(interrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        experiment.finish(made)
