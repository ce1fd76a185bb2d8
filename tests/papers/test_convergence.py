"""The formula of Serf's convergence simulator, bit for bit, and where the real protocol leaves it."""

from __future__ import annotations

import math

import pytest

from serfsim.papers.convergence import PAPER
from serfsim.papers.convergence.formula import bandwidth_kbps, curve, seconds_to, share_reached
from serfsim.papers.convergence.runs import FORMULA, SHARES
from serfsim.study.reproduction import Cell


@pytest.mark.parametrize(
    "one", [one for one in PAPER.published if one.id != "bandwidth"], ids=lambda one: one.id
)
def test_the_formula_gives_the_seconds_of_the_page(one) -> None:
    quantile, n, loss = one.id.split(".", 2)
    found = seconds_to(SHARES[quantile], int(n[1:]), loss=float(loss[4:]))
    assert abs(found - one.value) <= 1e-12


def test_the_curve_is_the_formula_as_it_stood() -> None:
    assert share_reached(30, 0) == 1 / 32
    assert share_reached(30, 2, fanout=3) == 1 / (1 + 31 * math.exp(-(3 / 30) * 0.5 * 30 * 2))
    drawn = list(curve(30))
    assert drawn[-1][1] >= 0.9999 > drawn[-2][1]
    assert len(list(curve(30, loss=1.0))) == 101
    assert math.isinf(seconds_to(0.5, 30, loss=1.0))
    assert bandwidth_kbps() == pytest.approx(328.125)


def test_gossip_is_twice_as_fast_as_the_formula_and_stops() -> None:
    cell = Cell(protocol="gossip", n=30, loss=0.0, seconds=5)
    assert PAPER.run(cell, 1)["p90"] < 0.7 * seconds_to(0.9, 30)
    lossy = Cell(protocol="gossip", n=30, loss=0.5, seconds=5)
    reached = [PAPER.run(lossy, seed)["reached"] for seed in range(1, 7)]
    endless = [PAPER.run(lossy.varied("stop", "endless"), seed)["reached"] for seed in range(1, 7)]
    assert min(reached) < 1.0
    assert min(endless) == 1.0


def test_a_share_that_is_not_reached_has_no_time() -> None:
    found = PAPER.run(Cell(protocol="gossip", n=10, loss=1.0, seconds=2), 1)
    assert math.isnan(found["p50"])
    assert found["reached"] == 0.1
    assert PAPER.run(Cell(protocol=FORMULA, n=30, loss=0.0), 1)["p99"] == pytest.approx(1.2)
