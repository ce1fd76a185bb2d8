"""The number of members that each live node sees, itself included, from its start on.

The start counts here: unlike other figures, these cover the warm-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.rows import PIECE, let_go
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.views import RESTART, ViewHistory, view_history


class Sizes:
    """The sizes of all views at a moment, (n,), moved forward through a history.

    `seen[k]`: some live node has seen k members. All that a node learns at one moment counts as one step: the
    merge of a push/pull is one change of its view.
    """

    def __init__(self, history: ViewHistory, up: Booleans) -> None:
        nobody = np.zeros(len(up), dtype=np.bool_)
        self.history = history
        self.up = up.copy()
        self.size: Integers = 1 + history.present.differing(nobody)
        self.seen = np.zeros(len(up) + 1, dtype=np.bool_)
        self.seen[self.size[self.up]] = True
        self.row = 0

    def are_complete(self) -> bool:
        """Return whether every live node sees as many members as are up."""
        return bool((self.size[self.up] == self.up.sum()).all())

    def change(self, node: int, goes_down: bool) -> None:
        """Apply a node going down or coming up."""
        self.up[node] = not goes_down
        if not goes_down:
            self.seen[self.size[node]] = True

    def start(self, up: Booleans) -> None:
        """Set the nodes that are up, all at once."""
        self.up = up
        self.seen[self.size[up]] = True

    def run_to(self, t: float, inclusive: bool = False) -> list[float]:
        """Apply all flips before `t`, or up to and including it; return moments that completed the sizes.

        The first such moment is among them.
        """
        last = int(np.searchsorted(self.history.t, t, "right" if inclusive else "left"))
        found: list[float] = []
        for part in self._pieces(last):
            found += self._take(part)
        self.row = last
        return found

    def _pieces(self, last: int) -> Iterator[slice]:
        """Yield the rows from `row` to `last` in pieces that separate no moment."""
        t, low = self.history.t, self.row
        while low < last:
            high = min(low + PIECE, last)
            if high < last:
                high = int(np.searchsorted(t, t[high], "left"))
                high = high if high > low else int(np.searchsorted(t, t[low], "right"))
            yield slice(low, high)
            let_go((t, self.history.observer, self.history.appears, self.history.kind))
            low = high

    def _take(self, rows: slice) -> list[float]:
        history = self.history
        order = np.argsort(history.observer[rows], kind="stable")
        observer, t = history.observer[rows][order].astype(np.int64), history.t[rows][order]
        total = np.cumsum(np.where(history.appears[rows][order], 1, -1))
        begins = np.concatenate(([True], observer[1:] != observer[:-1]))
        # What each row of an observer has to be added to: its size before, less the steps of those before it.
        before = np.concatenate(([0], total[:-1]))[begins]
        size = total + (self.size[observer[begins]] - before)[np.cumsum(begins) - 1]
        ends = np.flatnonzero(np.concatenate((begins[1:] | (t[1:] != t[:-1]), [True])))
        observer, t, size = observer[ends], t[ends], size[ends]
        self.seen[size[history.kind[rows][order][ends] != RESTART]] = True
        begins = np.concatenate(([True], observer[1:] != observer[:-1]))
        earlier = np.where(begins, self.size[observer], np.concatenate(([0], size[:-1])))
        complete = self._first_complete(observer, t, earlier, size)
        lasts = np.append(begins[1:], True)
        self.size[observer[lasts]] = size[lasts]
        return complete

    def _first_complete(
        self, observer: Integers, t: Floats, earlier: Integers, size: Integers
    ) -> list[float]:
        """Return the first time of these steps, from `earlier` to `size`, that completes the sizes."""
        live = int(self.up.sum())
        step = ((size == live).astype(np.int64) - (earlier == live)) * self.up[observer]
        order = np.argsort(t, kind="stable")
        right = int((self.size[self.up] == live).sum()) + np.cumsum(step[order])
        moments = t[order]
        whole = np.append(moments[1:] != moments[:-1], True) & (right == live)
        return [float(moments[np.argmax(whole)])] if whole.any() else []


def view_sizes(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Return the figures `time_to_n_s` and `unique_sizes`; `history` is that of the scored time.

    `time_to_n_s`: seconds from the join until, all members having started, every live one sees as many
    as are up; None if that never happens. `unique_sizes`: how many different sizes any live member has seen.
    """
    events, down, converged = run.recording.events, run.down, run.recording.converged_start
    starts = down.end[(down.start == -np.inf) & (down.end <= run.end)]
    begin = min(0.0, float(starts.min(initial=0.0)))
    knew_all = converged or not len(events.t) or events.t[0] >= 0.0
    if knew_all:
        begin = 0.0
    else:
        history = view_history(events, down, run.end, converged, begin)
    started = max(begin, float(starts.max(initial=begin)))
    sizes = Sizes(history, ~down.covered_at(begin))
    sizes.run_to(started)
    sizes.start(~down.covered_at(started))
    complete = [started] if sizes.are_complete() else []
    for t, node, goes_down in down.changes(started, run.end):
        complete += sizes.run_to(t)
        sizes.change(node, goes_down)
        complete += [t] if sizes.are_complete() else []
    complete += sizes.run_to(run.end, inclusive=True)
    needed = complete[0] + run.recording.warm_up if complete else None
    if complete and knew_all and complete[0] == begin:
        needed = 0.0
    return {
        "time_to_n_s": None if needed is None else max(0.0, needed),
        "unique_sizes": int(sizes.seen.sum()),
    }
