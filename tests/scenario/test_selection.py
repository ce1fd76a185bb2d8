"""Whom a fault hits, and when."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.native import Random
from serfsim.scenario import Scenario
from serfsim.scenario.selection import select, sides

GROUPS = {"a": {"nodes": ["node-01", "node-03"]}}


def _fault(**fault: Any) -> Any:
    return Scenario(cluster={"nodes": 10, "groups": GROUPS}, faults=[fault]).faults[0]


def _selected(selector: Any, seed: int = 1) -> list[int]:
    roster = Scenario(cluster={"nodes": 10, "groups": GROUPS}).roster()
    return select(_fault(pause=selector, **{"for": "1s"}).pause, roster, Random(seed))


def test_names_and_groups_are_put_together_in_order_and_once() -> None:
    assert _selected(["node-09", "a", "node-01"]) == [1, 3, 9]
    assert _selected("a") == [1, 3]
    assert _selected("all") == _selected(["all"]) == list(range(10))


@pytest.mark.parametrize(
    ("selector", "count"), [(4, 4), ("40%", 4), ("25%", 3), ("1%", 1), (10, 10), ("100%", 10)]
)
def test_a_number_or_a_share_picks_so_many_different_nodes(selector: Any, count: int) -> None:
    picked = _selected(selector)
    assert len(set(picked)) == len(picked) == count
    assert picked == sorted(picked)
    assert set(picked) <= set(range(10))


def test_picks_depend_on_the_stream_alone_and_reach_everybody() -> None:
    assert _selected(3, seed=5) == _selected(3, seed=5)
    assert {node for seed in range(60) for node in _selected(3, seed)} == set(range(10))


def test_the_sides_of_a_partition_never_share_a_node() -> None:
    roster = Scenario(cluster={"nodes": 10, "groups": GROUPS}).roster()
    fault = _fault(partition=[3, ["a"], "rest"])
    for seed in range(20):
        picked, named, rest = sides(fault.partition, roster, Random(seed))
        assert named == [1, 3]
        assert len(picked) == 3
        assert sorted(picked + named + rest) == list(range(10))


def test_without_every_there_is_one_occurrence() -> None:
    assert _fault(pause=1, at="5s").occurrences(60.0) == [(5.0, None)]
    assert _fault(pause=1, at="5s", **{"for": "3s"}).occurrences(60.0) == [(5.0, 8.0)]
    assert _fault(pause=1, at="5s", until="7s").occurrences(60.0) == [(5.0, 7.0)]
    assert _fault(pause=1, at="60s").occurrences(60.0) == []


def test_a_repetition_ends_with_times_or_until_or_the_run() -> None:
    repeated = {"pause": 1, "at": "5s", "every": "10s", "for": "2s"}
    assert _fault(**repeated, times=2).occurrences(60.0) == [(5.0, 7.0), (15.0, 17.0)]
    assert _fault(**repeated, until="26s").occurrences(60.0) == [(5.0, 7.0), (15.0, 17.0), (25.0, 27.0)]
    assert [start for start, _ in _fault(**repeated).occurrences(30.0)] == [5.0, 15.0, 25.0]


def test_repetitions_do_not_drift() -> None:
    entry = _fault(crash=1, at="0s", every="100ms", restart="10ms")
    assert [start for start, _ in entry.occurrences(100.0)] == [k * 0.1 for k in range(1000)]


def test_a_crash_ends_with_its_restart() -> None:
    assert _fault(crash=1, at="5s", restart="3s").occurrences(60.0) == [(5.0, 8.0)]
    assert _fault(crash=1, at="5s").occurrences(60.0) == [(5.0, None)]
    assert _fault(leave=1, at="5s", **{"for": "3s"}).occurrences(60.0) == [(5.0, 8.0)]
