"""Who counted whom as a member, over time.

A view is one observer's Serf member list. Here it is reduced to one bit a pair: present (alive
or leaving) or absent (failed, left, reaped, never heard of). The bits at t = 0 come from the rows
before it; from then on only rows that flip a bit matter.

| row                       | bit afterwards |
|---------------------------|----------------|
| join                      | present        |
| failed, left, left_forced | absent         |
| reap                      | absent         |
| the observer goes down    | absent, for all subjects: a restarted agent begins with an empty list |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol.events import FAILED, JOIN, LEFT, LEFT_FORCED, REAP
from serfsim.scoring.intervals import Booleans, Spans
from serfsim.scoring.recording import EventTable, Floats, Integers
from serfsim.scoring.scope import rows_of, scored_rows

VIEW_KINDS = (JOIN, FAILED, LEFT, LEFT_FORCED, REAP)
RESTART = -1  # the kind given to flips because the observer went down
CHUNK = 2_000_000  # rows before t = 0 are read in pieces of this many: a mass join may have 25 million


@dataclass
class ViewHistory:
    """`present[observer, subject]` at t = 0; then the flips, in order of time, all shape (m,).

    `appears` is the bit after the flip, `kind` the kind of the row that caused it, or RESTART.
    `failed_before`: (observer, subject, t) of pairs whose last row before t = 0 was a failed.
    The diagonal is False: a node's view of itself is left out throughout.
    """

    present: Booleans
    t: Floats
    observer: Integers
    subject: Integers
    appears: Booleans
    kind: Integers
    failed_before: tuple[Integers, Integers, Floats]

    def column(self, subject: int, t: float, flips: NDArray[np.intp]) -> Booleans:
        """Who had `subject` in view just before `t`; `flips` are the rows about it, in order."""
        now = self.present[:, subject].copy()
        earlier = flips[self.t[flips] < t]
        now[self.observer[earlier]] = self.appears[earlier]
        return now


def view_rows(events: EventTable, n: int) -> Booleans:
    """Rows that set a bit: of a view kind, about another node of this cluster."""
    rows: Booleans = np.isin(events.kind, VIEW_KINDS)
    rows &= (events.observer != events.subject) & (events.subject >= 0) & (events.subject < n)
    return rows


def began_converged(events: EventTable, n: int) -> bool:
    """Whether nobody reported a join of somebody else before t = 0, so all knew all."""
    first = int(np.searchsorted(events.t, 0.0, "left"))
    for low in range(0, first, CHUNK):
        part = rows_of(events, low, min(first, low + CHUNK))
        if (view_rows(part, n) & (part.kind == JOIN)).any():
            return False
    return n > 1


def last_kinds(
    events: EventTable, start: float, first: int, down: Spans, converged: bool
) -> tuple[NDArray[np.int8], list[EventTable]]:
    """The kind of the last row of every pair before `start` (row `first`), and the failed rows there.

    Pairs without a row hold JOIN where `converged` and both had started, else REAP.
    """
    n = down.n
    begin = float(events.t[0]) if first else start
    started = np.ones(n, dtype=np.bool_)
    started[down.node[(down.start <= begin) & (down.end > start)]] = False
    known = started[:, None] & started[None, :] if converged else np.zeros((n, n), dtype=np.bool_)
    state = np.where(known, np.int8(JOIN), np.int8(REAP))
    state_flat = state.reshape(-1)
    # An agent that went down later forgets what it saw before.
    last_down = np.full(n, -np.inf)
    before = down.start <= start
    np.maximum.at(last_down, down.node[before], down.start[before])
    forgetful = last_down > begin
    state[forgetful] = REAP
    failed = []
    for low in range(0, first, CHUNK):
        part = rows_of(events, low, min(first, low + CHUNK))
        valid = view_rows(part, n)
        if forgetful.any():
            valid &= part.t > last_down[part.observer]
        pair = part.observer[valid].astype(np.int64) * n + part.subject[valid]
        # Where a pair occurs more than once, the last assignment stays: rows are in order of time.
        state_flat[pair] = part.kind[valid]
        rows = valid & (part.kind == FAILED)
        if rows.any():
            failed.append(
                EventTable(
                    part.t[rows], part.observer[rows], part.subject[rows], part.kind[rows], part.detail[rows]
                )
            )
    return state, failed


def failed_pairs(state: NDArray[np.int8], failed: list[EventTable]) -> tuple[Integers, Integers, Floats]:
    """Pairs still failed at t = 0 by their own failed row, with its time."""
    none = np.zeros(0, dtype=np.int64)
    if not failed:
        return none, none, np.zeros(0)
    n = len(state)
    t = np.concatenate([part.t for part in failed])
    pair = np.concatenate([part.observer.astype(np.int64) * n + part.subject for part in failed])
    still = state.reshape(-1)[pair] == FAILED
    # The last row of each pair: unique() keeps the first, so look from behind.
    pair, index = np.unique(pair[still][::-1], return_index=True)
    return pair // n, pair % n, t[still][::-1][index]


def view_history(
    events: EventTable, down: Spans, end: float, converged_start: bool | None, start: float = 0.0
) -> ViewHistory:
    """Read the views of one run off its event table, from `start` (where t = 0 is said above) to `end`."""
    n = down.n
    first, last = scored_rows(events, end, start)
    converged = began_converged(events, n) if converged_start is None else converged_start
    state, failed = last_kinds(events, start, first, down, converged)
    present = state == JOIN
    # A stop below is written about all subjects, the node itself too: that row must flip nothing.
    np.fill_diagonal(present, False)
    after = rows_of(events, first, last)
    rows = view_rows(after, n)
    t, observer, subject, kind = after.t[rows], after.observer[rows], after.subject[rows], after.kind[rows]
    stops = (down.start > start) & (down.start <= end)
    if stops.any():
        # Every stop is written as n rows behind those of the same moment; the idle ones drop out below.
        t = np.concatenate((t, np.repeat(down.start[stops], n)))
        observer = np.concatenate((observer, np.repeat(down.node[stops], n)))
        subject = np.concatenate((subject, np.tile(np.arange(n, dtype=np.int64), int(stops.sum()))))
        kind = np.concatenate((kind, np.full(int(stops.sum()) * n, RESTART, dtype=np.int64)))
        order = np.argsort(t, kind="stable")
        t, observer, subject, kind = t[order], observer[order], subject[order], kind[order]
    flips = flipping_rows(observer * np.int64(n) + subject, kind == JOIN, present)
    return ViewHistory(
        present,
        np.asarray(t[flips], dtype=np.float64),
        observer[flips].astype(np.int64),
        subject[flips].astype(np.int64),
        kind[flips] == JOIN,
        kind[flips].astype(np.int64),
        failed_pairs(state, failed),
    )


def flipping_rows(pair: Integers, appears: Booleans, present: Booleans) -> NDArray[np.intp]:
    """Which rows change their pair's bit, given the bits before the first of them."""
    order = np.argsort(pair, kind="stable")
    sorted_pair, after = pair[order], appears[order]
    before = np.empty(len(order), dtype=np.bool_)
    before[1:] = after[:-1]
    head = np.ones(len(order), dtype=np.bool_)
    head[1:] = sorted_pair[1:] != sorted_pair[:-1]
    before[head] = present.reshape(-1)[sorted_pair[head]]
    return np.sort(order[before != after])
