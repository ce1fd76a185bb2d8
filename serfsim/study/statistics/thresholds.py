"""The confidence that a statistic over runs meets a threshold, and the number of runs that would decide.

For a quantile the answer is exact: the 95th percentile is at most t when at least 95 % of all runs are, a
binomial test (`scipy.stats.binomtest`). 59 runs at 0 show with 95.15 % confidence that the 95th percentile is
0; 20 runs with 64 %. For a mean it is the largest confidence at which the bootstrap's bound meets t. Equal
values give a bootstrap of zero width although the next run may differ, so a mean of n equal values gets the
confidence that at most one run in twenty differs: 95 % from 59 runs on. Runs can refute a claim about the
minimum or maximum over all possible runs, never show it.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from serfsim.study.statistics.intervals import (
    ALIKE,
    Floats,
    MeanBounds,
    are_equal,
    estimate,
    quantile_of,
    sorted_values,
)

MOST_VALUES: Final = 100_000
MOST_SURE: Final = 0.9995  # of a mean: too few resamples lie beyond
COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")


def confidence_that(values: ArrayLike, statistic: str, comparison: str, threshold: float) -> float:
    """Return the confidence, 0 to 1, that the statistic over all possible runs meets `threshold`.

    `==` asks for both directions, which only the end of a range can show: a count is 0 where it is at most 0,
    since no figure is negative. `!=` asks for either. NaN is dropped.
    """
    array = sorted_values(values)
    if array.size == 0:
        return 0.0
    if comparison == "==":
        below = confidence_that(array, statistic, "<=", threshold)
        if threshold == 0.0 and array[0] >= 0.0:
            return below
        return min(below, confidence_that(array, statistic, ">=", threshold))
    if comparison == "!=":
        below = confidence_that(array, statistic, "<", threshold)
        if threshold == 0.0 and array[0] >= 0.0:
            return confidence_that(array, statistic, ">", threshold)
        return max(below, confidence_that(array, statistic, ">", threshold))
    return _one_sided(array, statistic, comparison, threshold)


def _one_sided(array: Floats, statistic: str, comparison: str, threshold: float) -> float:
    """Return the confidence for sorted values and <, <=, > or >=."""
    quantile = quantile_of(statistic)
    if quantile is None:
        return _of_mean(array, comparison, threshold)
    fits = int(_meets(array, comparison, threshold).sum())
    at_most = comparison in ("<", "<=")
    if quantile in (0.0, 1.0):
        # The minimum is at most t as soon as one run is; no run can show that the maximum is.
        return float(fits > 0) if at_most == (quantile == 0.0) else 0.0
    # start-up: scipy is slow to import
    from scipy.stats import binomtest

    needed = quantile if at_most else 1.0 - quantile
    return 1.0 - float(binomtest(fits, array.size, needed, alternative="greater").pvalue)


def _of_mean(array: Floats, comparison: str, threshold: float) -> float:
    """Return the largest confidence, to 1e-4, at which the bootstrap's bound meets the threshold."""
    fits = bool(_meets(np.array([estimate(array)]), comparison, threshold)[0])
    if array.size < 2 or not np.isfinite(array).all():
        return 0.0
    if are_equal(array):
        return (1.0 - ALIKE**array.size) if fits else 0.0
    side = 1 if comparison in ("<", "<=") else 0
    bounds = MeanBounds(array)

    def holds(confidence: float) -> bool:
        limit = np.array([bounds.at(confidence)[side]])
        return bool(_meets(limit, comparison, threshold)[0])

    if not holds(0.5 + 1e-6):
        return 0.0 if not fits else 0.5
    low, high = 0.5, MOST_SURE
    if holds(high):
        return high
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def values_needed(
    values: ArrayLike, statistic: str, comparison: str, threshold: float, level: float
) -> int | None:
    """Return the number of runs needed to reach the confidence `level`, if further runs are like these.

    For a quantile: if the share of runs that meet the threshold stays the same. None where more such runs
    would not help, because those seen contradict it or lie too close.
    """
    array = sorted_values(values)
    quantile = quantile_of(statistic)
    if array.size == 0 or quantile in (0.0, 1.0):
        return None
    if comparison == "==":
        comparison = "<=" if threshold == 0.0 else comparison
    if comparison not in ("<", "<=", ">", ">="):
        return None
    if quantile is None:
        return _runs_for_mean(array, comparison, threshold, level)
    fits = int(_meets(array, comparison, threshold).sum())
    needed = quantile if comparison in ("<", "<=") else 1.0 - quantile
    return _runs_for_share(fits, int(array.size), needed, level)


@cache
def _runs_for_share(fits: int, n: int, share: float, level: float) -> int | None:
    """Return the least number of runs with the same share of successes that shows more than `share`."""
    if fits / n <= share:
        return None
    if fits == n:
        return max(n, math.ceil(math.log(1.0 - level) / math.log(share)))
    # start-up: scipy is slow to import
    from scipy.stats import binom

    def shows(runs: int) -> bool:
        return float(binom.sf(math.floor(runs * fits / n) - 1, runs, share)) <= 1.0 - level

    high = n
    while not shows(high):
        high *= 2
        if high > MOST_VALUES:
            return None
    low = n
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def _runs_for_mean(array: Floats, comparison: str, threshold: float, level: float) -> int | None:
    """Estimate the number of runs by the normal approximation."""
    if array.size < 2 or not np.isfinite(array).all():
        return None
    if not _meets(np.array([array.mean()]), comparison, threshold)[0]:
        return None
    if are_equal(array):
        return max(int(array.size), math.ceil(math.log(1.0 - level) / math.log(ALIKE)))
    # start-up: scipy is slow to import
    from scipy.stats import norm

    distance = abs(float(array.mean()) - threshold)
    if distance == 0.0:
        return None
    needed = (float(norm.ppf(level)) * float(array.std(ddof=1)) / distance) ** 2
    return max(int(array.size) + 1, math.ceil(needed)) if needed <= MOST_VALUES else None


def _meets(
    array: Floats, comparison: str, threshold: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[comparison]
    return compare(array, threshold)
