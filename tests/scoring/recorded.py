"""Makes small recordings by hand: a list of rows, and what was true meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serfsim.protocol.events import JOIN
from serfsim.results.scoring.recording import (
    CoordinateSamples,
    EventTable,
    Interval,
    PerSecond,
    Recording,
    Truth,
)
from serfsim.results.summary import score

Row = tuple[float, int, int, int] | tuple[float, int, int, int, int]  # t, observer, kind, subject, detail
Spells = Mapping[int, Sequence[tuple[float, float]]]

AFTER = math.inf
BEFORE = -math.inf


def events(rows: Sequence[Row]) -> EventTable:
    columns = np.array([(*row, 0)[:5] for row in rows], dtype=np.float64).reshape(len(rows), 5).T
    assert (np.diff(columns[0]) >= 0).all(), "rows must be in order of time"
    observer, kind, subject, detail = (column.astype(np.int64) for column in columns[1:])
    return EventTable(columns[0].copy(), observer, subject, kind, detail)


def all_joined(nodes: int, t: float = -10.0) -> list[Row]:
    """Everybody sees everybody join."""
    return [(t, i, JOIN, j) for i in range(nodes) for j in range(nodes) if i != j]


def spells(of: Spells, nodes: int) -> list[list[Interval]]:
    return [[Interval(*spell) for spell in of.get(node, ())] for node in range(nodes)]


def counters(columns: Mapping[str, Sequence[int]], start: float = 0.0) -> PerSecond:
    if not columns:
        return PerSecond(start, [], np.zeros((0, 0), dtype=np.int64))
    return PerSecond(start, list(columns), np.array(list(columns.values()), dtype=np.int64).T)


def samples(
    t: Sequence[float],
    vec: Any,
    height: Any = 0.0,
    adjustment: Any = 0.0,
    live: Any = True,
    error: Any = 0.1,
) -> CoordinateSamples:
    """`vec` (k, n, d), or (n, d) where nothing moves; the rest is spread out over (k, n)."""
    shape = np.shape(vec)
    full = np.broadcast_to(np.array(vec, dtype=np.float64), (len(t), *shape[-2:])).copy()

    def each(value: Any, kind: Any = np.float64) -> Any:
        return np.broadcast_to(np.array(value, dtype=kind), full.shape[:2]).copy()

    return CoordinateSamples(
        np.array(t, dtype=np.float64), full, each(height), each(adjustment), each(error), each(live, np.bool_)
    )


def recorded(
    rows: Sequence[Row] = (),
    *,
    nodes: int = 4,
    duration: float = 100.0,
    warm_up: float = 10.0,
    down: Spells | None = None,
    faulted: Spells | None = None,
    crashes: Sequence[tuple[float, int]] = (),
    leaves: Sequence[tuple[float, int]] = (),
    anomalies: Sequence[tuple[float, int]] = (),
    rtt: Any = None,
    positions: Any = None,
    coordinates: CoordinateSamples | None = None,
    probes: PerSecond | None = None,
    counts: PerSecond | None = None,
    sizes: PerSecond | None = None,
    converged: bool | None = True,
    interrupted_at: float | None = None,
) -> Recording:
    """`converged`: everybody knows everybody from the start; False: the rows before 0 say who knows whom."""
    matrix = np.full((nodes, nodes), 0.01) if rtt is None else np.array(rtt, dtype=np.float64)
    none = counters({})
    truth = Truth(
        spells(down or {}, nodes),
        spells(faulted or {}, nodes),
        lambda observer, subject, t: True,
        lambda node, t=None: matrix[node].copy(),
        list(crashes),
        list(leaves),
        None if positions is None else np.array(positions, dtype=np.float64),
        anomalies=list(anomalies),
    )
    empty = samples([], np.zeros((0, nodes, 2)))
    return Recording(
        names=[f"node-{node}" for node in range(nodes)],
        groups=["all"] * nodes,
        warm_up=warm_up,
        duration=duration,
        events=events(rows),
        probe_counts=none if probes is None else probes,
        traffic_counts=none if counts is None else counts,
        traffic_bytes=none if sizes is None else sizes,
        coordinates=empty if coordinates is None else coordinates,
        truth=truth,
        events_processed=len(rows),
        wall_s=0.5,
        cpu_s=0.5,
        interrupted_at=interrupted_at,
        converged_start=converged,
    )


def figures(*arguments: Any, **options: Any) -> Any:
    """The figures of a recording made with the same arguments."""
    return score(recorded(*arguments, **options))
