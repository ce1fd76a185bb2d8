"""The queue works in slices, so that Ctrl-C is answered soon and a run is the same however they are cut."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
import simpy

from serfsim import Scenario, Simulation
from serfsim.engine import environment
from serfsim.engine.environment import ClusterEnvironment
from serfsim.engine.queue import EventQueue
from serfsim.network.scheduler import Dispatcher

SLOW_S = 0.002  # as an event of a storm in a cluster of thousands


class Slow(Dispatcher):
    """Every event takes long."""

    def dispatch(self, target: int, kind: int, a: int, b: int, payload: object, now: float) -> None:
        time.sleep(SLOW_S)


def test_slow_events_make_short_slices() -> None:
    queue, ends = EventQueue(), [time.perf_counter()]
    for number in range(600):
        queue.schedule(number / 1000.0, 0, 0, 0, 0, None)
    env = ClusterEnvironment(queue, Slow(), 0.0, lambda: ends.append(time.perf_counter()), lambda: None)
    env.run(until=1.0)
    assert queue.events_processed == 600
    gaps = sorted(later - earlier for earlier, later in pairwise(ends))
    # The median: what else this machine does must not fail the test.
    assert gaps[len(gaps) // 2] < 0.4


def test_quick_events_make_long_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "SLICE_S", 60.0)
    sim = Simulation(Scenario(cluster={"nodes": 30}, duration="15m", record={"coordinates": "none"}))
    slices: list[float] = []
    sim.run(progress=slices.append)
    assert len(slices) < sim.queue.events_processed / 500


@pytest.mark.parametrize("slice_s", [0.0, 60.0])
def test_where_slices_end_changes_nothing(monkeypatch: pytest.MonkeyPatch, slice_s: float) -> None:
    faults = [{"crash": ["node-03"], "at": "10s", "restart": "20s"}]
    scenario = Scenario(cluster={"nodes": 8}, duration="1m", faults=faults)
    usual = Simulation(scenario).run().summary["digest"]
    monkeypatch.setattr(environment, "SLICE_S", slice_s)
    assert Simulation(scenario).run().summary["digest"] == usual


def test_an_interruption_leaves_the_clock_where_the_cluster_has_come() -> None:
    sim = Simulation(Scenario(cluster={"nodes": 8}, duration="10m"))

    def report(fraction: float) -> None:
        if fraction > 0.4:
            raise KeyboardInterrupt

    stopped = sim.run(progress=report).summary["interrupted_at_s"]
    assert 0.0 < stopped < 600.0
    assert sim.now == pytest.approx(stopped)
    assert isinstance(sim.env, simpy.Environment)
