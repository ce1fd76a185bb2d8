"""The membership views of all observers over time.

A view is one observer's Serf member list, reduced here to one bit per pair: present (alive
or leaving) or absent (failed, left, reaped, never heard of). The bits at t = 0 come from the rows
before it; from then on only rows that flip a bit matter.

| row                       | bit afterwards |
|---------------------------|----------------|
| join                      | present        |
| failed, left, left_forced | absent         |
| reap                      | absent         |
| the observer goes down    | absent, for all subjects: a restarted agent begins with an empty list |

`Pairs` holds a value for every pair (observer, subject). In a cluster that began converged, most
members are never reported: every running node has them in view. These share one column, and only the
others have their own: 100,000 members of which a hundred fail need 10 MB instead of 10 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol.events import FAILED, JOIN, LEFT, LEFT_FORCED, REAP
from serfsim.results.scoring.intervals import Booleans, Spans
from serfsim.results.scoring.recording import EventTable, Floats, Integers
from serfsim.results.scoring.rows import Rows, in_pieces
from serfsim.results.scoring.scored_run import is_of, pieces, rows_of, scored_rows, select


def columns_of(own: Booleans) -> tuple[Integers, int]:
    """Return the column of each subject, (n,), and the number of columns.

    Subjects in `own` have a column each, the others share column 0. If sharing saves less than half, each
    subject has its own.
    """
    n, count = len(own), int(own.sum())
    if 2 * count >= n:
        return np.arange(n, dtype=np.int64), n
    column: Integers = np.zeros(n, dtype=np.int64)
    column[own] = 1 + np.arange(count)
    return column, 1 + count


class Pairs:
    """A matrix `values[observer, column[subject]]`, shape (n, m); see `columns_of`. Excludes self-pairs."""

    def __init__(self, values: NDArray[Any], column: Integers) -> None:
        self.values = values
        self.column = column
        n, m = values.shape
        self.shares = m < n
        # Subjects that do not share a column, in column order.
        self.own: Integers = np.flatnonzero(column).astype(np.int64) if self.shares else np.arange(n)

    @property
    def flat(self) -> NDArray[Any]:
        """`values` as a flat array, which `places` index."""
        return self.values.reshape(-1)

    def places(self, observer: Integers, subject: Integers) -> Integers:
        """Return the indices of pairs in `flat`."""
        found: Integers = observer.astype(np.int64) * self.values.shape[1] + self.column[subject]
        return found

    def copy(self) -> Pairs:
        return Pairs(self.values.copy(), self.column)

    def equal_to(self, kind: int) -> Pairs:
        """Return a bit matrix of the values equal to `kind`; False for each node with itself."""
        found = Pairs(self.values == kind, self.column)
        found.values[self.own, self.column[self.own]] = False
        return found

    def about(self, subject: int) -> Booleans:
        """Return, in a bit matrix, the observers that have `subject` in view, (n,)."""
        found: Booleans = self.values[:, self.column[subject]].copy()
        found[subject] = False
        return found

    def of(self, observer: int) -> Booleans:
        """Return, in a bit matrix, the subjects that `observer` has in view, (n,)."""
        found: Booleans = self.values[observer, self.column]
        found[observer] = False
        return found

    def differing(self, from_bits: Booleans) -> Integers:
        """Count, for each observer of a bit matrix, the subjects whose bit differs from `from_bits`, (n,)."""
        bits = from_bits[self.own]
        differs = (self.values[:, 1:] if self.shares else self.values) != bits[None, :]
        differs[self.own, np.arange(len(self.own))] = False
        found: Integers = differs.sum(axis=1).astype(np.int64)
        if self.shares:
            alike = self.column == 0
            ups = int(from_bits[alike].sum())
            wanting, having = ups - (alike & from_bits), int(alike.sum()) - ups - (alike & ~from_bits)
            found += np.where(self.values[:, 0], having, wanting)
        return found


VIEW_KINDS = (JOIN, FAILED, LEFT, LEFT_FORCED, REAP)
RESTART = -1  # the kind of flips because the observer went down
AT_A_TIME = 1 << 18  # flips sorted by subject at a time; bounded by MOST_PASSES for very many
MOST_PASSES = 16


@dataclass
class ViewHistory:
    """The bits of (observer, subject) at t = 0, `present`, and the flips in order of time, all (m,).

    `appears` is the bit after the flip, `kind` the kind of the row that caused it, or RESTART.
    `failed_before`: (observer, subject, t) of pairs whose last row before t = 0 was a failed. `last` is
    `present` at the end. The diagonal is False: a node's view of itself is left out throughout.
    """

    present: Pairs
    t: Floats
    observer: Integers
    subject: Integers
    appears: Booleans
    kind: Integers
    failed_before: tuple[Integers, Integers, Floats]
    last: Pairs

    def about(self, subjects: Iterable[int]) -> Iterator[tuple[int, Flips]]:
        """Yield each of these subjects, ascending, with its flips."""
        wanted = np.array(sorted(subjects), dtype=np.int64)
        # Subjects per pass, so that an even spread gives AT_A_TIME flips.
        share = max(AT_A_TIME / max(1, len(self.t)), 1 / MOST_PASSES)
        step = max(1, int(len(wanted) * min(1.0, share)))
        for low in range(0, len(wanted), step):
            yield from self._about(wanted[low : low + step])

    def _about(self, subjects: Integers) -> Iterator[tuple[int, Flips]]:
        asked = np.zeros(len(self.present.column), dtype=np.bool_)
        asked[subjects] = True
        columns = (self.subject, self.t, self.observer, self.appears, self.kind)
        parts: list[list[NDArray[Any]]] = []
        for part in in_pieces(columns):
            mine = self.subject[part]
            rows = np.flatnonzero((mine >= subjects[0]) & (mine <= subjects[-1]))
            rows = rows[asked[mine[rows]]]
            parts.append([column[part][rows] for column in columns])
        # One column after the other, because they are large.
        joined = [np.concatenate([column[:0], *(found.pop(0) for found in parts)]) for column in columns]
        # numpy radix-sorts short integers.
        short = np.min_scalar_type(len(asked))
        order = np.argsort(joined[0].astype(short), kind="stable")
        for place in range(len(joined)):
            joined[place] = joined[place][order]
        about, t, observer, appears, kind = joined
        firsts, lasts = (np.searchsorted(about, subjects, side) for side in ("left", "right"))
        for subject, first, last in zip(subjects.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
            own = slice(first, last)
            yield subject, Flips(self.present.about(subject), t[own], observer[own], appears[own], kind[own])


@dataclass
class Flips:
    """The flips about one subject in order of time, all (m,); `present`: its observers before, (n,)."""

    present: Booleans
    t: Floats
    observer: Integers
    appears: Booleans
    kind: Integers

    def column(self, t: float) -> Booleans:
        """Return the observers that had the subject in view just before `t`, (n,)."""
        now = self.present.copy()
        earlier = slice(int(np.searchsorted(self.t, t)))
        now[self.observer[earlier]] = self.appears[earlier]
        return now

    def first_rows(self, t: float, until: float, appears: bool) -> Integers:
        """Return each observer's first flip to `appears` within [t, until), in order of time; no restarts."""
        low, high = np.searchsorted(self.t, (t, until))
        seen = (self.appears[low:high] == appears) & (self.kind[low:high] != RESTART)
        rows = low + np.flatnonzero(seen)
        first = np.zeros(len(self.present), dtype=np.int64)
        first[self.observer[rows][::-1]] = rows[::-1]  # the last assignment per observer wins
        found: Integers = rows[first[self.observer[rows]] == rows]
        return found


