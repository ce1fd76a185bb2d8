"""The statistics that may be asked for by name: mean, median, p1 to p99, min and max."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serfsim.base.errors import SerfsimError

Floats = NDArray[np.float64]
EXAMPLES: Final[Sequence[str]] = ("mean", "median", "p5", "p50", "p90", "p95", "p99", "min", "max")
_PERCENTILE = re.compile(r"p([1-9]\d?)")


def is_statistic(name: str) -> bool:
    """Whether `name` is one of mean, median, p1 ... p99, min, max."""
    return name in EXAMPLES or _PERCENTILE.fullmatch(name) is not None


def quantile_of(statistic: str) -> float | None:
    """The quantile a statistic is, 0 (min) to 1 (max); None for the mean."""
    if not is_statistic(statistic):
        raise SerfsimError(f"found '{statistic}'; expected mean, median, p1 to p99, min or max")
    if statistic == "mean":
        return None
    fixed = {"median": 0.5, "min": 0.0, "max": 1.0}
    return fixed[statistic] if statistic in fixed else int(statistic[1:]) / 100


def sorted_values(values: ArrayLike) -> Floats:
    """The values without NaN, ascending: so that nothing depends on the order in which runs ended."""
    array = np.asarray(values, dtype=np.float64).ravel()
    kept: Floats = np.sort(array[~np.isnan(array)])
    return kept


def estimate(values: ArrayLike, statistic: str = "mean") -> float:
    """The statistic of `values` without NaN; NaN where there are none.

    Quantiles interpolate linearly between the two nearest values; next to an infinite value they are
    infinite.
    """
    array = sorted_values(values)
    quantile = quantile_of(statistic)
    if array.size == 0:
        return float("nan")
    if quantile is None:
        return float(array.mean())
    place = quantile * (array.size - 1)
    low, high = array[int(np.floor(place))], array[int(np.ceil(place))]
    part = place - np.floor(place)
    return float(low if part == 0 or low == high else low + part * (high - low))
