"""Comparison of two single runs, with intervals over nodes for figures that are sums over nodes.

There are no seeds to resample. For counts that nodes contribute to, and for shares of node time, the nodes
are resampled (a cluster bootstrap with each node's contributions kept together; Davison and Hinkley 1997,
3.8), as they are for means over pairs of nodes (`per_pair`). The interval then describes the variation
between nodes of these two runs. Events hit several nodes at once, so two seeds of one scenario differ in some
figure every fourth time in a quiet cluster, and every second time where healthy members are occasionally
declared dead. Such a figure is therefore called apart, never better or worse. Quantiles over pairs, first and
last times, and figures of the whole network do not divide among nodes: for them only the difference is
reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.scenario.figures import figure_value
from serfsim.study.comparison import per_node, per_pair
from serfsim.study.comparison.rows import SHOWN, Row, distinct, select_figures, verdict_of
from serfsim.study.statistics import differences
from serfsim.study.statistics.intervals import Floats
from serfsim.study.sweeps import flat_figures

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult


def compare_results(
    base: RunResult, candidate: RunResult, figures: Sequence[str] | None, confidence: float
) -> tuple[list[Row], list[str]]:
    """Return (rows, notes on figures left out): a row for each figure of either run."""
    sides = [flat_figures(result.summary) for result in (base, candidate)]
    known = [name for name in dict.fromkeys([*sides[0], *sides[1]]) if _has(sides, name)]
    names, notes = distinct(
        select_figures(figures, known),
        lambda name, other: all(_equal(side.get(name), side.get(other)) for side in sides),
        figures or (),
    )
    bounds = _bounds(base, candidate, names, confidence)
    first, second = sides
    rows = [
        _row(name, first.get(name, math.nan), second.get(name, math.nan), bounds.get(name)) for name in names
    ]
    return rows, notes


def _equal(value: float | None, other: float | None) -> bool:
    """Compare a figure of two runs for equality; two missing values are equal."""
    first, second = (math.nan if one is None else one for one in (value, other))
    return first == second or (math.isnan(first) and math.isnan(second))


def _has(sides: Sequence[Mapping[str, float]], name: str) -> bool:
    return any(not math.isnan(side.get(name, math.nan)) for side in sides)


def _row(name: str, base: float, candidate: float, bounds: tuple[float, float, int] | None) -> Row:
    difference = candidate - base
    low, high, n = bounds or (math.nan, math.nan, 0)
    verdict = verdict_of(name, difference, low, high, equal=base == candidate)
    return Row(
        setting="",
        figure=name,
        base=base,
        candidate=candidate,
        difference=difference,
        low=low,
        high=high,
        n=n,
        missing=(int(math.isnan(base)), int(math.isnan(candidate))),
        verdict="apart" if verdict in SHOWN else verdict,
    )


def _bounds(
    base: RunResult, candidate: RunResult, names: Sequence[str], confidence: float
) -> dict[str, tuple[float, float, int]]:
    """Return {figure: (low, high, nodes)} for the figures that are sums over nodes."""
    parts = [
        _faithful(result, {**per_node.parts(result), **per_pair.parts(result)})
        for result in (base, candidate)
    ]
    shared = [name for name in names if name in parts[0] and name in parts[1]]
    if not shared:
        return {}
    paired = base.truth.names == candidate.truth.names
    first, second = (np.array([side[name] for name in shared]) for side in parts)
    found = differences(first, second, paired=paired, confidence=confidence)
    return {
        name: (float(found.low[at]), float(found.high[at]), int(found.n[at]))
        for at, name in enumerate(shared)
        if math.isfinite(found.low[at])
    }


def _faithful(result: RunResult, parts: Mapping[str, Floats]) -> dict[str, Any]:
    """Return the contributions whose mean equals the figure in the summary.

    A table may lack part of the run (the earliest joins of a large cluster are not kept).
    """
    kept = {}
    for name, values in parts.items():
        figure = figure_value(result.summary, name)
        if figure is None or not len(values):
            continue
        if math.isclose(float(np.nanmean(values)), figure, rel_tol=1e-6, abs_tol=1e-9):
            kept[name] = values
    return kept
