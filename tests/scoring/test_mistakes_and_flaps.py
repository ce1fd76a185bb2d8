"""Flaps as Serf counts them, and Chen's figures for the quality of a failure detector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim.protocol.events import FAILED, JOIN, LEFT
from serfsim.results.summary import score
from tests.scoring.recorded import AFTER, BEFORE, all_joined, figures, recorded


def detection(*arguments: object, **options: object) -> dict[str, object]:
    found: dict[str, object] = figures(*arguments, **options)["detection"]
    return found


def test_a_flap_is_a_join_within_sixty_seconds_of_the_failed() -> None:
    assert detection([(10, 0, FAILED, 3), (69.9, 0, JOIN, 3)])["flaps"] == 1
    assert detection([(10, 0, FAILED, 3), (70, 0, JOIN, 3)])["flaps"] == 0
    assert detection([(10, 0, LEFT, 3), (11, 0, JOIN, 3)])["flaps"] == 0


@pytest.mark.parametrize(("timeout", "flaps"), [(60.0, 2), (1.0, 1), ([1.0, 60.0, 60.0, 60.0], 2), (0.5, 0)])
def test_a_flap_follows_the_flap_timeout_of_its_observer(timeout: Any, flaps: int) -> None:
    rows = [(10, 0, FAILED, 3), (10, 1, FAILED, 3), (10.9, 0, JOIN, 3), (30, 1, JOIN, 3)]
    run = recorded(rows)
    run.flap_timeout = np.array(timeout)
    assert score(run)["detection"]["flaps"] == flaps


def test_flaps_are_counted_for_each_observer_and_each_time() -> None:
    rows = [(10, 0, FAILED, 3), (11, 1, FAILED, 3), (12, 0, JOIN, 3), (13, 1, JOIN, 3)]
    rows += [(20, 0, FAILED, 3), (21, 0, JOIN, 3), (30, 0, FAILED, 2), (31, 1, JOIN, 2)]
    found = detection(rows)
    assert found["flaps"] == 3
    assert found["flaps_per_node_hour"] == pytest.approx(27.0)


def test_the_failed_may_lie_before_the_scored_time_but_the_join_may_not() -> None:
    assert detection([(-5, 0, FAILED, 3), (1, 0, JOIN, 3)])["flaps"] == 1
    assert detection([(-5, 0, FAILED, 3), (-1, 0, JOIN, 3)])["flaps"] == 0
    assert detection([(-65, 0, FAILED, 3), (1, 0, JOIN, 3)])["flaps"] == 0


def test_an_observer_that_restarted_has_forgotten_the_failed() -> None:
    rows = [(10, 0, FAILED, 3), (25, 0, JOIN, 1), (25, 0, JOIN, 2), (25, 0, JOIN, 3)]
    assert detection(rows, down={0: [(15, 20)]}, crashes=[(15, 0)])["flaps"] == 0


def test_a_member_that_crashes_and_comes_back_within_sixty_seconds_flaps_too() -> None:
    rows = [(25, 0, FAILED, 3), (40, 0, JOIN, 3)]
    assert detection(rows, down={3: [(20, 38)]}, crashes=[(20, 3)])["flaps"] == 1


def test_mistakes_have_a_duration_a_recurrence_and_an_accuracy() -> None:
    rows = [(10, 0, FAILED, 3), (14, 0, JOIN, 3), (50, 1, FAILED, 2), (56, 1, JOIN, 2)]
    found = detection(rows)
    # Twelve ordered pairs for 100 s; 10 s of them wrong, twice.
    assert found["mistakes"] == 2
    assert found["mistake_duration_s"] == pytest.approx(5.0)
    assert found["mistake_recurrence_s"] == pytest.approx(600.0)
    assert found["query_accuracy"] == pytest.approx(1 - 10 / 1200)
    assert found["query_accuracy"] == pytest.approx(1 - 5 / 600)


def test_without_a_mistake_accuracy_is_one_and_there_is_no_duration() -> None:
    found = detection([])
    assert (found["mistakes"], found["query_accuracy"]) == (0, 1.0)
    assert (found["mistake_duration_s"], found["mistake_recurrence_s"]) == (None, None)


def test_a_mistake_ends_with_the_run_or_when_it_becomes_true() -> None:
    rows = [(90, 0, FAILED, 3), (10, 1, FAILED, 2)]
    found = detection(sorted(rows), down={2: [(30, AFTER)]}, crashes=[(30, 2)])
    assert found["mistakes"] == 2
    # 10 s until the end, and 20 s until 2 really crashed.
    assert found["mistake_duration_s"] == pytest.approx(15.0)


def test_a_mistake_ends_when_its_observer_stops() -> None:
    found = detection([(10, 0, FAILED, 3)], down={0: [(15, 20)]}, crashes=[(15, 0)])
    assert (found["mistakes"], found["mistake_duration_s"]) == (1, 5.0)


def test_a_mistake_from_before_the_scored_time_counts_from_its_beginning() -> None:
    found = detection([(-5, 0, FAILED, 3), (4, 0, JOIN, 3)])
    assert (found["mistakes"], found["mistake_duration_s"], found["false_positives"]) == (1, 4.0, 0)


def test_a_verdict_that_was_true_when_it_fell_is_no_mistake_after_a_restart() -> None:
    rows = [(25, 0, FAILED, 3), (40, 0, JOIN, 3)]
    found = detection(rows, down={3: [(20, 30)]}, crashes=[(20, 3)])
    assert (found["mistakes"], found["query_accuracy"]) == (0, 1.0)


def test_accuracy_is_over_the_time_in_which_both_were_up() -> None:
    rows = [(70, 0, FAILED, 1), (80, 0, JOIN, 1)]
    # 3 is up for the second half only: 6 pairs for 100 s and 6 for 50 s.
    found = detection(rows, down={3: [(BEFORE, 50)]})
    assert found["query_accuracy"] == pytest.approx(1 - 10 / 900)
    assert found["mistake_recurrence_s"] == pytest.approx(900.0)


def test_views_read_from_the_joins_give_the_same_mistakes() -> None:
    rows = [*all_joined(4), (10.0, 0, FAILED, 3), (14.0, 0, JOIN, 3)]
    found = detection(rows, converged=None)
    assert (found["mistakes"], found["mistake_duration_s"]) == (1, 4.0)


def test_a_revival_is_a_join_about_a_member_that_is_down_and_had_been_dropped() -> None:
    rows = [(12, 0, FAILED, 3), (13, 1, LEFT, 3), (20, 0, JOIN, 3), (22, 1, JOIN, 3), (26, 0, FAILED, 3)]
    found = detection(rows, down={3: [(10, AFTER)]}, crashes=[(10, 3)])
    assert found["revivals"] == 2
    assert found["revived_s"]["max"] == pytest.approx(78.0)  # observer 1 holds it to the end, at 100 s
    assert found["revived_s"]["mean"] == pytest.approx((6.0 + 78.0) / 2)


def test_only_the_observer_that_dropped_the_dead_process_revives_it() -> None:
    back = [(12, 0, FAILED, 3), (31, 0, JOIN, 3)]
    assert detection(back, down={3: [(10, 30)]}, crashes=[(10, 3)])["revivals"] == 0  # it is up again
    late = [(12, 0, FAILED, 3), (25, 0, JOIN, 3)]
    assert detection(late, down={3: [(10, 30)]}, crashes=[(10, 3)])["revived_s"]["max"] == pytest.approx(5.0)
    restarted = {0: [(15, 20)], 3: [(10, AFTER)]}
    assert detection(late, down=restarted, crashes=[(10, 3), (15, 0)])["revivals"] == 0
