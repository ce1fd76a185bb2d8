"""Differences of many figures at once: how often all intervals are right, and Holm's adjustment."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.study.statistics import differences, holm


def test_holm_adjusts_as_in_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, np.nan, 0.9]) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)
    assert holm([]).size == 0


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
def test_all_intervals_are_right_together_as_often_as_stated(paired: bool) -> None:
    """Twelve correlated figures, some skew, twenty runs a side, no true difference."""
    rng = np.random.default_rng(10)
    right = 0
    for _ in range(100):
        seeds = rng.normal(size=(2, 1, 20))
        other = seeds[0] if paired else seeds[1]
        first, second = (rng.gamma(2.0, size=(12, 20)) + common for common in (seeds[0], other))
        found = differences(first, second, paired=paired)
        right += bool(((found.low <= 0) & (found.high >= 0)).all())
    assert 0.90 <= right / 100 <= 0.995


def test_pairing_by_seed_sees_what_the_spread_of_seeds_hides() -> None:
    rng = np.random.default_rng(11)
    base = rng.normal(10.0, 3.0, size=(1, 15))
    candidate = base + 0.5 + rng.normal(0.0, 0.1, size=(1, 15))
    paired = differences(base, candidate, paired=True)
    apart = differences(base, candidate, paired=False)
    assert paired.low[0] > 0.4
    assert apart.low[0] < 0 < apart.high[0]
    assert paired.estimate[0] == pytest.approx(apart.estimate[0])


def test_one_run_a_side_has_no_interval_and_equal_differences_no_width() -> None:
    one = differences([[1.0]], [[3.0]], paired=True)
    assert (one.estimate[0], one.low[0], one.high[0]) == (2.0, -np.inf, np.inf)
    twelve = np.arange(12.0)
    same = differences([twelve, twelve], [twelve + 1, twelve**1.5], paired=True)
    assert (same.low[0], same.high[0]) == (1.0, 1.0)
    assert same.low[1] < same.estimate[1] < same.high[1]


@pytest.mark.parametrize("paired", [True, False])
def test_few_runs_that_differ_by_the_same_show_nothing(paired: bool) -> None:
    """Two seeds with one suspicion more each: a coin that falls alike twice."""
    few = differences([[3.0, 3.0]], [[4.0, 4.0]], paired=paired)
    assert (few.estimate[0], few.low[0], few.high[0]) == (1.0, -np.inf, np.inf)
    none = differences([[3.0, 3.0]], [[3.0, 3.0]], paired=paired)
    assert (none.low[0], none.high[0]) == (0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_runs_with_many_figures_find_no_more_than_stated(n: int) -> None:
    """Fifty figures that have nothing to do with one another, and seem to, of so few runs."""
    rng = np.random.default_rng(13)
    wrong = 0
    for _ in range(100):
        found = differences(*rng.normal(size=(2, 50, n)), paired=True)
        wrong += bool(((found.low > 0) | (found.high < 0)).any())
    assert wrong <= 10


def test_runs_without_a_figure_are_left_out_of_that_figure_alone() -> None:
    base = [[1.0, np.nan, 3.0], [1.0, 2.0, 3.0], [np.nan, np.nan, np.nan]]
    candidate = [[2.0, 9.0, 4.5], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    found = differences(base, candidate, paired=True)
    assert found.n.tolist() == [2, 3, 0]
    assert found.estimate[:2] == pytest.approx([1.25, 0.0])
    assert (found.low[1], found.high[1]) == (0.0, 0.0)
    assert np.isnan(found.estimate[2])
    assert found.low[0] < 1.0 < 1.5 < found.high[0]


def test_more_figures_make_each_interval_wider() -> None:
    rng = np.random.default_rng(12)
    base, candidate = rng.normal(size=(2, 30, 20))
    alone = differences(base[:1], candidate[:1], paired=True)
    among = differences(base, candidate, paired=True)
    assert among.high[0] - among.low[0] > 1.3 * (alone.high[0] - alone.low[0])


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        differences([[1.0, 2.0]], [[1.0]], paired=True)