def view_rows(events: EventTable, n: int) -> Booleans:
    """Mark the rows that set a bit: of a view kind, about another node of this cluster."""
    return is_of(events.kind, VIEW_KINDS) & about_others(events, n)


def about_others(events: EventTable, n: int) -> Booleans:
    """Mark the rows about another node of this cluster than the observer."""
    rows: Booleans = (events.observer != events.subject) & (events.subject >= 0) & (events.subject < n)
    return rows


def rows_of_pairs(events: EventTable, n: int, kinds: Sequence[int], having: Sequence[int]) -> Integers:
    """Return the row numbers of `kinds`, ascending, about pairs that have a row of a kind in `having`.

    A mass join gives millions of rows about pairs that most figures do not need.
    """
    own = np.zeros(n, dtype=np.bool_)
    for part in pieces(events):
        own[part.subject[is_of(part.kind, having) & about_others(part, n)]] = True
    column, m = columns_of(own)
    pairs = Pairs(np.zeros((n, m), dtype=np.bool_), column)
    concerned = pairs.flat
    for part in pieces(events) if own.any() else ():
        rows = np.flatnonzero(is_of(part.kind, having) & about_others(part, n))
        concerned[pairs.places(part.observer[rows], part.subject[rows])] = True
    found, low = [np.zeros(0, dtype=np.int64)], 0
    for part in pieces(events) if own.any() else ():
        rows = np.flatnonzero(is_of(part.kind, kinds) & about_others(part, n))
        found.append(low + rows[concerned[pairs.places(part.observer[rows], part.subject[rows])]])
        low += len(part.t)
    return np.concatenate(found)


