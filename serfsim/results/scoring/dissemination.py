"""Speed and coverage of dissemination: user events, queries, and membership changes.

For each event or query sent in the scored time: the time until half, 99 % and all of the members
that were up when it was sent have received it. Members that went down without receiving it do not
count. The figures are means over the events that reached the share; `delivered_share` is the
share of all (event, member) pairs delivered by the end of the run, `late_share` that of the pairs delivered
later than after LATE_S, or never. Serf's internal queries do not count.

For every crash, graceful leave or start with t >= 0: each other member that was up and held the old
view should adopt the new one before the change is undone or the run ends. Members that changed at the
same time need not notice each other; one that stops before it noticed does not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from serfsim.protocol.serf.application import ACKED, ANSWERED, DELIVERED, RECEIVED, SENT
from serfsim.results.scoring.intervals import Spans
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.scored_run import ScoredRun, ratio
from serfsim.results.scoring.views import Flips, ViewHistory

SHARES = {"p50_s": 0.5, "p99_s": 0.99, "full_s": 1.0}
LATE_S = 15.0  # Alertmanager's peers wait so long for each other


@dataclass
class Spread:
    """One event or query: `took` holds the seconds to each member reached, ascending, of `wanted` members."""

    wanted: int
    took: Floats

    def until(self, share: float) -> float | None:
        """Return the seconds until a share of the wanted members was reached; None if never."""
        count = math.ceil(share * self.wanted)
        return float(self.took[count - 1]) if 0 < count <= len(self.took) else None

    def shares(self) -> dict[str, float | None]:
        """Return `until` for each of SHARES, by name."""
        return {name: self.until(share) for name, share in SHARES.items()}


def dissemination(run: ScoredRun) -> dict[str, Any]:
    """Return `events` and `queries`: p50_s, p99_s, full_s, delivered_share, sent; None without any.

    Queries also have `acked_share` and `answered_share`, of the members that a query targeted.
    """
    table = run.recording.deliveries
    order = np.argsort(table.item, kind="stable")
    bounds = np.searchsorted(table.item[order], np.arange(len(table.items) + 1))
    spreads: dict[str, list[Spread]] = {"event": [], "query": []}
    answers = np.zeros(4, dtype=np.int64)  # acked, of how many; answered, of how many
    for number, item in enumerate(table.items):
        rows = order[bounds[number] : bounds[number + 1]]
        sent = table.t[rows[table.action[rows] == SENT]]
        if item.is_internal or len(sent) == 0 or not 0.0 <= sent[0] <= run.end:
            continue
        spreads[item.kind].append(delivery_spread(run, rows, item.source, float(sent[0])))
        if item.kind == "query":
            answers += count_answers(table.action[rows], item.wants_ack)
    queries = figures(spreads["query"])
    queries["acked_share"] = ratio(int(answers[0]), int(answers[1]))
    queries["answered_share"] = ratio(int(answers[2]), int(answers[3]))
    return {"events": figures(spreads["event"]), "queries": queries}


def delivery_spread(run: ScoredRun, rows: Integers, source: int, sent: float) -> Spread:
    """Return how the event with these rows spread to the other members."""
    table = run.recording.deliveries
    rows = rows[(table.action[rows] == RECEIVED) & (table.node[rows] != source) & (table.t[rows] <= run.end)]
    first = np.full(run.n, np.inf)
    np.minimum.at(first, table.node[rows], table.t[rows])
    everybody = np.arange(run.n, dtype=np.int64)
    gone = run.down.next_start(everybody, np.full(run.n, sent))
    wanted = ~run.down.covered_at(sent) & (np.isfinite(first) | (gone > run.end))
    wanted[source] = False
    took = np.sort(first[wanted & np.isfinite(first)] - sent)
    return Spread(int(wanted.sum()), took)


def count_answers(actions: Integers, wants_ack: bool) -> Integers:
    """Return counts for one query: acks, acks expected, responses, and members targeted."""
    acks, answers, asked = (int((actions == action).sum()) for action in (ACKED, ANSWERED, DELIVERED))
    return np.array([acks, asked if wants_ack else 0, answers, asked], dtype=np.int64)


def figures(spreads: list[Spread]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, share in SHARES.items():
        times = [time for one in spreads if (time := one.until(share)) is not None]
        found[name] = float(np.mean(times)) if times else None
    delivered, wanted = sum(len(one.took) for one in spreads), sum(one.wanted for one in spreads)
    found["delivered_share"] = ratio(delivered, wanted)
    in_time = sum(int((one.took <= LATE_S).sum()) for one in spreads)
    found["late_share"] = ratio(wanted - in_time, wanted)
    found["sent"] = len(spreads) if spreads else None
    return found


# Changes of the membership -----------------------------------------------------------------------

Moments = Sequence[tuple[float, int]]
KINDS = ("crash", "leave", "start")
LEAST_S = 1e-3  # shorter times are drawn as this one, on an axis that has no 0
MOST_POINTS = 1_000  # per curve, more than it has pixels


@dataclass
class Change:
    """A crash, leave or start of a member at `t`, which `wanted` others should notice.

    `until`: when it was undone, infinity if not within the run. `shares`: see `Spread.shares`.
    """

    t: float
    node: int
    kind: str
    until: float
    wanted: int
    shares: dict[str, float | None]


class Followed:
    """The spread of all changes of one kind: how long the views that should have followed took, if they did.

    `changes` that anybody should have noticed, in `wanted` views; `followed` of these did.
    """

    def __init__(self, end: float) -> None:
        self.changes = self.wanted = self.followed = 0
        self._end = end
        self._took: list[Floats] = []
        self._within: Integers | None = None  # how many views followed within each of `edges`

    @cached_property
    def edges(self) -> Floats:
        return np.geomspace(LEAST_S, max(self._end, 1.0), MOST_POINTS)

    def take(self, spread: Spread) -> None:
        if not spread.wanted:
            return
        self.changes += 1
        self.wanted += spread.wanted
        self.followed += len(spread.took)
        self._took.append(spread.took)
        # After a mass join there is one per pair of nodes, more than a picture can show.
        if self.followed > MOST_POINTS:
            if self._within is None:
                self._within = np.zeros(MOST_POINTS, dtype=np.int64)
            for took in self._took:
                self._within += np.searchsorted(took, self.edges, "right")
            self._took = []

    def curve(self) -> tuple[Floats, Floats]:
        """Return times, from LEAST_S on, and the share of the views that had followed by then."""
        if self._within is None:
            t = np.maximum(np.sort(np.concatenate(self._took)), LEAST_S)
            return t, np.arange(1, len(t) + 1) / self.wanted
        some = self._within > 0
        return self.edges[some], self._within[some] / self.wanted


@dataclass
class MembershipChanges:
    """The changes with 0 <= t <= end in `order` of time, and the spread of those of each kind."""

    order: list[Change]
    followed: dict[str, Followed]


def changes(
    history: ViewHistory, down: Spans, crashes: Moments, leaves: Moments, end: float
) -> MembershipChanges:
    found, followed = [], {kind: Followed(end) for kind in KINDS}
    for (t, node, kind, until), spread in spreads(history, down, crashes, leaves, end):
        found.append(Change(t, node, kind, until, spread.wanted, spread.shares()))
        followed[kind].take(spread)
    found.sort(key=lambda change: (change.t, change.node, change.kind, change.until))
    return MembershipChanges(found, followed)


def spreads(
    history: ViewHistory, down: Spans, crashes: Moments, leaves: Moments, end: float
) -> Iterator[tuple[tuple[float, int, str, float], Spread]]:
    """Yield each change, (t, node, kind, until), with its spread, node by node.

    A generator, since a mass join has a time for each pair of nodes.
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
    """Return when a node that goes down at `t` or later runs again."""
    ends = down.end[(down.node == node) & (down.end > t)]
    return float(ends.min()) if len(ends) else np.inf


def next_stop(down: Spans, node: int, t: float) -> float:
    starts = down.start[(down.node == node) & (down.start >= t)]
    return float(starts.min()) if len(starts) else np.inf


def spread_of(down: Spans, flips: Flips, t: float, node: int, appears: bool, until: float) -> Spread:
    """Return how one change spread to the other members."""
    rows = flips.first_rows(t, np.nextafter(until, np.inf), appears)
    owed = (flips.column(t) != appears) & ~down.covered_at(t)
    owed[node] = False
    took = flips.t[rows][owed[flips.observer[rows]]] - t
    wanted = int(owed.sum())
    if len(took) < wanted:
        owed[flips.observer[rows]] = False
        wanted -= int(owed[down.nodes_starting(t, until)].sum())
    return Spread(wanted, took)


def membership(found: Sequence[Change]) -> dict[str, Any]:
    """Return p50_s, p99_s, full_s: time until half, 99 % and all others saw a change, mean over changes."""
    owed = [change for change in found if change.wanted]
    figures: dict[str, Any] = {}
    for name in SHARES:
        times = [time for change in owed if (time := change.shares[name]) is not None]
        figures[name] = float(np.mean(times)) if times else None
    figures["changes"] = len(owed) or None
    return figures
