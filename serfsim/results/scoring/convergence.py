"""Agreement of all live nodes on the true membership.

A pair (observer, subject) disagrees with the truth while the observer is up and its view holds a
member that is down or lacks one that is up. The run is replayed with a count of such pairs: a flip
of a view changes the count by one, a node that goes up or down changes a whole row and column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from serfsim.protocol.events import LEAVING, STATUS
from serfsim.protocol.serf.members import STATUS_LEAVING
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.rows import in_pieces
from serfsim.results.scoring.scored_run import ScoredRun, rows_of
from serfsim.results.scoring.view_sizes import view_sizes
from serfsim.results.scoring.views import RESTART, VIEW_KINDS, ViewHistory, rows_of_pairs


class Disagreement:
    """A running count of disagreeing pairs.

    `wrong[o]`: number of subjects that o has wrong. `agreed_since`: when the total last became 0, or None
    while it is not 0.
    """

    def __init__(self, history: ViewHistory, up: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
        self.history = history
        self.present = history.present.copy()
        self.up = up.copy()
        self.wrong: Integers = self.present.differing(self.up)
        self.total = int(self.wrong[self.up].sum())
        self.agreed_since: float | None = 0.0 if self.total == 0 else None
        self.row = 0

    def run_to(self, t: float, inclusive: bool = False) -> None:
        """Apply all flips before `t` (or up to and including it)."""
        last = int(np.searchsorted(self.history.t, t, "right" if inclusive else "left"))
        history = self.history
        columns = (history.t, history.observer, history.subject, history.appears)
        for part in in_pieces(columns, self.row, last):
            self._take(part)
        self.row = last

    def _take(self, rows: slice) -> None:
        observer, subject = self.history.observer[rows], self.history.subject[rows]
        appears = self.history.appears[rows]
        step = np.where(appears != self.up[subject], 1, -1)
        self.wrong += np.bincount(observer, weights=step, minlength=len(self.up)).astype(np.int64)
        self.present.flat[self.present.places(observer, subject)] = appears
        totals = np.concatenate(([self.total], self.total + np.cumsum(step * self.up[observer])))
        self.total = int(totals[-1])
        positive = np.flatnonzero(totals)
        if self.total:
            self.agreed_since = None
        elif len(positive):
            self.agreed_since = float(self.history.t[rows][positive[-1]])

    def change(self, t: float, node: int, goes_down: bool) -> None:
        """Apply node `node` going down or coming up at `t`."""
        self.up[node] = not goes_down
        step = np.where(self.present.about(node) != self.up[node], 1, -1)
        step[node] = 0
        self.wrong += step
        self.total = int(self.wrong[self.up].sum())
        if self.total:
            self.agreed_since = None
        elif self.agreed_since is None:
            self.agreed_since = t


def convergence(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Return `one_view_s`, `views_disagreeing`, `members_stuck_dead`, `views_leaving`, and `view_sizes`.

    `one_view_s`: seconds until all live nodes held the true view for good, counted from the last
    preceding change (a node going down or up, a fault's beginning or end; t = 0 at the earliest).
    None if they do not hold it at the end. A member that left gracefully but is shown as failed
    counts as absent, hence right. `views_disagreeing`: live nodes whose view is wrong at the end.
    """
    down = run.down
    state = Disagreement(history, ~down.covered_at(0.0))
    for t, node, goes_down in down.changes(0.0, run.end):
        state.run_to(t)
        state.change(t, node, goes_down)
    state.run_to(run.end, inclusive=True)
    one_view = None
    if state.agreed_since is not None:
        spans = (down, run.faulted)
        moments = np.concatenate([edge for span in spans for edge in (span.start, span.end)])
        moments = moments[(moments > 0.0) & (moments <= state.agreed_since)]
        one_view = float(state.agreed_since - moments.max(initial=0.0))
    return {
        "one_view_s": one_view,
        "views_disagreeing": int((state.up & (state.wrong > 0)).sum()),
        "members_stuck_dead": members_stuck_dead(run, history),
        "views_leaving": views_leaving(run),
        **view_sizes(run, history),
    }


def members_stuck_dead(run: ScoredRun, history: ViewHistory) -> int:
    """Count the live nodes that another live node dropped as failed or left and lacks at the end.

    A member that the other never knew, or forgot by its own restart, is unknown to it and not counted.
    """
    up, stopped = ~run.down.covered_at(run.end), np.full(run.n, -np.inf)
    before = run.down.start <= run.end
    np.maximum.at(stopped, run.down.node[before], run.down.start[before])
    stuck = np.zeros(run.n, dtype=np.bool_)

    def mark(observer: Integers, subject: Integers, t: Floats) -> None:
        lacks = ~history.last.flat[history.last.places(observer, subject)]
        stuck[subject[lacks & (t > stopped[observer]) & up[observer] & up[subject]]] = True

    mark(*history.failed_before)
    columns = (history.t, history.observer, history.subject, history.appears, history.kind)
    for part in in_pieces(columns):
        dropped = part.start + np.flatnonzero(~history.appears[part] & (history.kind[part] != RESTART))
        mark(history.observer[dropped], history.subject[dropped], history.t[dropped])
    return int(stuck.sum())


def views_leaving(run: ScoredRun) -> int:
    """Count the live nodes that at the end show as leaving a live member that is not leaving.

    Such a member counts as present, so no view disagrees, but if it fails now, these observers do
    not report a failure. Real agents reach this state when a force-leave intent reaches others but not
    the member, which then has nothing to refute: a push/pull carries the Lamport time of a status, not the
    status (Serf's delegate.go, MergeRemoteState).
    """
    events, n = run.recording.events, run.n
    events = rows_of(events, 0, int(np.searchsorted(events.t, run.end, "right")))
    rows = rows_of_pairs(events, n, (LEAVING, STATUS, *VIEW_KINDS), (LEAVING, STATUS))
    observer, subject = events.observer[rows].astype(np.int64), events.subject[rows].astype(np.int64)
    last_start, up = np.full(n, -np.inf), ~run.down.covered_at(run.end)
    ended = run.down.end <= run.end
    np.maximum.at(last_start, run.down.node[ended], run.down.end[ended])
    going = np.zeros(n, dtype=np.bool_)
    for t, node in run.recording.truth.leaves:
        going[node] |= t >= last_start[node]
    counts = (events.t[rows] >= last_start[observer]) & up[observer] & up[subject]
    rows, pair = rows[counts], (observer * n + subject)[counts]
    _, behind = np.unique(pair[::-1], return_index=True)
    last = rows[::-1][behind]
    kind, detail = events.kind[last], events.detail[last]
    leaving = (kind == LEAVING) | ((kind == STATUS) & (detail == STATUS_LEAVING))
    leaving &= ~going[events.subject[last]]
    return len(np.unique(events.observer[last][leaving]))
