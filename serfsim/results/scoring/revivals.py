"""Members that come back into a view while they are down: revenants of a stale push/pull or gossip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from serfsim.protocol.events import JOIN
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.rows import in_pieces
from serfsim.results.scoring.scored_run import ScoredRun, spread
from serfsim.results.scoring.views import RESTART, Flips, ViewHistory


def revivals(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Return `revivals` and `revived_s` over all (observer, subject) pairs, from t = 0 on.

    A revival is a join about a member that is down, at an observer that had dropped the same process of it
    (failed, left or reaped) and has not restarted since. `revived_s`: seconds until the observer drops the
    member again, its process is back, the observer stops, or the run ends.
    """
    lasted = [
        seconds
        for node, flips in history.about(joined_while_down(run, history))
        for seconds in revived(run, node, flips)
    ]
    return {"revivals": len(lasted), "revived_s": spread(lasted)}


def joined_while_down(run: ScoredRun, history: ViewHistory) -> set[int]:
    """Return the subjects of joins that came while the subject was down."""
    found: set[int] = set()
    for part in in_pieces((history.t, history.subject, history.kind)):
        rows = part.start + np.flatnonzero(history.kind[part] == JOIN)
        subject = history.subject[rows].astype(np.int64)
        found.update(np.unique(subject[run.down.covers(subject, history.t[rows])]).tolist())
    return found


def revived(run: ScoredRun, node: int, flips: Flips) -> Iterator[float]:
    """Yield the seconds of each revival of `node`."""
    own = run.down.node == node
    ends = np.minimum(run.down.end[own], run.end)
    for start, end in zip(run.down.start[own].tolist(), ends.tolist(), strict=True):
        low, high = np.searchsorted(flips.t, (start, end))
        joins = flips.observer[low:high][flips.kind[low:high] == JOIN]
        for observer in np.unique(joins).tolist():
            rows: Integers = low + np.flatnonzero(flips.observer[low:high] == observer)
            stops = run.down.start[run.down.node == observer]
            yield from _spells(flips, rows, stops, end)


def _spells(flips: Flips, rows: Integers, stops: Floats, end: float) -> Iterator[float]:
    """Yield the seconds of each revival in the `rows` of one observer and one spell of being down."""
    dropped = since = None
    for row in rows.tolist():
        t = float(flips.t[row])
        if since is not None:
            yield t - since
        if not flips.appears[row]:
            dropped, since = (None if flips.kind[row] == RESTART else t), None
        elif dropped is not None and not ((stops > dropped) & (stops <= t)).any():
            since = t
    if since is not None:
        yield end - since