def began_converged(events: EventTable, n: int) -> bool:
    """Return True if no node reported another's join before t = 0, so all nodes began with full views."""
    first = int(np.searchsorted(events.t, 0.0, "left"))
    for part in pieces(rows_of(events, 0, first)):
        if (view_rows(part, n) & (part.kind == JOIN)).any():
            return False
    return n > 1


def last_kinds(
    events: EventTable, start: float, first: int, last: int, down: Spans, converged: bool
) -> tuple[Pairs, list[EventTable]]:
    """Return the kind of every pair's last row before `start` (row `first`), and the failed rows there.

    Pairs without a row hold JOIN if `converged` and both had started, else REAP. Subjects without a row
    before `last` that never went down since the first one share a column.
    """
    n = down.n
    begin = float(events.t[0]) if first else start
    started = np.ones(n, dtype=np.bool_)
    started[down.node[(down.start <= begin) & (down.end > start)]] = False
    own = ~started
    own[down.node[down.start > begin]] = True
    if converged:
        for part in pieces(rows_of(events, 0, last)):
            own[part.subject[view_rows(part, n)]] = True
    column, m = columns_of(own if converged else np.ones(n, dtype=np.bool_))
    state = Pairs(np.full((n, m), np.int8(REAP)), column)
    if converged:
        joined = np.ones(m, dtype=np.bool_)
        joined[column[~started]] = False
        state.values[np.ix_(started, joined)] = JOIN
    # An agent that went down later forgets what it saw before.
    last_down = np.full(n, -np.inf)
    before = down.start <= start
    np.maximum.at(last_down, down.node[before], down.start[before])
    forgetful = last_down > begin
    state.values[forgetful] = REAP
    failed = []
    for part in pieces(rows_of(events, 0, first)):
        valid = view_rows(part, n)
        if forgetful.any():
            valid &= part.t > last_down[part.observer]
        # If a pair occurs more than once, the last assignment wins: rows are in order of time.
        state.flat[state.places(part.observer[valid], part.subject[valid])] = part.kind[valid]
        rows = valid & (part.kind == FAILED)
        if rows.any():
            failed.append(select(part, rows))
    return state, failed


