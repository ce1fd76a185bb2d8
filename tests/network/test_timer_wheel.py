"""Timers as Linux's wheel lets them off, at HZ = 250."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serfsim.network.timer_wheel import fires_at


@pytest.mark.parametrize(
    ("now", "timeout", "at"),
    [
        (0.0, 0.004, 0.008),
        (0.0, 0.2, 0.204),
        (0.0, 0.248, 0.252),
        (0.0, 0.252, 0.256),
        (0.0, 0.26, 0.288),
        (0.1, 0.26, 0.384),
        (0.0, 1.0, 1.024),
        (1.024, 1.0, 2.048),
        (0.0, 2.0, 2.016),
        (0.0, 2.02, 2.048),
        (0.0, 4.0, 4.096),
        (0.0, 16.0, 16.128),
        (0.0, 64.0, 65.536),
    ],
)
def test_the_further_ahead_the_coarser(now: float, timeout: float, at: float) -> None:
    assert fires_at(now, timeout) == pytest.approx(at)


@given(st.floats(0.0, 1e5), st.floats(0.0, 120.0))
def test_no_timer_is_early_nor_later_than_its_level_allows(now: float, timeout: float) -> None:
    late = fires_at(now, timeout) - now - timeout
    unit = 0.004 * 8 ** max(0, math.ceil(math.log((math.ceil(timeout * 250 - 1e-6) + 1) / 63, 8)))
    assert -1e-7 <= late <= unit + 0.0080001


@given(st.floats(0.0, 1e4))
def test_the_six_gaps_of_a_dial_that_nobody_answers_take_7_112_to_7_144_s(now: float) -> None:
    at = now
    for gap in (1.0, 1.0, 1.0, 1.0, 1.0, 2.0):
        at = fires_at(at, gap)
    assert 7.112 - 1e-6 <= at - now <= 7.144 + 1e-6
