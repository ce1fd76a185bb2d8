"""Rows that come in pieces, and scoring that takes them so: the same as if all were at hand at once."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np
import pytest

from serfsim.protocol.events import FAILED, JOIN, LEFT, REAP, SUSPECT
from serfsim.results.scoring.convergence import Disagreement
from serfsim.results.scoring.intervals import Spans
from serfsim.results.scoring.recording import EventTable, Interval
from serfsim.results.scoring.rows import PIECE, Rows, let_go
from serfsim.results.scoring.views import RESTART, Pairs, view_history


def dense(pairs: Pairs) -> Any:
    """All pairs, (n, n)."""
    return np.array([pairs.of(observer) for observer in range(len(pairs.column))])


def filled(rows: Rows, parts: int = 7) -> list[Any]:
    for part in range(parts):
        rows.append((np.arange(5) + 0.5 * part, np.arange(5) + part))
    return rows.columns()


def test_rows_read_back_as_they_came_whether_in_memory_or_in_a_file() -> None:
    kinds = (np.float64, np.int8)
    t, kind = filled(Rows(kinds))
    assert len(t) == 35
    assert t[34] == 7.0
    for most in (0, 8, 34):
        again = filled(Rows(kinds, most))
        assert [column.dtype for column in again] == [np.float64, np.int8]
        let_go(again)  # the pages of a file, not the rows
        np.testing.assert_array_equal(again[0], t)
        np.testing.assert_array_equal(again[1], kind)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_appends_to_files_that_only_it_has() -> None:
    rows = Rows((np.int64,), most=10)
    rows.append([np.arange(20)])
    child = os.fork()
    if child == 0:
        rows.append([np.arange(100, 120)])
        (found,) = rows.columns()
        os._exit(0 if found.tolist() == [*range(20), *range(100, 120)] else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    rows.append([np.arange(200, 220)])
    assert rows.columns()[0].tolist() == [*range(20), *range(200, 220)]


def test_without_rows_the_columns_are_empty_and_of_their_types() -> None:
    assert [(len(column), column.dtype) for column in Rows((np.float64, np.bool_)).columns()] == [
        (0, np.float64),
        (0, np.bool_),
    ]


def test_rows_stay_in_memory_where_no_file_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    t, _ = filled(Rows((np.float64, np.int8), most=8))
    assert (len(t), t[34]) == (35, 7.0)


class HalfFull:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, data: Any) -> int:
        if self.room < len(data):
            self.file.write(data[: self.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return int(self.file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize("room", [0, 3, 9, 17])
def test_no_row_is_lost_or_doubled_where_the_disk_becomes_full(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    made = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: HalfFull(made(**options), 8 * room))
    t, kind = filled(Rows((np.float64, np.int8), most=8))
    np.testing.assert_array_equal(t, np.concatenate([np.arange(5) + 0.5 * part for part in range(7)]))
    np.testing.assert_array_equal(kind, np.concatenate([np.arange(5) + part for part in range(7)]))


def step_by_step(
    events: EventTable, stops: list[tuple[float, int]], n: int, converged: bool = False
) -> tuple[Any, list[tuple[Any, ...]]]:
    """What `view_history` says, one row after the other: the bits at 0, and the flips."""
    rows = zip(*(c.tolist() for c in (events.t, events.observer, events.subject, events.kind)), strict=True)
    happened = [(t, 0, place, row) for place, (t, *row) in enumerate(rows)]
    happened += [(t, 1, place, [node, -1, RESTART]) for place, (t, node) in enumerate(stops)]
    bits, at_zero, flips = np.full((n, n), converged) & ~np.eye(n, dtype=np.bool_), None, []
    for t, _, _, (observer, subject, kind) in sorted(happened):
        if at_zero is None and t >= 0.0:
            at_zero = bits.copy()
        if kind == SUSPECT or observer == subject:
            continue
        for other in range(n) if kind == RESTART else [subject]:
            if bits[observer, other] != (kind == JOIN):
                bits[observer, other] = kind == JOIN
                flips.append((t, observer, other, kind == JOIN, kind))
    return at_zero, [flip for flip in flips if flip[0] >= 0.0]


def test_views_of_many_pieces_are_those_of_the_rows_one_after_the_other() -> None:
    rng, n, m = np.random.default_rng(5), 20, PIECE + PIECE // 3
    t = np.sort(np.round(rng.uniform(-30.0, 60.0, m), 3))
    observer, subject = rng.integers(0, n, (2, m)).astype(np.int32)
    kind = rng.choice([JOIN, JOIN, FAILED, LEFT, REAP, SUSPECT], m).astype(np.int8)
    events = EventTable(t, observer, subject, kind, np.zeros(m, dtype=np.int64))
    down = [[Interval(5.0 + node, 5.5 + node)] if node % 3 == 0 else [] for node in range(n)]
    stops = [(5.0 + node, node) for node in range(0, n, 3)]
    at_zero, flips = step_by_step(events, stops, n)
    history = view_history(events, Spans(down), 60.0, converged_start=False)
    np.testing.assert_array_equal(dense(history.present), at_zero)
    columns = (history.t, history.observer, history.subject, history.appears, history.kind)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == flips
    for subject, own in history.about((3, 11)):
        mine = [flip for flip in flips if flip[2] == subject]
        assert own.t.tolist() == [flip[0] for flip in mine]
        assert own.observer.tolist() == [flip[1] for flip in mine]
        assert own.appears.tolist() == [flip[3] for flip in mine]


@pytest.mark.parametrize("seed", range(8))
def test_members_that_nobody_reports_after_a_converged_start_cost_nothing_and_change_nothing(
    seed: int,
) -> None:
    rng, n, m = np.random.default_rng(seed), 30, 400
    t = np.sort(rng.uniform(-10.0, 60.0, m))
    reported = rng.choice(n, 6, replace=False)
    observer = rng.integers(0, n, m).astype(np.int32)
    subject = rng.choice(reported, m).astype(np.int32)
    kind = rng.choice([JOIN, FAILED, LEFT, REAP, SUSPECT], m).astype(np.int8)
    events = EventTable(t, observer, subject, kind, np.zeros(m, dtype=np.int64))
    stops = [(20.0, int(reported[0])), (30.0, int(np.setdiff1d(np.arange(n), reported)[0]))]
    down = Spans([[Interval(at, 99.0) for at, node in stops if node == own] for own in range(n)])
    at_zero, flips = step_by_step(events, stops, n, converged=True)
    history = view_history(events, down, 60.0, converged_start=True)
    assert history.present.values.shape[1] <= 8
    np.testing.assert_array_equal(dense(history.present), at_zero)
    columns = (history.t, history.observer, history.subject, history.appears, history.kind)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == flips
    last = at_zero.copy()
    for _, seer, seen, appears, _ in flips:
        last[seer, seen] = appears
    np.testing.assert_array_equal(dense(history.last), last)
    up = ~down.covered_at(60.0)
    wrong = (last != up[None, :]) & ~np.eye(n, dtype=np.bool_)
    np.testing.assert_array_equal(history.last.differing(up), wrong.sum(axis=1))
    state = Disagreement(history, ~down.covered_at(0.0))
    for at, node, goes_down in down.changes(0.0, 60.0):
        state.run_to(at)
        state.change(at, node, goes_down)
    state.run_to(60.0, inclusive=True)
    np.testing.assert_array_equal(state.wrong, wrong.sum(axis=1))


MASS_JOIN = """
import resource, sys
import numpy as np
from tests.scoring.recorded import recorded
from serfsim.protocol.events import JOIN
from serfsim.results.scoring.digest import digest
from serfsim.results.scoring.recording import EventTable, Interval
from serfsim.results.scoring.rows import Rows
from serfsim.results.summary import score

