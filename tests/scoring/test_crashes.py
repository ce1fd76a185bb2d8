"""How long until a crash is noticed, and by whom it never was."""

from __future__ import annotations

import pytest

from serfsim.protocol.events import FAILED, JOIN, LEFT, REAP, SUSPECT
from tests.scoring.recorded import AFTER, BEFORE, Row, all_joined, figures

CRASH = {"down": {3: [(20.0, AFTER)]}, "crashes": [(20.0, 3)]}


def test_first_suspicion_first_and_full_detection_count_from_the_crash() -> None:
    rows = [
        (21.5, 1, SUSPECT, 3),
        (22, 0, SUSPECT, 3),
        (26, 1, FAILED, 3),
        (26.5, 0, FAILED, 3),
        (29, 2, FAILED, 3),
    ]
    found = figures(rows, **CRASH)["detection"]
    for figure, seconds in (("first_suspect_s", 1.5), ("first_s", 6.0), ("full_s", 9.0)):
        assert found[figure] == {**dict.fromkeys(("mean", "p50", "p90", "p99", "max"), seconds), "n": 1}
    assert found["missed"] == 0
    assert found["false_positives"] == 0


def test_quantiles_are_over_crashes_and_interpolate() -> None:
    # Crashes of 4 to 7 at 10, noticed by 0 after 1, 2, 3 and 10 s and a second later by 1, 2 and 3.
    rows: list[Row] = []
    for node, first in ((4, 1.0), (5, 2.0), (6, 3.0), (7, 10.0)):
        rows.append((10 + first, 0, FAILED, node))
        rows += [(11 + first, other, FAILED, node) for other in (1, 2, 3)]
    crashes = [(10.0, node) for node in range(4, 8)]
    found = figures(
        sorted(rows), nodes=8, crashes=crashes, down={node: [(10.0, AFTER)] for node in range(4, 8)}
    )["detection"]
    assert found["first_s"] == pytest.approx(
        {"mean": 4.0, "p50": 2.5, "p90": 7.9, "p99": 9.79, "max": 10.0, "n": 4}
    )
    assert found["full_s"]["mean"] == pytest.approx(5.0)
    assert found["missed"] == 0


def test_an_observer_that_never_notices_is_missed_and_leaves_full_detection_unknown() -> None:
    found = figures([(26, 0, FAILED, 3)], **CRASH)["detection"]
    assert found["missed"] == 2
    assert found["first_s"]["p50"] == 6.0
    assert found["full_s"] == {"mean": None, "p50": None, "p90": None, "p99": None, "max": None, "n": 0}


def test_without_a_crash_there_is_no_detection_time_and_nothing_missed() -> None:
    found = figures([(5, 0, SUSPECT, 3), (9, 0, FAILED, 3)])["detection"]
    assert (found["first_suspect_s"]["n"], found["first_s"]["n"], found["missed"]) == (0, 0, 0)


def test_an_observer_that_is_down_itself_owes_nothing() -> None:
    rows = [(26, 0, FAILED, 3), (27, 1, FAILED, 3)]
    down = {3: [(20.0, AFTER)], 2: [(10.0, AFTER)]}
    found = figures(rows, down=down, crashes=[(20.0, 3)])["detection"]
    assert (found["missed"], found["full_s"]["max"]) == (0, 7.0)


def test_an_observer_that_stops_before_it_could_notice_owes_nothing_either() -> None:
    rows = [(26, 0, FAILED, 3), (27, 1, FAILED, 3)]
    down = {3: [(20.0, AFTER)], 2: [(24.0, AFTER)]}
    found = figures(rows, down=down, crashes=[(20.0, 3), (24.0, 2)])["detection"]
    # Of the second crash both live observers know nothing.
    assert (found["missed"], found["first_s"]["n"], found["full_s"]["max"]) == (2, 1, 7.0)


def test_members_that_crash_together_do_not_have_to_notice_each_other() -> None:
    rows = [(26, 0, FAILED, 2), (26, 0, FAILED, 3), (27, 1, FAILED, 2), (28, 1, FAILED, 3)]
    down = {2: [(20.0, AFTER)], 3: [(20.0, AFTER)]}
    found = figures(rows, down=down, crashes=[(20.0, 2), (20.0, 3)])["detection"]
    assert (found["missed"], found["full_s"]["n"], found["full_s"]["max"]) == (0, 2, 8.0)


