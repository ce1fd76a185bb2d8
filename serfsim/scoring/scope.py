"""What is scored: the time from 0 to the end of the run, and who was up in it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from serfsim.scoring.intervals import Spans
from serfsim.scoring.recording import EventTable, Floats, Recording


class Scope:
    """One recording made ready for scoring.

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
        """The scored rows of these kinds, in order of time."""
        return select(self.after, np.isin(self.after.kind, kinds))

    @cached_property
    def up_seconds(self) -> Floats:
        """How long each node was up during the scored time, shape (n,)."""
        return self.end - self.down.seconds(0.0, self.end)

    @cached_property
    def node_seconds(self) -> float:
        return float(self.up_seconds.sum())

    @cached_property
    def pair_seconds(self) -> float:
        """Seconds in which both of an ordered pair of nodes were up, over all pairs."""
        total, last = 0.0, 0.0
        up = self.n - int(self.down.covered_at(0.0).sum())
        for t, _, goes_down in self.down.changes(0.0, self.end):
            total += up * (up - 1) * (t - last)
            up += -1 if goes_down else 1
            last = t
        return total + up * (up - 1) * (self.end - last)


def scored_rows(events: EventTable, end: float, start: float = 0.0) -> tuple[int, int]:
    """(first, last + 1) of the rows with start <= t <= end."""
    return int(np.searchsorted(events.t, start, "left")), int(np.searchsorted(events.t, end, "right"))


def rows_of(events: EventTable, first: int, last: int) -> EventTable:
    """Rows first .. last - 1, without copying."""
    part = slice(first, last)
    return EventTable(
        events.t[part], events.observer[part], events.subject[part], events.kind[part], events.detail[part]
    )


def select(events: EventTable, rows: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> EventTable:
    return EventTable(
        events.t[rows], events.observer[rows], events.subject[rows], events.kind[rows], events.detail[rows]
    )
