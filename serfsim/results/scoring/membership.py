"""How changes of the membership spread: from a crash, a graceful leave or a start to each member's view.

Of every change with t >= 0 each other member that was up, and held the old view, should come to the new
one before the change is undone or the run ends. Members that changed at the same moment need not notice each
other; one that stops itself before it noticed owes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serfsim.protocol.events import FAILED, LEFT
from serfsim.results.scoring.dissemination import SHARES, Spread
from serfsim.results.scoring.intervals import Booleans, Spans
from serfsim.results.scoring.quantiles import ratio, spread
from serfsim.results.scoring.recording import EventTable
from serfsim.results.scoring.scope import Scope, select
from serfsim.results.scoring.views import Flips, ViewHistory

Moments = Sequence[tuple[float, int]]
KINDS = ("crash", "leave", "start")


@dataclass
class Change:
    """At `t` a member crashed, left or started; `wanted` others were to see it.

    `until`: when it was undone, infinity if not within the run. `shares`: see `Spread.shares`.
    """

    t: float
    node: int
    kind: str
    until: float
    wanted: int
    shares: dict[str, float | None]


def changes(history: ViewHistory, down: Spans, crashes: Moments, leaves: Moments, end: float) -> list[Change]:
    """The changes with 0 <= t <= end, in order of time."""
    found = [
        Change(t, node, kind, until, spread.wanted, spread.shares())
        for (t, node, kind, until), spread in spreads(history, down, crashes, leaves, end)
    ]
    return sorted(found, key=lambda change: (change.t, change.node, change.kind, change.until))


def spreads(
    history: ViewHistory, down: Spans, crashes: Moments, leaves: Moments, end: float
) -> Iterator[tuple[tuple[float, int, str, float], Spread]]:
    """(t, node, kind, until) of each change, and how long the others took to see it; node by node.

    After a mass join that is a time for each pair of nodes, so they come one after the other.
    """
    found = [("crash", t, node, next_start(down, node, t)) for t, node in crashes]
    found += [("leave", t, node, next_start(down, node, t)) for t, node in leaves]
    starts = zip(down.end.tolist(), down.node.tolist(), strict=True)
    found += [("start", t, node, next_stop(down, node, t)) for t, node in starts]
    wanted = sorted((t, node, kind, until) for kind, t, node, until in found if 0.0 <= t <= end and t < until)
    of_node: dict[int, list[tuple[float, int, str, float]]] = {}
    for change in wanted:
        of_node.setdefault(change[1], []).append(change)
    for node, flips in history.about(of_node):
        for t, _, kind, until in of_node[node]:
            spread = spread_of(down, flips, t, node, kind == "start", min(until, end))
            yield (t, node, kind, until if until <= end else np.inf), spread


def next_start(down: Spans, node: int, t: float) -> float:
    """When a node that goes down at `t` or later runs again."""
    ends = down.end[(down.node == node) & (down.end > t)]
    return float(ends.min()) if len(ends) else np.inf


def next_stop(down: Spans, node: int, t: float) -> float:
    starts = down.start[(down.node == node) & (down.start >= t)]
    return float(starts.min()) if len(starts) else np.inf


def spread_of(down: Spans, flips: Flips, t: float, node: int, appears: bool, until: float) -> Spread:
    """How one change came to the others."""
    rows = flips.first_rows(t, np.nextafter(until, np.inf), appears)
    owed = (flips.column(t) != appears) & ~down.covered_at(t)
    owed[node] = False
    took = flips.t[rows][owed[flips.observer[rows]]] - t
    wanted = int(owed.sum())
    if len(took) < wanted:
        owed[flips.observer[rows]] = False
        silent = np.flatnonzero(owed).astype(np.int64)
        wanted -= int((down.next_start(silent, np.full(len(silent), t)) < until).sum())
    return Spread(wanted, took)


def membership(found: Sequence[Change]) -> dict[str, Any]:
    """p50_s, p99_s, full_s: until half, 99 % and all of the others saw a change, the mean over changes."""
    owed = [change for change in found if change.wanted]
    figures: dict[str, Any] = {}
    for name in SHARES:
        times = [time for change in owed if (time := change.shares[name]) is not None]
        figures[name] = float(np.mean(times)) if times else None
    figures["changes"] = len(owed) or None
    return figures


def graceful_leaves(scope: Scope, found: Sequence[Change]) -> dict[str, Any]:
    """How graceful leaves were seen, until the leaver runs again or the run ends.

    `leaves_seen_as_failed`: (leaver, observer) pairs in which the observer reported a failure;
    `leaves_seen_as_failed_share`: of the pairs that should have seen the leave. `leave_s`: from the leave
    to each observer's left.
    """
    failed, left = scope.of_kind(FAILED), scope.of_kind(LEFT)
    wrong, owed = 0, 0
    took: list[float] = []
    for change in found:
        if change.kind != "leave":
            continue
        owed += change.wanted
        wrong += len(np.unique(about(failed, change).observer))
        told = about(left, change)
        _, first = np.unique(told.observer, return_index=True)
        took += (told.t[first] - change.t).tolist()
    return {
        "leaves_seen_as_failed": wrong,
        "leaves_seen_as_failed_share": ratio(wrong, owed),
        "leave_s": spread(took),
    }


def about(events: EventTable, change: Change) -> EventTable:
    """The rows by others about the member of a change, while it lasts."""
    rows: Booleans = (events.subject == change.node) & (events.observer != change.node)
    return select(events, rows & (events.t >= change.t) & (events.t < change.until))
