"""A sweep in short: what stands for many seeds."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from serfsim.base.errors import SerfsimError, SweepError
from serfsim.cli.sweep_table import fitting
from serfsim.scenario import Scenario
from serfsim.study.statistics import interval
from serfsim.study.sweeps import Job, Outcome, summary
from serfsim.study.sweeps.overview import figure_text, headlines, short_titles
from serfsim.study.sweeps.table import parameters_of, quantity_column, table_of

FLAPS = "detection.flaps"
FULL = "detection.full_s.p99"


def made_up(scenario: Scenario, point: int, seed: int, status: str = "done", **figures: float) -> Outcome:
    row = {FLAPS: figures.get("flaps", 0.0), FULL: figures.get("full", math.nan)}
    return Outcome(Job(scenario, seed, {"cluster.nodes": point}), f"{point}-{seed}", status, row=row)


@pytest.fixture
def table(tiny: Scenario) -> pd.DataFrame:
    rows = [made_up(tiny, 4, seed, flaps=float(seed), full=2.0 + seed) for seed in range(1, 9)]
    rows += [
        made_up(tiny, 2, 1, flaps=7.0),
        Outcome(Job(tiny, 2, {"cluster.nodes": 2}), "x", "failed", "why"),
    ]
    return table_of(rows, ["cluster.nodes"])


def test_each_point_is_a_row_in_the_order_of_the_grid(table: pd.DataFrame) -> None:
    short = summary(table, figures=[FLAPS, FULL])
    assert list(short.columns) == [
        "cluster.nodes",
        "runs",
        "failed",
        *(FLAPS, f"{FLAPS}.low", f"{FLAPS}.high"),
        *(FULL, f"{FULL}.low", f"{FULL}.high"),
    ]
    assert short["cluster.nodes"].tolist() == [4, 2]
    assert short["runs"].tolist() == [8, 1]
    assert short["failed"].tolist() == [0, 1]


def test_figures_have_their_intervals_over_the_seeds(table: pd.DataFrame) -> None:
    for statistic in ("mean", "median"):
        first, second = summary(table, 0.9, statistic, [FLAPS, FULL]).to_dict("records")
        known = interval(range(1, 9), statistic, 0.9)
        assert [first[FLAPS], first[f"{FLAPS}.low"], first[f"{FLAPS}.high"]] == [4.5, known.low, known.high]
        # One run has no interval, and a figure that no run has is no number.
        assert second[FLAPS] == 7.0
        assert second[f"{FLAPS}.high"] == math.inf
        assert math.isnan(second[FULL])


def test_without_a_confidence_there_are_no_bounds(table: pd.DataFrame) -> None:
    short = summary(table, None, "max", [FLAPS])
    assert list(short.columns) == ["cluster.nodes", "runs", "failed", FLAPS]
    assert short[FLAPS].tolist() == [8.0, 7.0]


def test_a_sweep_without_a_grid_has_one_row(tiny: Scenario) -> None:
    table = table_of([made_up(tiny, 4, seed, flaps=3.0) for seed in (1, 2)], [])
    assert summary(table, None, figures=[FLAPS]).to_dict("records") == [{"runs": 2, "failed": 0, FLAPS: 3.0}]


def test_unknown_figures_and_statistics_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(SweepError, match=r"found 'detection\.flap'; .* did you mean detection\.flaps\?"):
        summary(table, figures=["detection.flap"])
    with pytest.raises(SerfsimError, match="found 'p0'; expected mean, median"):
        summary(table, statistic="p0")


def test_what_is_no_table_of_a_sweep_is_refused() -> None:
    with pytest.raises(SweepError, match="found a table without a column 'seed'"):
        parameters_of(pd.DataFrame({"a": [1]}))


def test_headlines_are_figures_with_values_and_those_that_vary_come_first(
    tiny: Scenario, table: pd.DataFrame
) -> None:
    claims = tiny.with_settings({"claims": [f"{FLAPS} == 0", "detection.missed == 0"]})
    names = headlines(table, claims)
    assert names[0] == FLAPS  # claimed
    assert FULL in names
    assert "detection.missed" not in names  # no run has it
    table[FLAPS] = 1.0
    assert headlines(table, claims)[-1] == FLAPS


def test_titles_are_as_short_as_they_can_be() -> None:
    assert short_titles(["cluster.config.suspicion_mult", "faults[0].at"]) == {
        "cluster.config.suspicion_mult": "suspicion_mult",
        "faults[0].at": "at",
    }
    assert short_titles(["faults[0].at", "faults[1].at"]) == {
        "faults[0].at": "faults[0].at",
        "faults[1].at": "faults[1].at",
    }


def test_columns_are_left_out_where_there_is_no_room() -> None:
    columns = [("a" * 10, ["1"]), ("b", ["2" * 20]), ("c", ["3"]), ("d\nd" * 8, ["4"])]
    assert len(fitting(columns, 200, fewest=1)) == 4
    assert len(fitting(columns, 36, fewest=1)) == 3
    assert len(fitting(columns, 5, fewest=2)) == 2


def test_an_interval_without_bounds_says_so() -> None:
    point = {"x": 1.5, "x.low": -math.inf, "x.high": math.inf}
    assert figure_text(point, "x") == "1.5 (-∞ to ∞)"
    assert figure_text({"x": math.nan}, "x") == "-"


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["500ms", "1s", "2m"], {"p_s": [0.5, 1.0, 120.0]}),
        (["5%", "20%"], {"p_share": [0.05, 0.2]}),
        (["100B", "1KiB"], {"p_bytes": [100.0, 1024.0]}),
        (["10mbit"], {"p_bit_per_s": [10e6]}),
        (["lan", "wan"], {}),
        (["500ms", "none"], {}),
        ([1, 2], {}),
    ],
)
def test_quantities_of_the_grid_are_numbers_too(values: list[Any], column: dict[str, list[float]]) -> None:
    assert quantity_column("p", values) == column
