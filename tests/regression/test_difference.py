"""The test of one figure, against values known by counting."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from serfsim.study.regression.comparison import p_value, tendency

INF = float("inf")


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(("then", "now"), [(2, 2), (3, 3), (30, 8), (30, 16), (30, 30)])
def test_samples_wholly_apart_have_two_orders_of_all_as_their_p_value(then: int, now: int) -> None:
    found = p_value(np.arange(then, dtype=float), 100.0 + np.arange(now, dtype=float))
    assert found == pytest.approx(2 / comb(then + now, now))


def test_three_runs_of_which_one_lies_apart_by_counting() -> None:
    # Of the 20 orders of 3 and 3, all but the 8 that never lead by two have a distance of at least 2/3.
    assert p_value(array(1, 2, 4), array(3, 5, 6)) == pytest.approx(12 / 20)


def test_equal_samples_have_a_p_value_of_one() -> None:
    assert p_value(array(1, 2, 3, 3), array(1, 2, 3, 3)) == 1.0


def test_runs_without_a_value_lie_beyond_all_others() -> None:
    then, now = array(*range(20)), array(*[INF] * 20)
    assert p_value(then, now) == pytest.approx(2 / comb(40, 20))
    assert p_value(now, now) == 1.0
    assert tendency(then, now) == 1.0
    assert tendency(now, now) == 0.0


def test_a_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        p_value(array(1, 2), array(float("nan"), 1))


def test_tendency_is_the_share_of_pairs_above_less_that_below() -> None:
    assert tendency(array(1, 2), array(2, 3)) == pytest.approx((3 - 0) / 4)
    assert tendency(array(5, 6), array(1, 2)) == -1.0


def test_a_change_of_spread_alone_is_seen() -> None:
    rng = np.random.default_rng(1)
    narrow, wide = rng.normal(0, 1, 60), rng.normal(0, 6, 60)
    assert p_value(narrow, wide) < 1e-3


def test_tied_counts_make_fewer_false_alarms_than_stated() -> None:
    rng = np.random.default_rng(2)
    alarms = sum(p_value(*np.split(rng.poisson(0.3, 40).astype(float), 2)) <= 0.05 for _ in range(400))
    assert alarms / 400 < 0.05
