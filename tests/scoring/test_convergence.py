"""Until all live nodes hold the true view, and who does not at the end."""

from __future__ import annotations

import pytest

from serfsim.protocol.events import FAILED, JOIN, LEFT, REAP
from tests.scoring.recorded import AFTER, BEFORE, Row, all_joined, figures


def convergence(*arguments: object, **options: object) -> tuple[float | None, int]:
    found = figures(*arguments, **options)["convergence"]
    return found["one_view_s"], found["views_disagreeing"]


def test_a_cluster_that_is_of_one_mind_from_the_start_needs_no_time() -> None:
    assert convergence([]) == (0.0, 0)
    assert convergence(all_joined(4), converged=None) == (0.0, 0)


def test_a_join_that_is_not_done_when_scoring_begins_counts_from_there() -> None:
    late: Row = (3.0, 2, JOIN, 0)
    rows = [row for row in all_joined(4) if (row[1], row[3]) != (2, 0)]
    assert convergence([*rows, late], converged=None) == (3.0, 0)
    assert convergence(rows, converged=None) == (None, 1)


def test_after_a_crash_it_counts_until_the_last_live_member_has_noticed() -> None:
    rows = [(26, 0, FAILED, 3), (27, 1, FAILED, 3), (29, 2, FAILED, 3)]
    crash = {"down": {3: [(20, AFTER)]}, "crashes": [(20, 3)]}
    assert convergence(rows, **crash) == (9.0, 0)
    assert convergence(rows[:2], **crash) == (None, 1)


def test_a_mistaken_view_at_the_end_is_a_disagreement_of_its_holder() -> None:
    assert convergence([(50, 0, FAILED, 3), (51, 0, FAILED, 2)]) == (None, 1)
    assert convergence([(50, 0, FAILED, 3), (51, 1, FAILED, 2)]) == (None, 2)
    # Without a fault it counts from 0: that is when the last disturbance came.
    assert convergence([(50, 0, FAILED, 3), (57, 0, JOIN, 3)]) == (57.0, 0)


def test_it_counts_from_the_end_of_the_last_fault() -> None:
    rows = [(25, 0, FAILED, 3), (67, 0, JOIN, 3)]
    assert convergence(rows, faulted={3: [(20, 60)]}) == (7.0, 0)
    # All was well again while the fault was still on: then from its beginning.
    assert convergence([(25, 0, FAILED, 3), (32, 0, JOIN, 3)], faulted={3: [(20, 60)]}) == (12.0, 0)


def test_a_leave_ends_in_one_view_without_the_member() -> None:
    rows = [(21, 0, LEFT, 3), (21, 1, LEFT, 3), (24, 2, LEFT, 3)]
    assert convergence(rows, down={3: [(23, AFTER)]}, leaves=[(20, 3)]) == (1.0, 0)


def test_a_member_that_starts_late_must_be_seen_and_must_see() -> None:
    others = [row for row in all_joined(4) if 3 not in (row[1], row[3])]
    rows: list[Row] = [(41.0, i, JOIN, 3) for i in range(3)] + [(42.0, 3, JOIN, i) for i in range(3)]
    late = {"down": {3: [(BEFORE, 40)]}, "converged": None}
    assert convergence([*others, *rows], **late) == (2.0, 0)
    assert convergence([*others, *rows[:-1]], **late) == (None, 1)


@pytest.mark.parametrize("converged", [True, None])
def test_a_member_that_restarts_begins_with_an_empty_view(converged: bool | None) -> None:
    before = [] if converged else all_joined(4)
    noticed: list[Row] = [(25.0, i, FAILED, 3) for i in range(3)]
    again: list[Row] = [(31.0, i, JOIN, 3) for i in range(3)] + [(32.0, 3, JOIN, i) for i in range(3)]
    restart = {"down": {3: [(20, 30)]}, "crashes": [(20, 3)], "converged": converged}
    assert convergence([*before, *noticed, *again], **restart) == (2.0, 0)
    assert convergence([*before, *noticed, *again[:3]], **restart) == (None, 1)
    # Too short to be noticed by the others, who need no second join.
    assert convergence([*before, *again[3:]], **restart) == (2.0, 0)


def test_who_is_down_at_the_end_disagrees_with_nobody() -> None:
    rows = [(50, 3, FAILED, 0), (66, 0, FAILED, 3), (67, 1, FAILED, 3), (68, 2, FAILED, 3), (90, 0, REAP, 3)]
    assert convergence(rows, down={3: [(60, AFTER)]}, crashes=[(60, 3)]) == (8.0, 0)


def stuck(*arguments: object, **options: object) -> int:
    count: int = figures(*arguments, **options)["convergence"]["members_stuck_dead"]
    return count


def test_a_live_member_that_another_dropped_and_lacks_at_the_end_is_stuck_dead() -> None:
    dropped = [(50, 0, FAILED, 3), (51, 1, FAILED, 3), (52, 1, LEFT, 2)]
    assert stuck(dropped) == 2  # members, however many observers hold each to be dead
    assert stuck([*dropped, (60, 0, JOIN, 3), (61, 1, JOIN, 3)]) == 1
    assert stuck([*dropped, (60, 0, JOIN, 3)]) == 2
    assert stuck([*dropped, (90, 0, REAP, 3)]) == 2  # forgetting a live member does not bring it back
    assert stuck([(-5, 0, FAILED, 3)]) == 1  # dropped before scoring began


def test_nobody_is_stuck_dead_who_is_down_or_was_never_known() -> None:
    dead = [(50, 0, FAILED, 3), (51, 1, FAILED, 3)]
    assert stuck(dead, down={3: [(40, AFTER)]}, crashes=[(40, 3)]) == 0
    # Dropped while it was down, and not taken back after its restart.
    assert stuck(dead, down={3: [(40, 60)]}, crashes=[(40, 3)]) == 1
    # The observers that dropped it are down, or have forgotten it by a restart.
    assert stuck(dead, down={0: [(60, AFTER)], 1: [(60, 70)]}, crashes=[(60, 0), (60, 1)]) == 0
    others = [row for row in all_joined(4) if 3 not in (row[1], row[3])]
    assert stuck(others, down={3: [(BEFORE, 40)]}, converged=None) == 0
