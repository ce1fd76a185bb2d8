"""When nodes tick: probes at the phase of their start for ever, push/pulls with a random one."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.simulation.cluster import Run, run

STARTS = [-1.0, -1.0, -1.0, -0.75, -0.5, -0.5, -0.125, 0.0]


@functools.cache
def lossy() -> Run:
    return run(
        8,
        "60s",
        config={"reconnect_interval": "1000s"},
        start={"at": [f"{start}s" for start in STARTS]},
        network={"loss": {"udp": "25%"}},
        warm_up="4s",
    )


def test_every_probe_is_whole_intervals_after_the_start_of_its_node() -> None:
    there = lossy()
    for node, start in enumerate(STARTS):
        # A ping fails half a second after its tick.
        late = [t - 0.5 - (start - 4.0) for t in there.times("failed_ping", node)]
        assert len(late) > 5
        assert max(abs(t - round(t)) for t in late) < 1e-6


def test_probes_of_nodes_started_together_stay_in_lockstep() -> None:
    there = lossy()
    phases = [{round(t % 1.0, 6) % 1.0 for t in there.times("failed_ping", node)} for node in range(8)]
    assert phases[0] == phases[1] == phases[2] == {0.5}
    assert phases[4] == phases[5] == {0.0}
    assert phases[3] == {0.75}


@functools.cache
def exchanging(nodes: int) -> Run:
    """Nothing but push/pulls."""
    return run(
        nodes,
        "240s",
        config={"probe_interval": "0s", "gossip_interval": "0s"},
        start={"converged": True, "spread": "0s"},
        warm_up="0s",
    )


def test_push_pulls_are_staggered_over_one_interval_after_the_first() -> None:
    first = sorted(exchanging(32).times("push_pull", node)[0] for node in range(32))
    assert 30.0 <= first[0] < 34.0
    assert 56.0 < first[-1] < 60.0
    assert len(set(first)) == 32
    # Uniform over 30 s: mean 45 with a standard error of 1.5.
    assert np.mean(first) == pytest.approx(45.0, abs=5.0)


@pytest.mark.parametrize(("nodes", "interval"), [(32, 30.0), (33, 60.0)])
def test_the_push_pull_interval_doubles_from_33_members(nodes: int, interval: float) -> None:
    there = exchanging(nodes)
    for node in range(0, nodes, 8):
        times = there.times("push_pull", node)
        # The next one is an interval after the end of the one before.
        assert np.diff(times) == pytest.approx(interval, abs=0.02)
        assert len(times) >= 3
