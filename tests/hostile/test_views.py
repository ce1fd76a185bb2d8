"""What a result says that members held is what their machines held, at every moment and in every release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serfsim import Simulation, run
from serfsim.live.finished_run import FinishedRun
from serfsim.live.views import member_views
from serfsim.scenario import Scenario, load

INPUTS = Path(__file__).parent / "inputs"
RELEASES = ["0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest"]


def assert_equal_throughout(scenario: Scenario, step: float) -> None:
    past = FinishedRun(run(scenario, progress=lambda share: None))
    sim = Simulation(scenario)
    t = 1.0
    while t < scenario.duration:
        sim.env.run(until=t)
        for node, machine in enumerate(sim.nodes):
            if machine is not None:
                held = [(view.name, view.status) for view in member_views(machine)]
                told = [(view.name, view.status) for view in past.members(node, t)]
                assert told == held, (t, sim.roster.members[node].name)
        t += step


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", ["min4-left06.yaml", "min4-stuck.yaml"])
def test_the_two_that_differed(name: str, release: str) -> None:
    scenario = load(INPUTS / name).with_settings({"cluster.version": release, "duration": "2m"})
    assert_equal_throughout(scenario, 1.7)


@pytest.mark.parametrize("release", RELEASES)
def test_leaves_crashes_partitions_and_forced_leaves(release: str) -> None:
    config: dict[str, Any] = {"gossip_nodes": 1, "retransmit_mult": 1, "reap_interval": "5s"}
    config |= {"reconnect_timeout": "40s", "tombstone_timeout": "30s"}
    scenario = Scenario(
        cluster={"nodes": 8, "version": release, "config": config},
        duration="2m",
        warm_up="10s",
        faults=[
            {"crash": ["node-01"], "at": "5s", "restart": "30s"},
            {"crash": ["node-02"], "at": "6s"},
            {"leave": ["node-03"], "at": "8s", "restart": "20s"},
            {"partition": [["node-04", "node-05"], "rest"], "at": "20s", "for": "30s"},
        ],
        workload=[
            {
                "force_leave": ["node-02", "node-06"],
                "from": "node-00",
                "at": "25s",
                "every": "20s",
                "times": 3,
            },
            {"force_leave": ["node-01"], "from": "node-04", "at": "22s"},
        ],
    )
    assert_equal_throughout(scenario, 0.9)


def test_a_live_member_that_others_hold_to_be_leaving_is_a_figure() -> None:
    convergence = run(load(INPUTS / "min4-stuck.yaml"), progress=lambda share: None).summary["convergence"]
    sim = Simulation(load(INPUTS / "min4-stuck.yaml"))
    sim.env.run(until=600.0)
    held = sum(
        any(view.name == "node-06" and view.status == "leaving" for view in member_views(machine))
        for machine in sim.nodes
    )
    assert held > 0
    assert (convergence["views_disagreeing"], convergence["views_leaving"]) == (0, held)


def test_a_member_that_does_leave_is_none_of_them() -> None:
    scenario = Scenario(
        cluster={"nodes": 5, "config": {"leave_propagate_delay": "30s", "broadcast_timeout": "30s"}},
        duration="10s",
        faults=[{"leave": ["node-03"], "at": "5s"}],
    )
    assert run(scenario, progress=lambda share: None).summary["convergence"]["views_leaving"] == 0
