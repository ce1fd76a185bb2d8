"""SWIM's formulas against small computations of their own, and short runs against the formulas."""

from __future__ import annotations

import math
import random

import pytest

from serfsim.papers.swim import PAPER, closed_forms
from serfsim.papers.swim.grid import detection, false, infection
from serfsim.study.reproduction import Cell, Options


def picks(n: int, crashed: int, draws: random.Random) -> int:
    """Count periods until one of the live members picks member 0 from the whole list."""
    period = 0
    while True:
        period += 1
        if any(draws.randrange(n) == 0 for _ in range(n - crashed)):
            return period


@pytest.mark.parametrize(("n", "crashed"), [(8, 1), (40, 20)])
def test_the_first_detection_is_that_of_members_that_pick_at_random(n: int, crashed: int) -> None:
    draws = random.Random(1)
    counted = [picks(n, crashed, draws) for _ in range(4000)]
    assert sum(counted) / 4000 == pytest.approx(closed_forms.first_detection(n, crashed), rel=0.04)


def test_a_large_group_detects_after_e_by_e_minus_1_periods() -> None:
    assert closed_forms.first_detection(100_000) == pytest.approx(1.5820, abs=1e-3)
    assert closed_forms.detection_time() == pytest.approx(math.e / (math.e - 1.0))


def test_the_first_pick_in_continuous_time_is_that_of_periods_out_of_step() -> None:
    draws = random.Random(2)
    n, times = 10, []
    for _ in range(4000):
        phases = [draws.random() for _ in range(n - 1)]
        period = 0
        while not (picked := [phase for phase in phases if draws.random() < 1.0 / n]):
            period += 1
        times.append(period + min(picked))
    assert sum(times) / 4000 == pytest.approx(closed_forms.first_pick(1.0 / n, n - 1), rel=0.05)


def test_a_failed_round_loses_the_ack_and_every_proxy() -> None:
    draws = random.Random(3)

    def arrives(packets: int) -> bool:
        return all(draws.random() < 0.8 for _ in range(packets))

    rounds = 20_000
    failed = sum(not arrives(2) and not any(arrives(4) for _ in range(3)) for _ in range(rounds))
    assert failed / rounds == pytest.approx(closed_forms.failed_round(0.8, 3), rel=0.06)


def test_the_infection_time_inverts_the_infection() -> None:
    for share in (0.5, 0.9, 0.99):
        reached = closed_forms.infected(200, closed_forms.infection_time(200, share))
        assert reached == pytest.approx(200 * share)


def test_short_runs_agree_with_the_formulas() -> None:
    found = PAPER.run(Cell(detection(12, 1, 60)), 1)
    assert found["crashes"] == 60
    assert found["periods"] == pytest.approx(closed_forms.first_detection(12), rel=0.35)
    assert found["seconds"] == pytest.approx(1.0 + closed_forms.first_pick(1 / 12, 11), rel=0.3)
    lossy = PAPER.run(Cell(false(0.8, 1), duration_s=30), 1)
    assert lossy["failed_share"] == pytest.approx(closed_forms.failed_round(0.8, 1), rel=0.15)
    news = PAPER.run(Cell(infection(28, 4)), 1)
    assert news["p50"] == pytest.approx(closed_forms.infection_time(28, 0.5), abs=1.0)
    assert PAPER.run(Cell(study="load", n=10), 1)["sent"] == pytest.approx(2.0, abs=0.02)


def test_losses_on_members_own_links_defeat_the_proxies() -> None:
    cell = Cell(false(0.9, 3), duration_s=20)
    alone = PAPER.run(cell, 1)["failed_share"]
    together = PAPER.run(cell.varied("losses", "links"), 1)["failed_share"]
    assert together > 4 * alone


def test_the_grid_names_every_alternative_of_an_assumption() -> None:
    varied = {cell.sensitivity for cell in PAPER.cells(Options()) if cell.sensitivity}
    named = {(one.parameter, value) for one in PAPER.assumptions for value in one.alternatives}
    assert varied == named
