"""A recording prepared for scoring, selections of its events, and summary statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from serfsim.results.scoring.intervals import Booleans, Spans
from serfsim.results.scoring.recording import EventTable, Floats, Integers, Recording
from serfsim.results.scoring.rows import in_pieces


class ScoredRun:
    """One recording prepared for scoring.

    `end`: the last scored second. `after`: the rows of the event table with 0 <= t <= end.
    `down`, `faulted`: the truth as `Spans`.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.n = len(recording.names)
        stopped = recording.interrupted_at
        self.end = max(0.0, recording.duration if stopped is None else stopped)
        self.down = Spans(recording.truth.down)
        self.faulted = Spans(recording.truth.faulted)
        first, last = scored_rows(recording.events, self.end)
        self.first_row = first
        self.after = rows_of(recording.events, first, last)

    def of_kind(self, *kinds: int) -> EventTable:
        """Return the scored rows of these kinds, in order of time."""
        return select(self.after, rows_of_kind(self.after, kinds))

    @cached_property
    def up_seconds(self) -> Floats:
        """Seconds that each node was up during the scored time, shape (n,)."""
        return self.end - self.down.seconds(0.0, self.end)

    @cached_property
    def node_seconds(self) -> float:
        return float(self.up_seconds.sum())

    @cached_property
    def pair_seconds(self) -> float:
        """Seconds in which both nodes of an ordered pair were up, summed over all pairs."""
        total, last = 0.0, 0.0
        up = self.n - int(self.down.covered_at(0.0).sum())
        for t, _, goes_down in self.down.changes(0.0, self.end):
            total += up * (up - 1) * (t - last)
            up += -1 if goes_down else 1
            last = t
        return total + up * (up - 1) * (self.end - last)


def scored_rows(events: EventTable, end: float, start: float = 0.0) -> tuple[int, int]:
    """Return (first, last + 1) of the rows with start <= t <= end."""
    return int(np.searchsorted(events.t, start, "left")), int(np.searchsorted(events.t, end, "right"))


def rows_of(events: EventTable, first: int, last: int) -> EventTable:
    """Return rows first .. last - 1, without copying."""
    part = slice(first, last)
    return EventTable(
        events.t[part], events.observer[part], events.subject[part], events.kind[part], events.detail[part]
    )


def pieces(events: EventTable) -> Iterator[EventTable]:
    """Yield all rows in pieces."""
    for part in in_pieces((events.t, events.observer, events.subject, events.kind, events.detail)):
        yield rows_of(events, part.start, part.stop)


def is_of(kinds: Integers, wanted: Sequence[int]) -> Booleans:
    """Mark the `kinds` that are among the few `wanted`."""
    found = np.zeros(len(kinds), dtype=np.bool_)
    for kind in wanted:
        found |= kinds == kind
    return found


def rows_of_kind(events: EventTable, wanted: Sequence[int]) -> Integers:
    """Return the row numbers of these kinds, ascending."""
    found = [
        part.start + np.flatnonzero(is_of(events.kind[part], wanted)) for part in in_pieces((events.kind,))
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])


def select(events: EventTable, rows: Integers | Booleans) -> EventTable:
    return EventTable(
        events.t[rows], events.observer[rows], events.subject[rows], events.kind[rows], events.detail[rows]
    )


QUANTILES = ("mean", "p50", "p90", "p99", "max")


def spread(values: ArrayLike) -> dict[str, Any]:
    """Return {mean, p50, p90, p99, max, n} of `values`; all None but n if there are none.

    Quantiles interpolate linearly between the two nearest values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return {**dict.fromkeys(QUANTILES), "n": 0}
    p50, p90, p99 = np.quantile(array, (0.5, 0.9, 0.99))
    return {
        "mean": float(array.mean()),
        "p50": float(p50),
        "p90": float(p90),
        "p99": float(p99),
        "max": float(array.max()),
        "n": int(array.size),
    }


def ratio(numerator: float, denominator: float) -> float | None:
    """Return the quotient, or None for a zero denominator."""
    return float(numerator) / float(denominator) if denominator > 0 else None
