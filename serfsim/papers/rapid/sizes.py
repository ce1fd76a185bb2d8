"""Sizes that processes log: every second, each writes the number of members it sees, itself included."""

from __future__ import annotations

import numpy as np

from serfsim.results.scoring.recording import Floats, Integers, Recording
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.view_sizes import Sizes
from serfsim.results.scoring.views import ViewHistory
from serfsim.results.summary import scored_views


class Logs:
    """The log of every process of a run, and the changes of its view.

    `sizes`: (seconds, members) at t = 0, 1, 2 ... s, 0 while a process is down. `t`, `observer`, `subject`,
    `appears`: the changes of views, in order of time.
    """

    def __init__(self, recording: Recording) -> None:
        run = ScoredRun(recording)
        history: ViewHistory = scored_views(run)
        self.t: Floats = np.asarray(history.t)
        self.observer: Integers = np.asarray(history.observer).astype(np.int64)
        self.subject: Integers = np.asarray(history.subject).astype(np.int64)
        self.appears = np.asarray(history.appears)
        self.seconds = np.arange(int(run.end) + 1, dtype=float)
        self.down = run.down
        self.started: Floats = np.zeros(run.n)
        for node, at in zip(run.down.node.tolist(), run.down.end.tolist(), strict=True):
            self.started[node] = at if self.started[node] == 0.0 and at < run.end else self.started[node]
        replay = Sizes(history, ~run.down.covered_at(0.0))
        self.first: Integers = replay.size.copy()
        rows = []
        for second in self.seconds:
            replay.run_to(float(second), inclusive=True)
            rows.append(np.where(run.down.covered_at(float(second)), 0, replay.size))
        self.sizes: Integers = np.array(rows)

    def among(self, members: list[int]) -> Integers:
        """Return what these members logged, (seconds, members)."""
        return self.sizes[:, members]

    def unique(self) -> int:
        """Return how many different sizes were logged by processes that log every second from their start."""
        order = np.argsort(self.observer, kind="stable")
        t, step = self.t[order], np.where(self.appears[order], 1, -1)
        ends = np.searchsorted(self.observer[order], np.arange(len(self.first) + 1))
        found = np.zeros(len(self.first) + 2, dtype=np.bool_)
        for observer, first in enumerate(self.first.tolist()):
            own = slice(ends[observer], ends[observer + 1])
            sizes = np.concatenate(([first], first + np.cumsum(step[own])))
            begin = self.started[observer]
            moments = np.arange(begin if begin >= 0.0 else begin % 1.0, self.seconds[-1], 1.0)
            moments = moments[~self.down.covers(np.full(len(moments), observer), moments)]
            found[sizes[np.searchsorted(t[own], moments, "right")]] = True
        return int(found.sum())

    def removals(self, by: list[int], of: list[int]) -> Floats:
        """Return the times at which some members removed others from their views."""
        return self._times(by, of, False)

    def returns(self, by: list[int], of: list[int]) -> Floats:
        """Return the times at which some members took others back into their views."""
        return self._times(by, of, True)

    def _times(self, by: list[int], of: list[int], appears: bool) -> Floats:
        chosen = np.isin(self.observer, by) & np.isin(self.subject, of) & (self.appears == appears)
        found: Floats = self.t[chosen]
        return found

    def missing(self, by: list[int], of: list[int]) -> Floats:
        """Return how many of `of` are out of the views of `by`, a mean over views, in every second."""
        chosen = np.isin(self.observer, by) & np.isin(self.subject, of)
        step = np.where(self.appears[chosen], -1, 1)
        at = np.searchsorted(self.seconds, self.t[chosen], "left")
        counts = np.bincount(at, weights=step, minlength=len(self.seconds) + 1)
        found: Floats = np.cumsum(counts)[: len(self.seconds)] / len(by)
        return found
