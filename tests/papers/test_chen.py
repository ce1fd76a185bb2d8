"""NFD-S and NFD-E: their state machines, the closed forms, and runs against them."""

from __future__ import annotations

import math
import random

import pytest

from serfsim.papers.chen import PAPER
from serfsim.papers.chen.closed_forms import Setting
from serfsim.rivals.chen import NfdE, NfdS
from serfsim.study.reproduction import Cell


def test_the_watcher_trusts_from_the_first_heartbeat_and_suspects_at_a_stale_point() -> None:
    watcher = NfdS(1.0, 0.5)
    assert not watcher.trusts
    assert watcher.receive(0)
    assert not watcher.pass_freshness_point(0)
    assert watcher.trusts
    assert watcher.pass_freshness_point(1)
    assert not watcher.trusts
    assert watcher.freshness_time(1) == 1.5


def test_a_late_heartbeat_counts_only_while_it_is_fresh() -> None:
    watcher = NfdS(1.0, 0.5)
    watcher.receive(0)
    watcher.pass_freshness_point(1)
    assert watcher.receive(1)
    watcher.pass_freshness_point(2)
    assert not watcher.receive(1)
    assert watcher.receive(3)
    assert not watcher.receive(2)
    assert not watcher.pass_freshness_point(3)


@pytest.mark.parametrize(("eta", "delta"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -0.1), (math.nan, 1.0)])
def test_a_detector_without_an_interval_is_refused(eta: float, delta: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        NfdS(eta, delta)


def test_an_estimated_freshness_point_is_alpha_after_the_expected_arrival() -> None:
    watcher = NfdE(1.0, 0.5, 2)
    watcher.receive(0, 10.2)
    assert watcher.trusted_until == pytest.approx(11.7)
    watcher.receive(2, 12.4)  # number 1 is lost; the mean delay of both is 10.3
    assert watcher.trusted_until == pytest.approx(13.8)
    watcher.receive(1, 12.5)  # not the newest
    assert watcher.trusted_until == pytest.approx(13.8)
    watcher.receive(3, 13.2)  # the first is forgotten
    assert watcher.trusted_until == pytest.approx(14.8)


@pytest.mark.parametrize(("eta", "alpha", "window"), [(0.0, 1.0, 32), (1.0, -0.1, 32), (1.0, 1.0, 0)])
def test_an_estimating_detector_without_an_interval_is_refused(eta: float, alpha: float, window: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        NfdE(eta, alpha, window)


def test_without_delay_the_closed_forms_are_those_of_lost_heartbeats() -> None:
    setting = Setting(1.0, 0.5, 0.1, 1e-9)
    assert setting.recurrence_s == pytest.approx(1.0 / (0.1 * 0.9))
    assert setting.duration_s == pytest.approx(0.5 * 0.1 / (0.1 * 0.9) + 0.5 * 0.01 / (0.1 * 0.9), rel=1e-6)


def test_the_closed_forms_are_those_of_heartbeats_drawn_one_by_one() -> None:
    setting = Setting(1.0, 0.6, 0.2, 0.4)
    draws, n = random.Random(4), 30_000
    arrivals = [
        i + draws.expovariate(1 / setting.delay) if draws.random() >= setting.loss else math.inf
        for i in range(n + 10)
    ]
    best = [0.0] * n
    for i in range(n):  # the first arrival of heartbeat i or a later one
        best[i] = min(arrivals[i : i + 8])
    points = [i + setting.delta for i in range(n)]
    suspected = sum(max(0.0, min(1.0, best[i] - points[i])) for i in range(n))
    begun = sum(best[i] > points[i] >= best[i - 1] for i in range(1, n))
    assert n / begun == pytest.approx(setting.recurrence_s, rel=0.05)
    assert suspected / n == pytest.approx(1.0 - setting.accuracy, rel=0.05)


def test_runs_agree_with_the_closed_forms() -> None:
    factors = {"eta": 1.0, "delta": 0.5, "loss": 0.1, "delay": 0.3}
    setting = Setting(**factors)
    found = PAPER.run(Cell({**factors, "study": "mistakes", "heartbeats": 8000}), 1)
    assert found["recurrence_s"] == pytest.approx(setting.recurrence_s, rel=0.08)
    assert found["duration_s"] == pytest.approx(setting.duration_s, rel=0.08)
    assert found["accuracy"] == pytest.approx(setting.accuracy, abs=0.01)
    crashes = PAPER.run(Cell({**factors, "study": "crashes", "repeats": 100}), 1)
    assert crashes["late"] == 0
    assert 0.0 < crashes["detection_max_s"] <= setting.detection_bound_s


def test_estimates_cost_little_accuracy() -> None:
    factors = {"eta": 1.0, "delta": 0.5, "loss": 0.1, "delay": 0.02}
    setting = Setting(**factors)
    found = PAPER.run(Cell({**factors, "study": "estimated", "heartbeats": 8000}), 1)
    assert found["recurrence_s"] == pytest.approx(setting.recurrence_s, rel=0.1)
    assert found["duration_s"] == pytest.approx(setting.duration_s, rel=0.1)


def test_two_members_of_serf_give_the_same_figures() -> None:
    cell = Cell(study="memberlist", loss=0.4, hours=1)
    found = PAPER.run(cell, 1)
    assert found["mistakes"] > 0
    assert 0.0 < found["accuracy"] < 1.0
