"""Stalled members in a cluster: the anomaly of the Lifeguard paper."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.cluster import Run, run

SWIM = {"suspicion_mult": 5, "lha_probe": False, "lha_suspicion": False}
HEALTHY = range(4, 16)


def anomaly(config: dict[str, Any], window: float = 0.001, **more: Any) -> Run:
    """Four of 16 members are stalled for 8 s, and go on for a moment, again and again."""
    held = {"at": "5s", "for": "8s", "every": f"{8.0 + window}s", "times": 4}
    reading = {"packet": "200us", "message": "0us"}
    faults = [{"stall": [f"node-{i:02}" for i in range(4)], **held, **more}]
    return run(16, "45s", config=config, read_cost=reading, faults=faults)


def false_positives(ran: Run) -> int:
    """Healthy members declared failed, once for each that declares them so."""
    return sum(len(ran.times("failed", subject=node)) for node in HEALTHY)


def test_stalled_members_declare_the_healthy_ones_failed_that_they_were_about_to_probe() -> None:
    assert false_positives(anomaly(SWIM)) > 3


def test_a_prober_that_resumes_first_gets_its_accusation_into_the_same_window() -> None:
    # Else it may leave a window later with the verdict, which healthy members then take over.
    def at_healthy(ran: Run) -> int:
        return sum(len(ran.times("failed", observer=i, subject=j)) for i in HEALTHY for j in HEALTHY)

    assert at_healthy(anomaly(SWIM)) > 10
    assert at_healthy(anomaly(SWIM, resume_first="probe")) < 5


def test_a_suspicion_that_lasts_until_others_confirm_it_spares_them() -> None:
    lifeguard = {"suspicion_mult": 5}
    assert false_positives(anomaly(lifeguard)) < false_positives(anomaly(SWIM)) / 2


def test_long_windows_let_the_refutation_come() -> None:
    assert false_positives(anomaly(SWIM, window=2.0)) == 0


def test_a_stalled_member_is_under_a_fault_and_not_down() -> None:
    ran = run(8, "40s", faults=[{"stall": ["node-03"], "at": "5s", "for": "20s"}])
    assert ran.faulted(3) == [(5.0, 25.0)]
    assert ran.times("failed", subject=3)
    assert [end for _, end in ran.down(3) if end > 0.0] == []  # but for the time before its start


@pytest.mark.parametrize("seed", [1, 2])
def test_runs_with_stalls_are_equal(seed: int) -> None:
    stall = {"stall": 3, "at": "3s", "for": "2s", "every": "2.5s"}
    faults = [stall, {"crash": 1, "at": "9s", "restart": "3s"}]
    digests = {run(8, "30s", seed, faults=faults).summary["digest"] for _ in range(2)}
    assert len(digests) == 1
