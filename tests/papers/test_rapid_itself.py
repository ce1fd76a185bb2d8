"""Rapid's measurements of itself: what is run, and how it is judged."""

from __future__ import annotations

import pandas as pd
import pytest

from serfsim.papers.rapid_itself import PAPER
from serfsim.papers.rapid_itself.runs import rival_of
from serfsim.study.reproduction import FAILS, HOLDS, NOT_JUDGED, Cell, Options

CRASH = {
    "experiment": "crash",
    "N": 1000,
    "first_s": 5.0,
    "spread_s": 0.3,
    "sizes_logged": 2.0,
    "at_990": 1.0,
    "healthy_removed": 0.0,
}


def outcomes_of(rows: list[dict[str, object]]) -> dict[str, str]:
    return {one.id: one.outcome for one in PAPER.verdicts(pd.DataFrame(rows), Options())}


def test_a_crash_in_one_step_holds_and_one_in_several_does_not() -> None:
    found = outcomes_of([CRASH] * 3)
    assert found["crash.sizes"] == found["crash.healthy"] == found["crash.complete"] == HOLDS
    assert found["crash.first"] == found["unique.1000"] == NOT_JUDGED
    worse = {**CRASH, "sizes_logged": 4.0, "healthy_removed": 1.0, "at_990": 0.9}
    found = outcomes_of([worse] * 3)
    assert found["crash.sizes"] == found["crash.healthy"] == found["crash.complete"] == FAILS


def test_conflicts_grow_as_the_marks_come_closer() -> None:
    shares = [
        PAPER.run(Cell(experiment="conflicts", H=high, L=low, F=2), 1)["share"]
        for high, low in ((9, 3), (9, 4), (6, 4))
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.02
    assert shares[2] > 0.1


@pytest.mark.parametrize(
    ("parameter", "value", "setting", "expected"),
    [
        ("spreading", "to all by unicast", "gossip", False),
        ("failures", "10 of 10", "failures", 10),
        ("H and L", "7 and 3", "h", 7),
        ("copies", "6", "copies", 6.0),
    ],
)
def test_an_assumption_changes_a_setting(parameter: str, value: str, setting: str, expected: object) -> None:
    crash = Cell(experiment="crash", N=1000)
    assert rival_of(crash).get(setting) != expected
    assert rival_of(crash.varied(parameter, value))[setting] == expected