def failed_pairs(state: Pairs, failed: list[EventTable]) -> tuple[Integers, Integers, Floats]:
    """Return the pairs still failed at t = 0 by their own failed row, with its time."""
    none = np.zeros(0, dtype=np.int64)
    if not failed:
        return none, none, np.zeros(0)
    n = len(state.column)
    t = np.concatenate([part.t for part in failed])
    pair = np.concatenate([part.observer.astype(np.int64) * n + part.subject for part in failed])
    still = state.flat[state.places(pair // n, pair % n)] == FAILED
    # The last row of each pair: unique() keeps the first, so reverse.
    pair, index = np.unique(pair[still][::-1], return_index=True)
    return pair // n, pair % n, t[still][::-1][index]


def view_history(
    events: EventTable, down: Spans, end: float, converged_start: bool | None, start: float = 0.0
) -> ViewHistory:
    """Build the views of one run from its event table, from `start` (t = 0 in `ViewHistory`) to `end`."""
    n = down.n
    first, last = scored_rows(events, end, start)
    converged = began_converged(events, n) if converged_start is None else converged_start
    state, failed = last_kinds(events, start, first, last, down, converged)
    failed_before = failed_pairs(state, failed)
    # A stop below covers all subjects, the node itself included, which must not flip.
    present = state.equal_to(JOIN)
    del state
    now = present.copy()
    flips = Rows((np.float64, np.int32, np.int32, np.bool_, np.int8))
    stops = np.flatnonzero((down.start > start) & (down.start <= end))
    stops = stops[np.argsort(down.start[stops], kind="stable")]
    after = rows_of(events, first, last)
    # A stop follows the rows of the same time.
    places = np.searchsorted(after.t, down.start[stops], "right")
    low = 0
    for stop, place in zip(stops.tolist(), places.tolist(), strict=True):
        _add_flips(flips, rows_of(after, low, place), now)
        _add_stop(flips, float(down.start[stop]), int(down.node[stop]), now)
        low = place
    _add_flips(flips, rows_of(after, low, len(after.t)), now)
    t, observer, subject, appears, kind = flips.columns()
    return ViewHistory(present, t, observer, subject, appears, kind, failed_before, now)


def _add_flips(flips: Rows, events: EventTable, now: Pairs) -> None:
    """Append the rows that change their pair's bit in `now`, and change it."""
    n, flat = len(now.column), now.flat
    for part in pieces(events):
        rows = np.flatnonzero(view_rows(part, n))
        pair = now.places(part.observer[rows], part.subject[rows])
        appears = part.kind[rows] == JOIN
        # A pair flips only if some row differs from its current bit; most do not.
        chosen = np.flatnonzero(flat[pair] != appears)
        if not len(chosen):
            continue
        hot = np.sort(pair[chosen].astype(np.min_scalar_type(len(flat))))
        flat[pair[chosen]] = appears[chosen]
        several = np.unique(np.concatenate((hot[1:][hot[1:] == hot[:-1]], pair[flat[pair] != appears])))
        if len(several):
            # Pairs with several relevant rows: restore the bit and go row by row.
            is_one = several[np.minimum(np.searchsorted(several, pair), len(several) - 1)] == pair
            back = chosen[is_one[chosen]]
            flat[pair[back]] = ~appears[back]
            those = np.flatnonzero(is_one)
            flipping = those[flipping_rows(pair[those], appears[those], flat)]
            flat[pair[those]] = appears[those]  # the last row of each pair wins
            chosen = np.sort(np.concatenate((chosen[~is_one[chosen]], flipping)))
        rows = rows[chosen]
        flips.append(
            (part.t[rows], part.observer[rows], part.subject[rows], appears[chosen], part.kind[rows])
        )


def _add_stop(flips: Rows, t: float, node: int, now: Pairs) -> None:
    """Append the flips of node `node` going down: it forgets all members."""
    gone = np.flatnonzero(now.of(node))
    now.values[node] = False
    flips.append(
        (
            np.full(len(gone), t),
            np.full(len(gone), node),
            gone,
            np.zeros(len(gone), dtype=np.bool_),
            np.full(len(gone), RESTART),
        )
    )


def flipping_rows(pair: Integers, appears: Booleans, present: Booleans) -> NDArray[np.intp]:
    """Return the rows that change their pair's bit; `present` holds the bits before the first of them."""
    order = np.argsort(pair, kind="stable")
    sorted_pair, after = pair[order], appears[order]
    before = np.empty(len(order), dtype=np.bool_)
    before[1:] = after[:-1]
    head = np.ones(len(order), dtype=np.bool_)
    head[1:] = sorted_pair[1:] != sorted_pair[:-1]
    before[head] = present[sorted_pair[head]]
    return np.sort(order[before != after])
