"""The stored part of a run's truth, which a reader of a result needs besides its tables.

A recording holds the truth as functions and lists. The result folder keeps what figures need in
`truth.json`: names, groups, when each node was down or under a fault, crashes, leaves, and the
nodes' positions on the true map.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from serfsim.results.scoring.intervals import Spans, merge_intervals
from serfsim.results.scoring.pair_errors import evenly_spaced
from serfsim.results.scoring.recording import FLAP_TIMEOUT, Floats, Integers, Interval, Recording, Truth

MAP_NODES = 400  # a larger map is illegible, and scaling a larger matrix is slow


@dataclass
class TrueMap:
    """Positions of nodes: `nodes` (m,), `xy_s` (m, 2) in seconds of round-trip time.

    `scaled`: the topology has no map, and this one comes from the true round-trip times by
    classical multidimensional scaling.
    """

    nodes: Integers
    xy_s: Floats
    scaled: bool


@dataclass
class StoredTruth:
    """The truth of a run; times in seconds on the scenario's clock, `end_s` is the end of the run.

    `flap_timeout`: Serf's setting for each node, seconds.
    """

    names: list[str]
    groups: list[str]
    warm_up: float
    duration: float
    end_s: float
    down: list[list[Interval]]
    faulted: list[list[Interval]]
    crashes: list[tuple[float, int]]
    leaves: list[tuple[float, int]]
    converged_start: bool | None
    map: TrueMap | None
    flap_timeout: list[float]

    @cached_property
    def down_spans(self) -> Spans:
        return Spans(self.down)

    @cached_property
    def faulted_spans(self) -> Spans:
        return Spans(self.faulted)

    def fault_windows(self, most: int = 150) -> list[Interval]:
        """Return the times with any node down or under a fault, clipped to the scored time.

        Empty if there are more than `most`.
        """
        windows = merge_intervals(interval for one in [*self.faulted, *self.down] for interval in one)
        inside = [window for window in windows if window.end > 0 and window.start < self.end_s]
        clipped = [Interval(max(0.0, one.start), min(self.end_s, one.end)) for one in inside]
        return clipped if len(clipped) <= most else []


def stored_truth_of(recording: Recording) -> StoredTruth:
    stopped = recording.interrupted_at
    truth = recording.truth
    return StoredTruth(
        list(recording.names),
        list(recording.groups),
        recording.warm_up,
        recording.duration,
        recording.duration if stopped is None else stopped,
        truth.down,
        truth.faulted,
        list(truth.crashes),
        list(truth.leaves),
        recording.converged_start,
        true_map(recording.truth, len(recording.names)),
        np.broadcast_to(recording.flap_timeout, (len(recording.names),)).tolist(),
    )


def true_map(truth: Truth, n: int) -> TrueMap | None:
    """Return the topology's map of n members, or one scaled from true round trips; None without either."""
    nodes = evenly_spaced(np.arange(n, dtype=np.int64), MAP_NODES)
    if truth.positions is not None:
        return TrueMap(nodes, np.asarray(truth.positions, dtype=np.float64)[nodes], False)
    if n < 3:
        return None
    rtt = np.array([truth.rtt(int(node))[nodes] for node in nodes])
    rtt = (rtt + rtt.T) / 2.0
    np.fill_diagonal(rtt, 0.0)
    if not np.isfinite(rtt).all():
        return None
    return TrueMap(nodes, classical_scaling(rtt), True)


def classical_scaling(distance: Floats) -> Floats:
    """Return points in the plane whose distances best fit the given ones (Torgerson 1952), (n, 2)."""
    n = len(distance)
    centring = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ (distance * distance) @ centring)
    points: Floats = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0.0))
    return points


def to_json(truth: StoredTruth) -> str:
    def number(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    def spans(intervals: list[list[Interval]]) -> list[list[list[float | None]]]:
        return [[[number(i.start), number(i.end)] for i in one] for one in intervals]

    known = truth.map
    document: dict[str, Any] = {
        "names": truth.names,
        "groups": truth.groups,
        "warm_up_s": truth.warm_up,
        "duration_s": truth.duration,
        "end_s": truth.end_s,
        "down_s": spans(truth.down),
        "faulted_s": spans(truth.faulted),
        "crashes": [[float(t), int(node)] for t, node in truth.crashes],
        "leaves": [[float(t), int(node)] for t, node in truth.leaves],
        "converged_start": truth.converged_start,
        "flap_timeout_s": truth.flap_timeout,
        "map": None
        if known is None
        else {"nodes": known.nodes.tolist(), "xy_s": known.xy_s.tolist(), "scaled": known.scaled},
    }
    return json.dumps(document)


def from_json(text: str) -> StoredTruth:
    document = json.loads(text)

    def spans(name: str) -> list[list[Interval]]:
        return [
            [Interval(-math.inf if a is None else a, math.inf if b is None else b) for a, b in one]
            for one in document[name]
        ]

    kept = document["map"]
    known = None
    if kept is not None:
        known = TrueMap(np.array(kept["nodes"], dtype=np.int64), np.array(kept["xy_s"]), kept["scaled"])
    return StoredTruth(
        document["names"],
        document["groups"],
        document["warm_up_s"],
        document["duration_s"],
        document["end_s"],
        spans("down_s"),
        spans("faulted_s"),
        [(t, node) for t, node in document["crashes"]],
        [(t, node) for t, node in document["leaves"]],
        document["converged_start"],
        known,
        document.get("flap_timeout_s", [FLAP_TIMEOUT] * len(document["names"])),
    )
