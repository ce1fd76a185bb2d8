"""Verdicts by the commonest rule: a mean over seeds within bounds around what was published or derived."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.study.reproduction.cell import Cell
from serfsim.study.reproduction.paper import FAILS, HOLDS, NOT_JUDGED, Outcome, Verdict
from serfsim.study.statistics import Interval, interval

if TYPE_CHECKING:
    import pandas as pd

NEW = "new: none published"
FEWEST = 2  # seeds, unless a computation has no chance in it


def values_of(rows: pd.DataFrame, figure: str, **factors: Any) -> Sequence[float]:
    """Return a figure of all rows with these values of factors, NaN dropped."""
    if figure not in rows or any(factor not in rows for factor in factors):
        return []
    chosen = rows[figure].notna()
    for factor, value in factors.items():
        chosen &= rows[factor] == value
    return list(rows[figure][chosen])


def judge(
    name: str,
    claim: str,
    published: str,
    values: Sequence[float],
    bounds: tuple[float, float],
    tolerance: str,
    *,
    why: str = "",
    statistic: str = "mean",
    fewest: int = FEWEST,
) -> Verdict:
    """Judge whether the mean over seeds is within `bounds`, both included.

    `why`: the reason where it is not. A mean outside whose interval reaches inside is not judged, and neither
    are fewer than `fewest` values.
    """
    if not len(values):
        return Verdict(name, claim, published, math.nan, math.nan, math.nan, tolerance, NOT_JUDGED, "no run")
    ours = interval(values, statistic)
    low, high = bounds
    outcome: Outcome = HOLDS if low <= ours.estimate <= high else FAILS
    reason = why if outcome == FAILS else ""
    if len(values) < fewest:
        outcome, reason = NOT_JUDGED, "too few seeds"
    elif outcome == FAILS and len(values) > 1 and ours.low <= high and ours.high >= low:
        outcome, reason = NOT_JUDGED, "too few runs to tell"
    return Verdict(
        name,
        claim,
        published,
        ours.estimate,
        *_finite(ours),
        tolerance=tolerance,
        outcome=outcome,
        why=reason,
    )


def judge_near(
    name: str,
    claim: str,
    expected: float,
    values: Sequence[float],
    share: float,
    *,
    why: str = "",
    fewest: int = FEWEST,
) -> Verdict:
    """Judge whether the mean over seeds is within a share of what is expected."""
    bounds = (expected * (1.0 - share), expected * (1.0 + share))
    return judge(
        name, claim, f"{expected:.4g}", values, bounds, f"±{100.0 * share:g} %", why=why, fewest=fewest
    )


def report(name: str, claim: str, values: Sequence[float]) -> Verdict:
    """Return a figure that nobody has published: nothing to judge it by."""
    found = interval(values) if len(values) else Interval(math.nan, math.nan, math.nan, 0, 0.95)
    why = NEW if len(values) else "no run"
    return Verdict(
        name, claim, "-", found.estimate, *_finite(found), tolerance="-", outcome=NOT_JUDGED, why=why
    )


def used(cell: Cell, parameter: str, value: str) -> str:
    """Return the value of a parameter in this cell: the alternative that it varies, or `value`."""
    if cell.sensitivity is not None and cell.sensitivity[0] == parameter:
        return cell.sensitivity[1]
    return value


def intervals_of(figures: Mapping[str, Sequence[float]], statistic: str = "mean") -> dict[str, Interval]:
    """Return the interval over seeds of each figure that has values."""
    return {name: interval(values, statistic) for name, values in figures.items() if len(values)}


def means_of(figures: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the mean of each figure that has values."""
    return {name: float(np.mean(values)) for name, values in figures.items() if len(values)}


def _finite(found: Interval) -> tuple[float, float]:
    bounded = math.isfinite(found.low) and math.isfinite(found.high)
    return (found.low, found.high) if bounded else (math.nan, math.nan)
