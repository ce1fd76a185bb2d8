"""The intervals of every node in one searchable table.

Truth is a list of [start, end) intervals per node. Scoring asks for millions of (node, time) pairs
whether the node was inside an interval, so the intervals are merged, laid out node after node,
and searched for all pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from serfsim.results.scoring.recording import Floats, Integers, Interval

Booleans = NDArray[np.bool_]


def merge_intervals(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the union as disjoint intervals in order; touching ones merge, empty ones vanish."""
    out: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: (i.start, i.end)):
        if interval.end <= interval.start:
            continue
        if out and interval.start <= out[-1].end:
            out[-1] = Interval(out[-1].start, max(out[-1].end, interval.end))
        else:
            out.append(interval)
    return out


class Spans:
    """The intervals of all nodes; `intervals[i]` are those of node i, each [start, end)."""

    def __init__(self, intervals: Sequence[Sequence[Interval]]) -> None:
        disjoint = [merge_intervals(one) for one in intervals]
        counts = [len(one) for one in disjoint]
        self.n = len(disjoint)
        self.first: Integers = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))).astype(np.int64)
        self.node: Integers = np.repeat(np.arange(self.n, dtype=np.int64), counts)
        self.start: Floats = np.array([i.start for one in disjoint for i in one], dtype=np.float64)
        self.end: Floats = np.array([i.end for one in disjoint for i in one], dtype=np.float64)

    def count_started(self, node: Integers, t: Floats) -> Integers:
        """Count the intervals of each node that have started by each time (start <= t)."""
        low = self.first[node].copy()
        high = self.first[node + 1].copy()
        open_ = low < high
        while open_.any():
            middle = (low + high) // 2
            before = np.zeros(len(low), dtype=np.bool_)
            before[open_] = self.start[middle[open_]] <= t[open_]
            low = np.where(open_ & before, middle + 1, low)
            high = np.where(open_ & ~before, middle, high)
            open_ = low < high
        return low - self.first[node]

    def covers(self, node: Integers, t: Floats) -> Booleans:
        """Return whether each node was inside one of its intervals at each time."""
        inside = np.zeros(len(node), dtype=np.bool_)
        if len(self.start) == 0 or len(t) == 0:
            return inside
        # Few of many nodes have an interval at these times.
        meets = (self.start <= t.max()) & (self.end > t.min())
        concerned = np.zeros(self.n, dtype=np.bool_)
        concerned[self.node[meets]] = True
        rows = np.flatnonzero(concerned[node])
        count = self.count_started(node[rows], t[rows])
        rows, count = rows[count > 0], count[count > 0]
        inside[rows] = t[rows] < self.end[self.first[node[rows]] + count - 1]
        return inside

    def covered_at(self, t: float) -> Booleans:
        """Return whether each node was inside one of its intervals at time `t`, shape (n,)."""
        inside = np.zeros(self.n, dtype=np.bool_)
        inside[self.node[(self.start <= t) & (t < self.end)]] = True
        return inside

    def started_between(self, node: Integers, t0: Floats, t1: Floats) -> Booleans:
        """Return whether one of the node's intervals started in (t0, t1]."""
        if len(self.start) == 0:
            return np.zeros(len(node), dtype=np.bool_)
        return self.count_started(node, t1) > self.count_started(node, t0)

    def next_start(self, node: Integers, t: Floats) -> Floats:
        """Return when the node's next interval starts (> t), or infinity."""
        out = np.full(len(node), np.inf)
        if len(self.start) == 0:
            return out
        index = self.first[node] + self.count_started(node, t)
        some = index < self.first[node + 1]
        out[some] = self.start[index[some]]
        return out

    def nodes_starting(self, after: float, before: float) -> Integers:
        """Return the nodes, ascending, with an interval that starts within (after, before)."""
        return np.unique(self.node[(self.start > after) & (self.start < before)])

    def touches(self, start: float, end: float) -> Booleans:
        """Return whether each node was covered at any time of [start, end], shape (n,)."""
        touched = np.zeros(self.n, dtype=np.bool_)
        touched[self.node[(self.start <= end) & (self.end > start)]] = True
        return touched

    def seconds(self, start: float, end: float) -> Floats:
        """Return the seconds that each node was covered within [start, end], shape (n,)."""
        length = np.minimum(self.end, end) - np.maximum(self.start, start)
        return np.bincount(self.node, weights=np.maximum(length, 0.0), minlength=self.n).astype(np.float64)

    def changes(self, start: float, end: float) -> list[tuple[float, int, bool]]:
        """Return (t, node, covered from then on) for every change in (start, end], in order of time."""
        begun = [
            (float(t), int(i), True) for t, i in zip(self.start, self.node, strict=True) if start < t <= end
        ]
        ended = [
            (float(t), int(i), False) for t, i in zip(self.end, self.node, strict=True) if start < t <= end
        ]
        return sorted(begun + ended)
