"""Lifeguard's local health score (memberlist's awareness), weighted by how long it lasted."""

from __future__ import annotations

from typing import Any

import numpy as np

from serfsim.protocol.events import HEALTH
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.quantiles import ratio
from serfsim.results.scoring.recording import EventTable, Floats, Integers
from serfsim.results.scoring.scope import Scope, rows_of, rows_of_kind


def health_steps(scope: Scope) -> tuple[Floats, Integers, Integers]:
    """(t, node, score from then on), by node and time; every node begins with 0.

    A node that goes down has score 0 from then on: a restarted agent begins afresh.
    """
    events = scope.recording.events
    last = scope.first_row + len(scope.after.t)
    reported: EventTable = rows_of(events, 0, last)
    rows = rows_of_kind(reported, (HEALTH,))
    stops = scope.down.start <= scope.end
    t = np.concatenate((reported.t[rows], scope.down.start[stops]))
    node = np.concatenate((reported.observer[rows], scope.down.node[stops]))
    score = np.concatenate((reported.detail[rows], np.zeros(int(stops.sum()), dtype=np.int64)))
    order = np.lexsort((np.arange(len(t)), t, node))
    return t[order], node[order].astype(np.int64), score[order].astype(np.int64)


def _lasted(scope: Scope) -> tuple[Floats, Integers, Integers, Booleans]:
    """(seconds, node, score, seen): `health_steps` with how long each score lasted in the scored time."""
    t, node, score = health_steps(scope)
    until = np.full(len(t), scope.end)
    same = node[1:] == node[:-1]
    until[:-1][same] = t[1:][same]
    # A score that is set at the very end still counts for the worst.
    seen = (until > 0.0) | (t >= 0.0)
    return np.maximum(until - np.maximum(t, 0.0), 0.0), node, score, seen


def node_health_seconds(scope: Scope) -> Floats:
    """The sum of score times seconds of every node, shape (n,)."""
    lasted, node, score, _ = _lasted(scope)
    return np.bincount(node, weights=score * lasted, minlength=scope.n).astype(np.float64)


def health(scope: Scope) -> dict[str, Any]:
    """`score.mean`: over all nodes and all seconds that they were up; `score.max`: the worst."""
    lasted, _, score, seen = _lasted(scope)
    mean = ratio(float((score * lasted).sum()), scope.node_seconds)
    return {"score": {"mean": mean, "max": int(score[seen].max(initial=0)) if scope.n else None}}
