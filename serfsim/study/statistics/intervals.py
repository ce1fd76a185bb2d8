"""Confidence intervals of a statistic over runs, and of a share of runs.

A quantile is bounded by order statistics: for any distribution, the k-th smallest of n values lies above the
quantile q with a binomial probability (Conover, Practical Nonparametric Statistics, 3.2;
`scipy.stats.quantile_test`). Where n is too small for the requested confidence the bound is infinite: 58 runs
bound a 95th percentile from above with at most 94.9 % confidence. A minimum or maximum over all possible runs
is bounded on one side only, by the runs seen.

A mean is bounded by the bias-corrected and accelerated bootstrap (Efron 1987; `scipy.stats.bootstrap`) at the
expanded percentiles that small samples need (Hesterberg, What Teachers Should Know about the Bootstrap, The
American Statistician 69, 2015, section 4.3). The bootstrap only reshuffles the values seen: where one run in
twenty is far larger than the rest, the bounds are too low until such a run occurs, and equal values give an
interval of zero width; `thresholds` guards verdicts against both. Fewer than five runs have too few resamples
and get Student's interval.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serfsim.base.errors import SerfsimError

SEED: Final = 20180205
ROUNDING: Final = 1e-12  # relative to the larger of two values: the largest difference between equal values
ALIKE: Final = 0.95  # the share of runs assumed to be like those seen, where those are all equal
FEWEST_RESAMPLES, MOST_RESAMPLES = 2_000, 20_000
IN_THE_TAIL: Final = 50  # resamples beyond a bound, so that it does not depend on a single one


@dataclass(frozen=True)
class Interval:
    """`estimate` from `n` values and the bounds at `confidence`; an infinite bound is no bound.

    Without values the estimate is NaN and both bounds are infinite; one value has infinite bounds too.
    """

    estimate: float
    low: float
    high: float
    n: int
    confidence: float

    def overlaps(self, other: Interval) -> bool:
        """Return True if the intervals share a value."""
        return self.low <= other.high and other.low <= self.high


def interval(values: ArrayLike, statistic: str = "mean", confidence: float = 0.95) -> Interval:
    """Return the two-sided interval of a statistic: mean, median, p1 ... p99, min, max.

    NaN is dropped, and `n` counts the rest. To account for missing runs, replace them by an infinity: the
    bounds of quantiles stay valid, a mean has none. Raises SerfsimError for an unknown statistic and for a
    confidence outside 0 to 1.
    """
    one_sided = (1 + check_confidence(confidence)) / 2
    array = sorted_values(values)
    low, high = _bounds(array, statistic, confidence, one_sided)
    return Interval(estimate(array, statistic), low, high, int(array.size), confidence)


def bound(values: ArrayLike, statistic: str, confidence: float, *, upper: bool) -> float:
    """Return the one-sided bound: at this confidence the statistic is at most (at least) this.

    Infinite where there is none, including the mean of too few equal values. Values as in `interval`. Agrees
    with `confidence_that`.
    """
    array = sorted_values(values)
    if quantile_of(statistic) is None:
        if array.size and are_equal(array) and 1.0 - ALIKE**array.size < check_confidence(confidence):
            return math.inf if upper else -math.inf
        return MeanBounds(array).at(check_confidence(confidence))[int(upper)]
    return _bounds(array, statistic, 2 * check_confidence(confidence) - 1, confidence)[int(upper)]


def share(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the share of successes with Clopper and Pearson's exact interval (Biometrika 1934)."""
    # start-up: scipy is slow to import
    from scipy.stats import binomtest

    check_confidence(confidence)
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0, confidence)
    found = binomtest(successes, n).proportion_ci(confidence, method="exact")
    return Interval(successes / n, float(found.low), float(found.high), n, confidence)


