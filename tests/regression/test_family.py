"""Which figures are tested, and how runs without a value are ordered."""

from __future__ import annotations

import re

import numpy as np

from serfsim.scenario.figures import BY_TYPE, FIGURES
from serfsim.study.regression.comparison import TOLD_BY_OTHERS, family, is_tested
from tests.regression.made import NAN, runs

PINGS = BY_TYPE + "udp_ping.messages_per_node_s"
LEAVES = BY_TYPE + "udp_leave_intent.messages_per_node_s"


def names(then: dict, now: dict) -> list[str]:
    return [name for name, _, _ in family(runs(then), runs(now))]


def test_every_reason_to_leave_figures_out_is_about_some_figure() -> None:
    known = [*FIGURES, BY_TYPE + "udp_ping.bytes_per_node_s"]
    for pattern, _ in TOLD_BY_OTHERS:
        assert [name for name in known if re.fullmatch(pattern, name)], pattern


def test_a_count_and_the_same_count_per_hour_are_tested_once() -> None:
    assert is_tested("detection.flaps")
    assert not is_tested("detection.flaps_per_node_hour")
    assert not is_tested("detection.first_s.n")
    assert is_tested("detection.first_s.mean")
    assert is_tested(PINGS)
    assert not is_tested(BY_TYPE + "udp_ping.bytes_per_node_s")


def test_a_figure_that_is_the_same_in_all_runs_is_no_test() -> None:
    assert names({"detection.missed": [0, 0]}, {"detection.missed": [0, 0]}) == []
    assert names({"detection.missed": [0, 0]}, {"detection.missed": [1, 1]}) == ["detection.missed"]


def test_figures_that_order_all_runs_alike_are_tested_once() -> None:
    then = {"detection.suspicions": [3, 5], "detection.unjust_suspicions": [3, 5]}
    now = {"detection.suspicions": [4, 9], "detection.unjust_suspicions": [4, 9]}
    assert names(then, now) == ["detection.suspicions"]
    now["detection.unjust_suspicions"] = [4, 4]
    assert names(then, now) == ["detection.suspicions", "detection.unjust_suspicions"]


def test_a_run_without_a_value_is_placed_beyond_all_values() -> None:
    figures = {"coordinates.converged_s": [10.0, NAN]}
    ((_, then, now),) = family(runs(figures), runs({"coordinates.converged_s": [20.0, 30.0]}))
    assert then.tolist() == [10.0, np.inf]
    assert now.tolist() == [20.0, 30.0]


def test_a_type_of_message_that_was_not_sent_was_sent_zero_times() -> None:
    then, now = {PINGS: [1.0, 2.0]}, {PINGS: [1.5, 2.5], LEAVES: [0.1, 0.2]}
    found = {name: (before.tolist(), after.tolist()) for name, before, after in family(runs(then), runs(now))}
    assert found[LEAVES] == ([0.0, 0.0], [0.1, 0.2])


def test_a_figure_that_only_one_side_has_is_no_test() -> None:
    then = {"detection.missed": [0, 1]}
    now = {"detection.missed": [1, 0], "detection.flaps": [1, 2]}
    assert names(then, now) == ["detection.missed"]
