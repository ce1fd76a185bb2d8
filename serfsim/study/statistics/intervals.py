"""Confidence intervals of a statistic over runs, and of a share of runs.

A quantile is bounded by order statistics: whatever the distribution, the k-th smallest of n values lies
above the quantile q with a binomial probability (Conover, Practical Nonparametric Statistics, 3.2;
`scipy.stats.quantile_test`). Where n is too small for the confidence asked, there is no bound, and the
answer is infinite: 58 runs bound a 95th percentile from above with no more than 94.9 % confidence. A
minimum or maximum of all runs that could be is bounded on one side only, by those that were.

A mean is bounded by the bias-corrected and accelerated bootstrap (Efron 1987; `scipy.stats.bootstrap`),
at the expanded percentiles that few runs need (Hesterberg, What Teachers Should Know about the Bootstrap,
The American Statistician 69, 2015, section 4.3). It can only shuffle what it was given: runs of which one
in twenty is far larger than the rest are bounded too low until some such have been seen, and runs that are
all equal give an interval without width; `thresholds` guards verdicts against that. Fewer than five runs have
too few resamples, and get Student's interval.
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
ROUNDING: Final = 1e-12  # of the larger of two values, how far they may lie apart and be equal
ALIKE: Final = 0.95  # the share of runs that must be as those seen, where those seen are all equal
FEWEST_RESAMPLES, MOST_RESAMPLES = 2_000, 20_000
IN_THE_TAIL: Final = 50  # resamples beyond a bound, so that the bound is not one resample's whim


@dataclass(frozen=True)
class Interval:
    """`estimate` from `n` values and the bounds at `confidence`; an infinite bound is no bound.

    Without values the estimate is NaN and both bounds are infinite; so are the bounds of one value.
    """

    estimate: float
    low: float
    high: float
    n: int
    confidence: float

    @property
    def is_bounded(self) -> bool:
        """Whether both bounds are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def overlaps(self, other: Interval) -> bool:
        """Whether some value lies in both."""
        return self.low <= other.high and other.low <= self.high


def interval(values: ArrayLike, statistic: str = "mean", confidence: float = 0.95) -> Interval:
    """The two-sided interval of a statistic: mean, median, p1 ... p99, min, max.

    NaN is left out, and `n` counts the rest; who must not forget missing runs replaces them by what they
    are worth, an infinity (the bounds of quantiles stay right with it, a mean has none). Raises
    SerfsimError for an unknown statistic and for a confidence that is not between 0 and 1.
    """
    one_sided = (1 + required(confidence)) / 2
    array = sorted_values(values)
    low, high = _bounds(array, statistic, confidence, one_sided)
    return Interval(estimate(array, statistic), low, high, int(array.size), confidence)


def bound(values: ArrayLike, statistic: str, confidence: float, *, upper: bool) -> float:
    """The one-sided bound: with this confidence the statistic is at most (at least) this.

    Infinite where there is none: also of a mean of equal values that are too few to believe that others
    are like them. Values as in `interval`. It agrees with `confidence_that`.
    """
    array = sorted_values(values)
    if quantile_of(statistic) is None:
        if array.size and are_equal(array) and 1.0 - ALIKE**array.size < required(confidence):
            return math.inf if upper else -math.inf
        return MeanBounds(array).at(required(confidence))[int(upper)]
    return _bounds(array, statistic, 2 * required(confidence) - 1, confidence)[int(upper)]


def share(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The share of successes in n runs with Clopper and Pearson's exact interval (Biometrika 1934)."""
    # start-up: scipy is slow to import
    from scipy.stats import binomtest

    required(confidence)
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0, confidence)
    found = binomtest(successes, n).proportion_ci(confidence, method="exact")
    return Interval(successes / n, float(found.low), float(found.high), n, confidence)


def required(confidence: float) -> float:
    """`confidence`, if it is one."""
    if not 0 < confidence < 1:
        raise SerfsimError(f"confidence: found {confidence:g}; expected a number between 0 and 1, as 95 %")
    return confidence


def _bounds(array: Floats, statistic: str, two_sided: float, one_sided: float) -> tuple[float, float]:
    """Both bounds of sorted values, each of which holds with the confidence `one_sided`."""
    quantile = quantile_of(statistic)
    if quantile is None:
        level = expanded(one_sided, array.size) if array.size > 1 else two_sided
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
    """Whether sorted values are all the same, but for what rounding left."""
    return bool(array[-1] - array[0] <= ROUNDING * max(abs(array[0]), abs(array[-1])))


class MeanBounds:
    """The bootstrap's bounds of the mean of sorted values, at as many confidences as are asked for."""

    def __init__(self, array: Floats, n_resamples: int = MOST_RESAMPLES) -> None:
        self._array = array
        self._resampled: Any = None
        self._n_resamples = n_resamples

    def at(self, confidence: float) -> tuple[float, float]:
        """Both bounds, each of which holds with this confidence; infinite where there are none."""
        array = self._array
        if array.size < 2 or not np.isfinite(array).all():
            return -math.inf, math.inf
        if are_equal(array):
            return float(array[0]), float(array[-1])
        # start-up: scipy is slow to import
        from scipy.stats import bootstrap

        level = expanded(confidence, array.size)
        if (1.0 - level) < max(float(array.size) ** -array.size, 1.0 / self._n_resamples):
            return self._beyond_resamples(confidence)
        first = self._resampled is None
        self._resampled = bootstrap(
            (array,),
            np.mean,
            vectorized=True,
            # Bounds of less than 50 % would be a central interval of less than nothing.
            confidence_level=max(2 * level - 1, 1e-9),
            n_resamples=self._n_resamples if first else 0,
            bootstrap_result=self._resampled,
            rng=np.random.default_rng(SEED),
        )
        found = self._resampled.confidence_interval
        return float(found.low), float(found.high)

    def _beyond_resamples(self, confidence: float) -> tuple[float, float]:
        """Student's bounds, at least as far as the values: so few of them have no resample out there."""
        # start-up: scipy is slow to import
        from scipy.stats import t

        array = self._array
        mean, error = float(array.mean()), float(array.std(ddof=1)) / math.sqrt(array.size)
        reach = float(t.ppf(confidence, array.size - 1)) * error
        return min(float(array[0]), mean - reach), max(float(array[-1]), mean + reach)


def expanded(confidence: float, n: int) -> float:
    """The one-sided level at which a bootstrap of n values covers with `confidence`.

    Its resamples have a spread of n rather than n - 1, and the normal's tails rather than Student's.
    """
    # start-up: scipy is slow to import
    from scipy.stats import norm, t

    return float(norm.cdf(np.sqrt(n / (n - 1.0)) * t.ppf(confidence, n - 1)))


def resamples(confidence: float) -> int:
    """How many, so that enough lie in either tail of a central interval."""
    wanted = 2 * IN_THE_TAIL / max(1 - confidence, 1e-9)
    return min(MOST_RESAMPLES, max(FEWEST_RESAMPLES, math.ceil(wanted)))


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