def check_confidence(confidence: float) -> float:
    """Return `confidence` after checking that it lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise SerfsimError(f"confidence: found {confidence:g}; expected a number between 0 and 1")
    return confidence


def _bounds(array: Floats, statistic: str, two_sided: float, one_sided: float) -> tuple[float, float]:
    """Return both bounds of sorted values, each at the confidence `one_sided`."""
    quantile = quantile_of(statistic)
    if quantile is None:
        level = expand_confidence(one_sided, array.size) if array.size > 1 else two_sided
        return MeanBounds(array, resamples(2 * level - 1)).at(one_sided)
    if array.size == 0:
        return -math.inf, math.inf
    if quantile in (0.0, 1.0):
        return (-math.inf, float(array[0])) if quantile == 0.0 else (float(array[-1]), math.inf)
    # start-up: scipy is slow to import
    from scipy.stats import quantile_test

    below = quantile_test(array, p=quantile, alternative="greater").confidence_interval(one_sided).low
    above = quantile_test(array, p=quantile, alternative="less").confidence_interval(one_sided).high
    return (
        -math.inf if math.isnan(below) else float(below),
        math.inf if math.isnan(above) else float(above),
    )


def are_equal(array: Floats) -> bool:
    """Return True if sorted values are equal up to rounding."""
    return bool(array[-1] - array[0] <= ROUNDING * max(abs(array[0]), abs(array[-1])))


class MeanBounds:
    """Bootstrap bounds of the mean of sorted values, at any number of confidences."""

    def __init__(self, array: Floats, n_resamples: int = MOST_RESAMPLES) -> None:
        self._array = array
        self._resampled: Any = None
        self._n_resamples = n_resamples

    def at(self, confidence: float) -> tuple[float, float]:
        """Return both bounds, each at this confidence; infinite where there are none."""
        array = self._array
        if array.size < 2 or not np.isfinite(array).all():
            return -math.inf, math.inf
        if are_equal(array):
            return float(array[0]), float(array[-1])
        # start-up: scipy is slow to import
        from scipy.stats import bootstrap

        level = expand_confidence(confidence, array.size)
        if (1.0 - level) < max(float(array.size) ** -array.size, 1.0 / self._n_resamples):
            return self._beyond_resamples(confidence)
        first = self._resampled is None
        self._resampled = bootstrap(
            (array,),
            np.mean,
            vectorized=True,
            # Bounds below 50 % would make a central interval of negative level.
            confidence_level=max(2 * level - 1, 1e-9),
            n_resamples=self._n_resamples if first else 0,
            bootstrap_result=self._resampled,
            rng=np.random.default_rng(SEED),
        )
        found = self._resampled.confidence_interval
        return float(found.low), float(found.high)

    def _beyond_resamples(self, confidence: float) -> tuple[float, float]:
        """Return Student's bounds, widened to the range of the values.

        With so few values no resample lies beyond that range.
        """
        # start-up: scipy is slow to import
        from scipy.stats import t

        array = self._array
        mean, error = float(array.mean()), float(array.std(ddof=1)) / math.sqrt(array.size)
        reach = float(t.ppf(confidence, array.size - 1)) * error
        return min(float(array[0]), mean - reach), max(float(array[-1]), mean + reach)


def expand_confidence(confidence: float, n: int) -> float:
    """Return the one-sided level at which a bootstrap of n values covers with `confidence`.

    Its resamples have the spread of n rather than n - 1, and normal tails rather than Student's.
    """
    # start-up: scipy is slow to import
    from scipy.stats import norm, t

    return float(norm.cdf(np.sqrt(n / (n - 1.0)) * t.ppf(confidence, n - 1)))


def resamples(confidence: float) -> int:
    """Return the number of resamples that puts enough of them in each tail of a central interval."""
    wanted = 2 * IN_THE_TAIL / max(1 - confidence, 1e-9)
    return min(MOST_RESAMPLES, max(FEWEST_RESAMPLES, math.ceil(wanted)))


Floats = NDArray[np.float64]
EXAMPLES: Final[Sequence[str]] = ("mean", "median", "p5", "p50", "p90", "p95", "p99", "min", "max")
_PERCENTILE = re.compile(r"p([1-9]\d?)")


def is_statistic(name: str) -> bool:
    """Return True for mean, median, p1 ... p99, min and max."""
    return name in EXAMPLES or _PERCENTILE.fullmatch(name) is not None


def quantile_of(statistic: str) -> float | None:
    """Return the quantile of a statistic, 0 (min) to 1 (max); None for the mean."""
    if not is_statistic(statistic):
        raise SerfsimError(f"found '{statistic}'; expected mean, median, p1 to p99, min or max")
    if statistic == "mean":
        return None
    fixed = {"median": 0.5, "min": 0.0, "max": 1.0}
    return fixed[statistic] if statistic in fixed else int(statistic[1:]) / 100


def sorted_values(values: ArrayLike) -> Floats:
    """Return the values without NaN in ascending order, independent of the order in which runs ended."""
    array = np.asarray(values, dtype=np.float64).ravel()
    kept: Floats = np.sort(array[~np.isnan(array)])
    return kept


def estimate(values: ArrayLike, statistic: str = "mean") -> float:
    """Return the statistic of `values` without NaN; NaN where there are none.

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
