"""Intervals of many nodes, asked for many moments at once."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serfsim.results.scoring.intervals import Spans, merge_intervals
from serfsim.results.scoring.recording import Interval

ends = st.integers(0, 12)
intervals = st.lists(st.tuples(ends, ends).map(lambda e: Interval(float(min(e)), float(max(e)))), max_size=5)
of_nodes = st.lists(intervals, min_size=1, max_size=5)


def inside(of: list[Interval], t: float) -> bool:
    return any(i.start <= t < i.end for i in of)


@given(of_nodes)
def test_spans_answer_as_looking_at_every_interval_does(of: list[list[Interval]]) -> None:
    spans = Spans(of)
    asked = [(node, t / 2) for node in range(len(of)) for t in range(-1, 26)]
    node = np.array([node for node, _ in asked], dtype=np.int64)
    t = np.array([t for _, t in asked])
    assert spans.covers(node, t).tolist() == [inside(of[node], t) for node, t in asked]
    for moment in (-1.0, 0.0, 3.5, 12.0):
        assert spans.covered_at(moment).tolist() == [inside(one, moment) for one in of]
    seconds = [sum(inside(one, t / 4 + 0.125) for t in range(8, 40)) / 4 for one in of]
    assert np.allclose(spans.seconds(2.0, 10.0), seconds)


@given(of_nodes)
def test_changes_lead_from_the_state_at_the_start_to_every_later_one(of: list[list[Interval]]) -> None:
    spans = Spans(of)
    state = spans.covered_at(2.0)
    for t, node, covered in spans.changes(2.0, 12.0):
        assert state[node] != covered
        state[node] = covered
        assert inside(of[node], t) == covered
    assert state.tolist() == spans.covered_at(12.0).tolist()


def test_merged_intervals_are_disjoint_and_in_order() -> None:
    assert merge_intervals(
        [Interval(5, 7), Interval(1, 2), Interval(2, 3), Interval(6, 9), Interval(4, 4)]
    ) == [
        Interval(1, 3),
        Interval(5, 9),
    ]


def test_intervals_may_begin_before_all_time_and_never_end() -> None:
    spans = Spans([[Interval(-math.inf, 1.0), Interval(5.0, math.inf)], []])
    node = np.array([0, 0, 0, 1])
    assert spans.covers(node, np.array([-1e9, 3.0, 1e9, 0.0])).tolist() == [True, False, True, False]
    assert spans.next_start(node, np.array([-1.0, 5.0, 4.0, 0.0])).tolist() == [5.0, math.inf, 5.0, math.inf]
    assert spans.touches(1.0, 4.0).tolist() == [False, False]
    assert spans.touches(1.0, 5.0).tolist() == [True, False]
    assert spans.started_between(np.array([0, 0]), np.array([1.0, 5.0]), np.array([5.0, 9.0])).tolist() == [
        True,
        False,
    ]
