"""Intervals and bounds against textbook values, and against how often they cover the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serfsim.base.errors import SerfsimError
from serfsim.study.statistics import bound, estimate, interval, share


def test_a_median_of_twenty_lies_between_the_sixth_and_the_fifteenth() -> None:
    """Conover's table for n = 20: order statistics 6 and 15 hold the median with 95.86 %."""
    found = interval(range(1, 21), "median")
    assert (found.estimate, found.low, found.high, found.n) == (10.5, 6.0, 15.0, 20)


def test_fifty_nine_runs_bound_a_95th_percentile_and_fifty_eight_do_not() -> None:
    """Wilks' number for 95 % of a population with 95 % confidence is 59."""
    assert bound(range(59), "p95", 0.95, upper=True) == 58.0
    assert bound(range(58), "p95", 0.95, upper=True) == math.inf
    assert bound(range(59), "p5", 0.95, upper=False) == 0.0
    assert bound(range(58), "p5", 0.95, upper=False) == -math.inf


def test_clopper_and_pearsons_interval_is_theirs() -> None:
    """Their paper's example: 3 of 10 at 95 % gives 0.067 to 0.652; none of n gives the rule of three."""
    found = share(3, 10)
    assert (round(found.low, 3), round(found.high, 3)) == (0.067, 0.652)
    assert share(0, 100, 0.9).high == pytest.approx(1 - 0.05 ** (1 / 100))
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    truth = {"mean": 1.0, "median": math.log(2), "p90": math.log(10)}
    hits = dict.fromkeys(truth, 0)
    for _ in range(200):
        sample = rng.exponential(size=40)
        for statistic, value in truth.items():
            found = interval(sample, statistic, 0.9)
            hits[statistic] += found.low <= value <= found.high
    # A bootstrapped mean of 40 skew values is a little narrow; order statistics are never too narrow.
    assert 0.84 <= hits["mean"] / 200 <= 0.94
    assert 0.87 <= hits["median"] / 200 <= 0.98
    assert 0.87 <= hits["p90"] / 200 <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 20])
def test_few_runs_have_an_interval_of_the_mean_that_is_wide_enough(n: int) -> None:
    rng = np.random.default_rng(14)
    found = [interval(sample) for sample in rng.normal(3.0, size=(300, n))]
    assert 0.91 <= np.mean([one.low <= 3.0 <= one.high for one in found]) <= 0.985


def test_the_surer_the_wider() -> None:
    for n in (2, 3, 5, 8):
        sample = np.random.default_rng(n).exponential(size=n)
        lows, highs = zip(
            *((one.low, one.high) for one in (interval(sample, "mean", c) for c in (0.5, 0.8, 0.95, 0.999))),
            strict=True,
        )
        assert list(lows) == sorted(lows, reverse=True)
        assert list(highs) == sorted(highs)


@pytest.mark.slow
def test_one_sided_bounds_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    samples = rng.exponential(size=(300, 60))
    above = np.mean([bound(sample, "p90", 0.95, upper=True) >= math.log(10) for sample in samples])
    below = np.mean([bound(sample, "p90", 0.95, upper=False) <= math.log(10) for sample in samples])
    assert 0.93 <= above <= 0.995
    assert 0.93 <= below <= 0.995


def test_nothing_depends_on_the_order_of_the_runs() -> None:
    sample = np.random.default_rng(6).exponential(size=30)
    assert interval(sample) == interval(sample[::-1])
    assert interval(sample, "p90", 0.9) == interval(np.roll(sample, 7), "p90", 0.9)


def test_few_equal_and_missing_values_have_a_defined_answer() -> None:
    none = interval([math.nan])
    assert (math.isnan(none.estimate), none.low, none.high, none.n) == (True, -math.inf, math.inf, 0)
    one = interval([3.0, math.nan])
    assert (one.estimate, one.low, one.high, one.n) == (3.0, -math.inf, math.inf, 1)
    equal = interval([2.0] * 5)
    assert (equal.low, equal.high) == (2.0, 2.0)
    missing_as_worst = interval([1.0] * 70 + [math.inf], "p90")
    assert (missing_as_worst.estimate, missing_as_worst.high) == (1.0, 1.0)
    assert interval([1.0, 2.0, math.inf]).high == math.inf


def test_a_maximum_is_bounded_by_what_was_seen_on_one_side_only() -> None:
    assert (interval([1.0, 4.0], "max").low, interval([1.0, 4.0], "max").high) == (4.0, math.inf)
    assert (interval([1.0, 4.0], "min").low, interval([1.0, 4.0], "min").high) == (-math.inf, 1.0)


def test_quantiles_interpolate_as_numpy_does() -> None:
    sample = np.random.default_rng(7).normal(size=23)
    for statistic, q in (("p5", 0.05), ("median", 0.5), ("p90", 0.9), ("min", 0.0), ("max", 1.0)):
        assert estimate(sample, statistic) == pytest.approx(np.quantile(sample, q))


def test_mistakes_are_told() -> None:
    with pytest.raises(SerfsimError, match="found 'p100'; expected mean, median"):
        interval([1.0], "p100")
    with pytest.raises(SerfsimError, match=r"found 95; expected a number between 0 and 1"):
        interval([1.0], confidence=95)
