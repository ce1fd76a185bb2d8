"""Counts of accusations, judged by the truth of that very moment."""

from __future__ import annotations

import pytest

from serfsim.protocol.events import (
    FAILED,
    JOIN,
    REFUTE_ALIVE,
    REFUTE_DEAD,
    REFUTE_SUSPECT,
    SUSPECT,
    SUSPECT_HEARD,
    TCP_FALLBACK_ERROR,
    TCP_FALLBACK_OK,
)
from tests.scoring.recorded import AFTER, figures


def test_a_failed_about_a_member_that_is_up_is_a_false_positive_of_each_observer() -> None:
    found = figures([(10, 0, FAILED, 3), (11, 1, FAILED, 3), (12, 2, FAILED, 3)])["detection"]
    assert found["false_positives"] == 3
    assert found["false_positives_at_healthy"] == 3
    # Four nodes for 100 s are a ninth of an hour.
    assert found["false_positives_per_node_hour"] == pytest.approx(27.0)


def test_a_failed_about_a_crashed_member_is_none() -> None:
    found = figures([(25, 0, FAILED, 3)], down={3: [(20, AFTER)]}, crashes=[(20, 3)])["detection"]
    assert found["false_positives"] == 0


def test_the_verdict_is_judged_by_the_moment_it_was_raised_in() -> None:
    rows = [(19, 0, FAILED, 3), (19.5, 0, JOIN, 3), (25, 0, FAILED, 3), (31, 1, FAILED, 3)]
    found = figures(rows, down={3: [(20, 30)]}, crashes=[(20, 3)])["detection"]
    # Before the crash and after the restart; in between it was true.
    assert found["false_positives"] == 2


def test_a_member_is_down_from_the_first_moment_and_up_from_the_last() -> None:
    rows = [(20, 0, FAILED, 3), (30, 1, FAILED, 3)]
    assert figures(rows, down={3: [(20, 30)]}, crashes=[(20, 3)])["detection"]["false_positives"] == 1


def test_an_observer_under_a_fault_is_not_healthy_while_the_fault_lasts() -> None:
    rows = [(10, 0, FAILED, 3), (60, 0, FAILED, 2), (61, 1, FAILED, 2)]
    found = figures(rows, faulted={0: [(5, 50)]})["detection"]
    assert (found["false_positives"], found["false_positives_at_healthy"]) == (3, 2)


def test_lifeguards_counts_leave_out_who_was_ever_under_a_fault() -> None:
    # 3 was faulted once; 0 and 1 never were.
    rows = [(10, 0, FAILED, 3), (60, 0, FAILED, 1), (61, 3, FAILED, 1)]
    found = figures(rows, faulted={3: [(5, 15)]})["detection"]["lifeguard"]
    assert found == {"false_positives": 2, "false_positives_at_healthy": 1}


def test_what_happened_before_the_end_of_the_warm_up_or_after_the_run_does_not_count() -> None:
    rows = [
        (-1, 0, FAILED, 3),
        (-0.5, 0, JOIN, 3),
        (0, 1, FAILED, 3),
        (100, 2, FAILED, 3),
        (101, 0, FAILED, 3),
    ]
    assert figures(rows)["detection"]["false_positives"] == 2


def test_suspicions_are_those_of_own_probes_and_unjust_about_who_is_up() -> None:
    rows = [(10, 0, SUSPECT, 3), (10.1, 1, SUSPECT_HEARD, 3, 0), (30, 0, SUSPECT, 2)]
    found = figures(rows, down={2: [(25, AFTER)]}, crashes=[(25, 2)])["detection"]
    assert (found["suspicions"], found["unjust_suspicions"]) == (2, 1)


def test_refutations_of_every_kind_and_tcp_fallbacks_that_succeeded_are_counted() -> None:
    rows = [
        (1, 0, REFUTE_SUSPECT, 1),
        (2, 0, REFUTE_DEAD, 1),
        (3, 0, REFUTE_ALIVE, 1),
        (4, 1, TCP_FALLBACK_OK, 0),
        (5, 1, TCP_FALLBACK_ERROR, 0),
    ]
    found = figures(rows)["detection"]
    assert (found["refutations"], found["tcp_fallbacks"]) == (3, 1)


def test_a_subject_that_is_no_node_of_the_cluster_accuses_nobody() -> None:
    found = figures([(1, 0, FAILED, -1), (2, 0, FAILED, 9), (3, 0, SUSPECT, -1)])["detection"]
    assert (found["false_positives"], found["suspicions"], found["unjust_suspicions"]) == (0, 1, 0)


def test_an_interrupted_run_is_scored_up_to_where_it_stopped() -> None:
    rows = [(10, 0, FAILED, 3), (60, 1, FAILED, 3)]
    found = figures(rows, interrupted_at=50.0)["detection"]
    assert found["false_positives"] == 1
    assert found["false_positives_per_node_hour"] == pytest.approx(3600 / 200)


def test_a_run_that_stopped_during_the_warm_up_has_no_rates() -> None:
    found = figures([(-5, 0, FAILED, 3)], interrupted_at=-2.0)
    assert found["detection"]["false_positives"] == 0
    assert found["detection"]["false_positives_per_node_hour"] is None
    assert found["detection"]["query_accuracy"] is None
    assert found["traffic"]["bytes_per_node_s"] is None
    assert found["health"]["score"] == {"mean": None, "max": 0}
