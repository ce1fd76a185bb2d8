"""Graceful leaves, and how changes of the membership spread, against cases counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim.protocol.events import FAILED, JOIN, LEFT
from serfsim.results.scoring.recording import QueueSamples
from serfsim.results.scoring.traffic import is_settled
from serfsim.results.summary import score
from tests.scoring.recorded import AFTER, figures, recorded

LEAVING = [(10.5, 0, LEFT, 3), (11.0, 1, FAILED, 3), (13.0, 2, LEFT, 3)]


def left(rows: Any = LEAVING, **options: Any) -> Any:
    """Node 3 of four leaves at 10 s and is down from 12 s on."""
    return figures(rows, leaves=[(10.0, 3)], **{"down": {3: [(12.0, AFTER)]}, **options})


def test_a_leave_that_an_observer_reports_as_failed_is_counted_with_its_share() -> None:
    found = left()["detection"]
    assert found["leaves_seen_as_failed"] == 1
    assert found["leaves_seen_as_failed_share"] == pytest.approx(1 / 3)
    assert found["false_positives"] == 1  # it was still up


def test_each_observer_counts_once_for_each_leave() -> None:
    twice = [*LEAVING[:2], (12.5, 1, JOIN, 3), (12.8, 1, FAILED, 3), LEAVING[2]]
    assert left(twice)["detection"]["leaves_seen_as_failed"] == 1


def test_a_failure_after_the_leaver_is_back_is_not_about_its_leave() -> None:
    rows = [(10.5, 0, LEFT, 3), (30.5, 0, JOIN, 3), (40.0, 0, FAILED, 3)]
    found = left(rows, nodes=4, down={3: [(12.0, 30.0)]})["detection"]
    assert (found["leaves_seen_as_failed"], found["leaves_seen_as_failed_share"]) == (0, 0.0)


def test_without_a_leave_there_is_no_share_and_no_latency() -> None:
    found = figures([(5, 0, FAILED, 3)])["detection"]
    assert (found["leaves_seen_as_failed"], found["leaves_seen_as_failed_share"]) == (0, None)
    assert (found["leave_s"]["n"], found["leave_s"]["mean"]) == (0, None)


def test_leave_latency_is_until_each_observers_left() -> None:
    found = left()["detection"]["leave_s"]
    assert (found["n"], found["mean"], found["max"]) == (2, pytest.approx(1.75), pytest.approx(3.0))


def test_a_change_is_seen_when_the_view_follows_whatever_it_is_called() -> None:
    found = left()["dissemination"]["membership"]
    assert (found["p50_s"], found["p99_s"], found["full_s"], found["changes"]) == (1.0, 3.0, 3.0, 1)


def test_a_change_that_somebody_never_saw_has_no_full_time() -> None:
    found = left(LEAVING[:2])["dissemination"]["membership"]
    assert (found["p50_s"], found["full_s"]) == (1.0, None)


def test_a_start_is_a_change_and_figures_are_means_over_changes() -> None:
    back = [*LEAVING, (30.5, 0, JOIN, 3), (32.0, 1, JOIN, 3), (40.0, 2, JOIN, 3)]
    found = left(back, down={3: [(12.0, 30.0)]})["dissemination"]["membership"]
    assert (found["p50_s"], found["full_s"], found["changes"]) == (1.5, 6.5, 2)


def test_who_stops_before_it_noticed_a_crash_owes_nothing() -> None:
    rows = [(24.0, 0, FAILED, 3), (26.0, 1, FAILED, 3)]
    down = {3: [(20.0, AFTER)], 2: [(25.0, AFTER)]}
    found = figures(rows, crashes=[(20.0, 3)], down=down)["dissemination"]["membership"]
    assert (found["p50_s"], found["full_s"], found["changes"]) == (4.0, 6.0, 1)


def test_who_did_not_know_a_member_owes_nothing_when_it_leaves() -> None:
    rows = [(-9.0, 0, JOIN, 3), (10.5, 0, LEFT, 3)]
    found = left(rows, converged=False)
    assert found["dissemination"]["membership"]["full_s"] == 0.5
    assert found["detection"]["leaves_seen_as_failed_share"] == 0.0


def waiting() -> QueueSamples:
    """Two nodes, the second down at 5 s; queues: broadcasts, intents, queries, events, handoff."""
    depth = [
        [[9, 0, 0, 0, 0], [9, 0, 0, 0, 0]],
        [[4, 1, 0, 0, 0], [0, 0, 0, 2, 0]],
        [[2, 0, 0, 0, 6], [0, 0, 0, 0, 0]],
    ]
    live = np.array([[True, True], [True, True], [True, False]])
    return QueueSamples(np.array([-5.0, 0.0, 5.0]), np.array(depth), live)


def test_queues_are_judged_over_live_members_and_the_scored_time() -> None:
    run = recorded(nodes=2)
    run.queues = waiting()
    found = score(run)["queues"]
    assert found["broadcasts"] == {"mean": 2.0, "max": 4}
    assert found["intents"] == {"mean": pytest.approx(1 / 3), "max": 1}
    assert found["queries"] == {"mean": 0.0, "max": 0}
    assert found["events"] == {"mean": pytest.approx(2 / 3), "max": 2}


def test_without_samples_queues_have_no_figures() -> None:
    assert figures()["queues"]["broadcasts"] == {"mean": None, "max": None}


def test_a_cluster_is_settled_where_hardly_anybody_has_news_of_members() -> None:
    samples = waiting()
    assert is_settled(samples, 0.0) is False
    assert is_settled(samples, 1.0) is None
    samples.depth[1, 0] = (0, 0, 0, 7, 0)  # user events are no news of members
    assert is_settled(samples, 0.0) is True
