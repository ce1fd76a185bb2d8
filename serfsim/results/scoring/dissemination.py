"""How fast and how fully user events and queries spread.

Of each event or query sent in the scored time: how long until half, 99 % and all of the other members
had it that were up when it was sent. Whoever went down without having had it is left out. The figures
are the means over all events, over those that came so far; `delivered_share` is the share of all
(event, member) pairs that came true by the end of the run. Serf's own queries are not counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from serfsim.protocol.serf.application import ACKED, ANSWERED, DELIVERED, RECEIVED, SENT
from serfsim.results.scoring.quantiles import ratio
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.scope import Scope

SHARES = {"p50_s": 0.5, "p99_s": 0.99, "full_s": 1.0}


@dataclass
class Spread:
    """One event or query: how long each of `wanted` members took to get it, ascending, where they did."""

    wanted: int
    took: Floats

    def until(self, share: float) -> float | None:
        """Seconds until a share of the wanted members had it."""
        count = math.ceil(share * self.wanted)
        return float(self.took[count - 1]) if 0 < count <= len(self.took) else None

    def shares(self) -> dict[str, float | None]:
        """The same for each of SHARES, by its name."""
        return {name: self.until(share) for name, share in SHARES.items()}


def dissemination(scope: Scope) -> dict[str, Any]:
    """`events` and `queries`: p50_s, p99_s, full_s, delivered_share, sent; None where there were none.

    Queries besides: `acked_share` and `answered_share`, of the members for whom a query was.
    """
    table = scope.recording.deliveries
    order = np.argsort(table.item, kind="stable")
    bounds = np.searchsorted(table.item[order], np.arange(len(table.items) + 1))
    spreads: dict[str, list[Spread]] = {"event": [], "query": []}
    answers = np.zeros(4, dtype=np.int64)  # acked, of how many; answered, of how many
    for number, item in enumerate(table.items):
        rows = order[bounds[number] : bounds[number + 1]]
        sent = table.t[rows[table.action[rows] == SENT]]
        if item.is_internal or len(sent) == 0 or not 0.0 <= sent[0] <= scope.end:
            continue
        spreads[item.kind].append(spread(scope, rows, item.source, float(sent[0])))
        if item.kind == "query":
            answers += answered(table.action[rows], item.wants_ack)
    queries = figures(spreads["query"])
    queries["acked_share"] = ratio(int(answers[0]), int(answers[1]))
    queries["answered_share"] = ratio(int(answers[2]), int(answers[3]))
    return {"events": figures(spreads["event"]), "queries": queries}


def spread(scope: Scope, rows: Integers, source: int, sent: float) -> Spread:
    """How the event whose rows these are came to the other members."""
    table = scope.recording.deliveries
    rows = rows[
        (table.action[rows] == RECEIVED) & (table.node[rows] != source) & (table.t[rows] <= scope.end)
    ]
    first = np.full(scope.n, np.inf)
    np.minimum.at(first, table.node[rows], table.t[rows])
    everybody = np.arange(scope.n, dtype=np.int64)
    gone = scope.down.next_start(everybody, np.full(scope.n, sent))
    wanted = ~scope.down.covered_at(sent) & (np.isfinite(first) | (gone > scope.end))
    wanted[source] = False
    took = np.sort(first[wanted & np.isfinite(first)] - sent)
    return Spread(int(wanted.sum()), took)


def answered(actions: Integers, wants_ack: bool) -> Integers:
    """Of one query: acks and how many were to come, answers and for how many members it was."""
    acks, answers, asked = (int((actions == action).sum()) for action in (ACKED, ANSWERED, DELIVERED))
    return np.array([acks, asked if wants_ack else 0, answers, asked], dtype=np.int64)


def figures(spreads: list[Spread]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, share in SHARES.items():
        times = [time for one in spreads if (time := one.until(share)) is not None]
        found[name] = float(np.mean(times)) if times else None
    delivered, wanted = sum(len(one.took) for one in spreads), sum(one.wanted for one in spreads)
    found["delivered_share"] = ratio(delivered, wanted)
    found["sent"] = len(spreads) if spreads else None
    return found
