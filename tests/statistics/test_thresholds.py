"""Confidence that a statistic keeps to a threshold, and the number of runs that would decide."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serfsim.study.statistics import bound, confidence_that, values_needed


def test_twenty_runs_at_zero_say_that_the_95th_percentile_is_zero_with_64_percent() -> None:
    assert confidence_that([0.0] * 20, "p95", "==", 0) == pytest.approx(1 - 0.95**20)
    assert values_needed([0.0] * 20, "p95", "==", 0, 0.95) == 59
    assert values_needed([0.0] * 20, "p95", "==", 0, 0.99) == 90
    assert values_needed([0.0] * 20, "p5", ">=", 0, 0.95) == 59


def test_runs_that_fail_cost_more_runs() -> None:
    """Of 100 runs two are not 0: 95 % of all runs may be with 88 %, and the same share of 200 would do."""
    seen = [0.0] * 98 + [3.0] * 2
    assert confidence_that(seen, "p95", "<=", 0) == pytest.approx(0.8817, abs=1e-4)
    assert 150 <= (values_needed(seen, "p95", "<=", 0, 0.95) or 0) <= 210
    assert values_needed([0.0] * 90 + [1.0] * 10, "p95", "<=", 0, 0.95) is None


@pytest.mark.parametrize("statistic", ["mean", "median", "p90"])
@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">="])
def test_the_verdict_is_the_one_sided_bounds(statistic: str, comparison: str) -> None:
    sample = np.random.default_rng(8).exponential(size=60)
    upper = comparison in ("<", "<=")
    limit = bound(sample, statistic, 0.95, upper=upper)
    outward = 0.01 if upper else -0.01
    assert confidence_that(sample, statistic, comparison, limit + outward) >= 0.95
    assert confidence_that(sample, statistic, comparison, limit - outward) < 0.95


def test_a_mean_of_equal_values_is_believed_as_far_as_the_runs_are_many() -> None:
    assert confidence_that([0.0] * 3, "mean", "<", 0.5) == pytest.approx(1 - 0.95**3)
    assert confidence_that([0.0] * 3, "mean", ">", 0.5) == 0.0
    assert bound([0.0] * 58, "mean", 0.95, upper=True) == math.inf
    assert bound([0.0] * 59, "mean", 0.95, upper=True) == 0.0
    assert values_needed([0.0] * 3, "mean", "<", 0.5, 0.95) == 59


def test_a_maximum_is_refuted_by_one_run_and_shown_by_none() -> None:
    assert confidence_that([0.0] * 1000, "max", "<=", 0) == 0.0
    assert confidence_that([0.0, 2.0], "max", ">", 0) == 1.0
    assert values_needed([0.0] * 1000, "max", "<=", 0, 0.95) is None


def test_equality_asks_for_both_directions_unless_zero_is_the_least() -> None:
    assert confidence_that([3.0] * 60, "p95", "==", 3) == pytest.approx(0.95**0 - 0.95**60)
    assert confidence_that([3.0] * 60, "p95", "!=", 0) == pytest.approx(1 - 0.05**60)
    assert confidence_that([2.0, 3.0] * 30, "median", "==", 3) < 0.6


def test_nothing_is_confidently_nothing() -> None:
    assert confidence_that([math.nan], "p95", "==", 0) == 0.0
    assert values_needed([], "p95", "==", 0, 0.95) is None
    assert confidence_that([0.0, math.inf], "mean", "<", 5) == 0.0


def test_false_confidence_is_as_rare_as_stated() -> None:
    """Where one run in 19 has a false positive, the 95th percentile is not 0; that it is, is said rarely."""
    rng = np.random.default_rng(9)
    said = [confidence_that(rng.random(90) < 1 / 19, "p95", "==", 0) >= 0.95 for _ in range(2000)]
    assert np.mean(said) <= 0.05
