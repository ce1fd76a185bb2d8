"""When every live member sees as many members as are up, and how many different sizes were seen."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.protocol.events import FAILED, JOIN, REAP
from serfsim.results.scoring import view_sizes
from tests.scoring.recorded import AFTER, BEFORE, Row, all_joined, figures


def sizes(*arguments: object, **options: object) -> tuple[float | None, int]:
    found = figures(*arguments, **options)["convergence"]
    return found["time_to_n_s"], found["unique_sizes"]


STARTED = {node: [(BEFORE, -10.0)] for node in range(4)}


def test_members_that_begin_with_complete_views_see_n_at_once_and_nothing_else() -> None:
    assert sizes([]) == (0.0, 1)
    assert sizes([], nodes=1) == (0.0, 1)


def test_time_counts_from_the_join_until_the_last_member_has_heard_of_the_last() -> None:
    rows = all_joined(4, -9.0)
    rows[-1] = (-3.5, 3, JOIN, 2)
    assert sizes(rows, converged=False, down=STARTED) == (6.5, 3)  # 1, 3 and 4
    assert sizes(rows[:-1], converged=False, down=STARTED) == (None, 3)


def test_a_push_pull_that_tells_of_many_members_at_once_is_one_step() -> None:
    at_once = [(-9.0, 0, JOIN, other) for other in (1, 2, 3)]
    one_by_one = [(-9.0 + 0.1 * other, 0, JOIN, other) for other in (1, 2, 3)]
    assert sizes(at_once, converged=False, down=STARTED)[1] == 2
    assert sizes(one_by_one, converged=False, down=STARTED)[1] == 4


def test_a_member_that_starts_late_is_waited_for() -> None:
    early = [row for row in all_joined(4, -9.0) if 3 not in (row[1], row[3])]
    late: list[Row] = [(20.0, 3, JOIN, i) for i in range(3)] + [(21.0, i, JOIN, 3) for i in range(3)]
    down = STARTED | {3: [(BEFORE, 19.0)]}
    assert sizes([*early, *late], converged=False, down=down) == (31.0, 3)
    assert sizes(early, converged=False, down=down) == (None, 2)


def test_n_is_the_number_of_members_that_are_up() -> None:
    early = [row for row in all_joined(4, -9.0) if 3 not in (row[1], row[3])]
    down = STARTED | {3: [(BEFORE, -10.0), (12.0, AFTER)]}
    # The one that nobody heard of is down from 12 s on: then the three of them are all.
    assert sizes(early, converged=False, down=down, crashes=[(12.0, 3)]) == (22.0, 2)


def test_a_crash_a_restart_and_a_mistake_add_the_sizes_that_they_bring() -> None:
    noticed: list[Row] = [(25.0, i, FAILED, 3) for i in range(3)]
    crash = {"down": {3: [(20.0, AFTER)]}, "crashes": [(20.0, 3)]}
    assert sizes(noticed, **crash) == (0.0, 2)
    back: list[Row] = [(31.0, 3, JOIN, i) for i in range(3)] + [(31.0, i, JOIN, 3) for i in range(3)]
    assert sizes([*noticed, *back], down={3: [(20.0, 30.0)]}, crashes=[(20.0, 3)]) == (0.0, 3)
    assert sizes([(50.0, 0, FAILED, 3), (51.0, 0, FAILED, 2), (52.0, 0, REAP, 2)]) == (0.0, 3)


@pytest.mark.parametrize("seed", range(20))
def test_sizes_are_those_of_a_replay_row_by_row(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_sizes, "PIECE", 7)
    rng = np.random.default_rng(seed)
    n, rows = 5, []
    views: list[set[int]] = [set() for _ in range(n)]
    crashed, restarted = 40.0, 60.0
    moments = np.sort(rng.integers(-9, 100, size=160)).astype(float)
    seen, complete = {1}, None
    for t in np.unique(moments):
        up = [node for node in range(n) if node != 4 or not crashed <= t < restarted]
        if t >= crashed and 4 not in up:
            views[4].clear()
        for _ in range(int((moments == t).sum())):
            observer, subject = (int(node) for node in rng.choice(n, size=2, replace=False))
            kind = JOIN if rng.random() < 0.8 else FAILED
            if observer in up and t not in (crashed, restarted):
                rows.append((float(t), observer, kind, subject))
                (views[observer].add if kind == JOIN else views[observer].discard)(subject)
        seen |= {1 + len(views[node]) for node in up}
        if complete is None and all(1 + len(views[node]) == len(up) for node in up):
            complete = t + 10.0
    down = {node: [(BEFORE, -10.0)] for node in range(4)} | {4: [(BEFORE, -10.0), (crashed, restarted)]}
    found = sizes(rows, nodes=n, converged=False, down=down, crashes=[(crashed, 4)])
    assert found == (complete, len(seen))