def test_an_observer_that_had_believed_it_failed_before_the_crash_owes_nothing() -> None:
    rows = [(10, 2, FAILED, 3), (26, 0, FAILED, 3), (27, 1, FAILED, 3)]
    found = figures(rows, **CRASH)["detection"]
    assert (found["missed"], found["false_positives"], found["full_s"]["max"]) == (0, 1, 7.0)


def test_an_observer_that_had_never_heard_of_it_owes_nothing() -> None:
    rows = [row for row in all_joined(4) if row[1] != 2] + [(26.0, 0, FAILED, 3), (27.0, 1, FAILED, 3)]
    found = figures(rows, converged=None, **CRASH)["detection"]
    assert (found["missed"], found["full_s"]["max"]) == (0, 7.0)


def test_a_crash_in_the_middle_of_a_leave_is_noticed_as_left() -> None:
    rows = [(26, 0, LEFT, 3), (27, 1, FAILED, 3), (28, 2, LEFT, 3)]
    found = figures(rows, leaves=[(19.0, 3)], **CRASH)["detection"]
    assert (found["missed"], found["full_s"]["max"]) == (0, 8.0)


def test_a_restart_ends_the_watch_and_what_comes_later_is_a_mistake_about_a_live_member() -> None:
    rows = [(22, 0, SUSPECT, 3), (24, 0, FAILED, 3), (26, 1, FAILED, 3), (27, 0, JOIN, 3), (27, 1, JOIN, 3)]
    found = figures(rows, down={3: [(20.0, 25.0)]}, crashes=[(20.0, 3)])["detection"]
    assert found["first_suspect_s"]["p50"] == 2.0
    assert found["first_s"]["p50"] == 4.0
    assert found["missed"] == 2  # 1 was too late, 2 saw nothing of it
    assert found["false_positives"] == 1
    assert found["flaps"] == 2


def test_a_member_can_crash_twice() -> None:
    rows = [(23, 0, FAILED, 3), (24, 1, FAILED, 3), (31, 0, JOIN, 3), (31, 1, JOIN, 3)]
    rows += [(45, 0, FAILED, 3), (47, 1, FAILED, 3)]
    down = {3: [(20.0, 30.0), (40.0, AFTER)], 2: [(BEFORE, AFTER)]}
    found = figures(rows, down=down, crashes=[(20.0, 3), (40.0, 3)])["detection"]
    assert (found["first_s"]["mean"], found["full_s"]["mean"]) == (4.0, 5.5)
    assert found["missed"] == 0


def test_a_graceful_leave_is_no_crash() -> None:
    rows = [(21, 0, LEFT, 3), (21, 1, LEFT, 3), (21, 2, LEFT, 3)]
    found = figures(rows, down={3: [(22.0, AFTER)]}, leaves=[(20.0, 3)])
    assert (found["detection"]["first_s"]["n"], found["detection"]["missed"]) == (0, 0)
    assert found["detection"]["false_positives"] == 0
    assert found["detection"]["query_accuracy"] == 1.0


def test_a_crash_before_the_end_of_the_warm_up_is_not_scored() -> None:
    found = figures([(5, 0, FAILED, 3)], down={3: [(-1.0, AFTER)]}, crashes=[(-1.0, 3)])["detection"]
    assert (found["first_s"]["n"], found["missed"], found["false_positives"]) == (0, 0, 0)


def test_a_crash_that_the_run_ends_too_soon_for_is_missed() -> None:
    found = figures([], down={3: [(99.0, AFTER)]}, crashes=[(99.0, 3)])["detection"]
    assert found["missed"] == 3


def test_reaping_a_member_that_had_failed_changes_nothing() -> None:
    rows = [(26, 0, FAILED, 3), (27, 1, FAILED, 3), (28, 2, FAILED, 3), (60, 0, REAP, 3)]
    found = figures(rows, **CRASH)["detection"]
    assert (found["missed"], found["full_s"]["max"]) == (0, 8.0)
