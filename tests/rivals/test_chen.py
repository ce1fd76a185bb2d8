"""The rival `chen`: members that watch each other by NFD-S or NFD-E make the mistakes of the closed forms."""

from __future__ import annotations

import pytest

import serfsim
from serfsim.papers.chen.closed_forms import Setting
from serfsim.scenario.loading import loads

LOSS, DELAY = 0.2, 0.02


def run_of(nodes: int, rival: str, duration: str, faults: str = "[]") -> serfsim.Result:
    return serfsim.run(
        loads(
            f"name: chen\nseed: 2\nwarm_up: 10s\nduration: {duration}\nfaults: {faults}\n"
            f"cluster: {{nodes: {nodes}, protocol: chen, rival: {rival}, start: {{converged: true}}}}\n"
            "network: {topology: {model: plane, rtt: 1ms}, jitter: {model: exponential, mean: 20ms},"
            f" loss: {LOSS}}}\n"
        ),
        check=True,
    )


@pytest.mark.parametrize("rival", ["{slack: 500ms}", "{slack: 480ms, estimate: true}"])
def test_two_members_make_as_many_mistakes_as_the_closed_form_has(rival: str) -> None:
    expected = Setting(1.0, 0.5, LOSS, DELAY)
    found = run_of(2, rival, "1h").summary["detection"]
    assert found["mistake_recurrence_s"] == pytest.approx(expected.recurrence_s, rel=0.1)
    assert found["mistake_duration_s"] == pytest.approx(expected.duration_s, rel=0.1)
    assert found["query_accuracy"] == pytest.approx(expected.accuracy, abs=0.02)


@pytest.mark.parametrize("rival", ["{slack: 2500ms}", "{slack: 2500ms, estimate: true}"])
def test_no_crash_takes_longer_than_the_bound(rival: str) -> None:
    crashes = "[{crash: [node-01, node-02, node-03, node-04, node-05], at: 60s}]"
    found = run_of(12, rival, "90s", crashes).summary["detection"]
    slop = 0.1 if "estimate" in rival else 1e-6  # NFD-E's bound holds for the delay that it estimates
    assert found["full_s"]["max"] <= 3.5 + slop
    assert found["missed"] == 0


def test_a_member_that_comes_back_is_watched_anew() -> None:
    found = run_of(6, "{slack: 3s}", "90s", "[{crash: [node-01], at: 10s, restart: 20s}]").summary
    assert found["convergence"]["views_disagreeing"] == 0
    assert found["detection"]["missed"] == 0