n = int(sys.argv[1])
rows = Rows((np.float64, np.int32, np.int32, np.int8, np.int64))
everybody = np.arange(n)
for turn in range(1, n):
    others = (everybody + turn) % n
    join, zero = np.full(n, JOIN), np.zeros(n, dtype=np.int64)
    rows.append((10.0 + turn / n + everybody / n / n, everybody, others, join, zero))
down = {node: [(float("-inf"), 5.0)] for node in range(n)}
one = recorded([], nodes=n, down=down, duration=60.0)
one.events, one.converged_start = EventTable(*rows.columns()), False
found = score(one)
digest(one)
assert found["convergence"]["views_disagreeing"] == 0, found["convergence"]
assert found["dissemination"]["membership"]["changes"] == n, found["dissemination"]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mib(nodes: int) -> int:
    """Of a process that scores a mass join of so many."""
    ran = subprocess.run(
        [sys.executable, "-c", MASS_JOIN, str(nodes)], capture_output=True, text=True, check=True, timeout=300
    )
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak has another unit")
def test_scoring_a_mass_join_takes_a_few_bytes_for_each_pair() -> None:
    pairs = 2400 * 2400
    assert (peak_mib(2400) - peak_mib(20)) * 2**20 < 40 * pairs  # 190 while every pass copied all rows
