"""Wrong clocks and frozen machines in a cluster: what the protocol minds, and what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from serfsim import Scenario, Simulation
from serfsim.base.errors import ScenarioError
from serfsim.cli.app import app
from serfsim.live.wall_clock import WallClock
from serfsim.scenario import loads
from tests.simulation.cluster import Run, run, scenario


def with_clock(duration: str = "30s", **clock: Any) -> Run:
    return run(4, duration, faults=[{"clock": {"nodes": ["node-01"], **clock}}])


def test_a_jump_of_the_wall_clock_changes_nothing() -> None:
    jumped = with_clock(jump="1h")
    assert jumped.summary["digest"] == run(4, "30s").summary["digest"]
    assert jumped.faulted(1) == []


def pings(ran: Run) -> int:
    return ran.count("direct_ack")


def test_all_timers_of_a_member_run_by_its_clock() -> None:
    """One member of four that probes twice as often."""
    right, fast = pings(run(4, "60s")), pings(with_clock("60s", rate=2.0))
    assert fast / right == pytest.approx(5 / 4, abs=0.02)


def test_round_trips_enter_vivaldi_as_the_clock_of_the_observer_measures_them() -> None:
    """A pair 20 ms apart, both of whose clocks gain a half."""
    estimates = []
    for rate in (1.0, 1.5):
        faults = [{"clock": {"rate": rate}}] if rate != 1.0 else []
        network = {"topology": {"model": "line", "spacing": "10ms"}, "jitter": {"model": "none"}}
        ran = run(
            2, "200s", faults=faults, network=network, processing_delay="0s", record={"coordinates": "200s"}
        )
        samples = ran.recording.coordinates
        distance = float(np.linalg.norm(samples.vec[-1, 0] - samples.vec[-1, 1]))
        estimates.append(distance + float(samples.height[-1].sum() + samples.adjustment[-1].sum()))
    assert estimates[1] / estimates[0] == pytest.approx(1.5, rel=0.05)


def test_a_member_set_to_a_clock_rate_has_it_in_every_life() -> None:
    nodes = ["a", "b", "c", {"name": "d", "clock_rate": 3.0}]
    made = scenario(nodes, "60s", faults=[{"crash": ["d"], "at": "10s", "restart": "1s"}])
    sim = Simulation(made)
    sim.run()
    clock = sim.network.hosts[3].clock
    assert clock is not None
    assert clock.rate == 3.0
    assert sim.network.hosts[0].clock is None


@pytest.mark.parametrize(("verb", "accuses"), [("pause", True), ("freeze", False)])
def test_a_resumed_process_accuses_others_and_a_thawed_machine_does_not(verb: str, accuses: bool) -> None:
    """Of a paused process the timeout of a ping comes before its answer, which had arrived in time."""
    fault = {verb: ["node-03"], "at": "5s", "for": "6s", "every": "11.3s"}
    network = {"topology": {"model": "plane", "rtt": "300ms"}}
    ran = run(8, "90s", faults=[fault], network=network)
    assert ran.times("failed", subject=3)
    assert ran.faulted(3)[0] == (5.0, 11.0)
    assert (len(ran.times("suspect", observer=3)) > 0) == accuses


def test_work_of_a_frozen_member_is_done_when_it_thaws() -> None:
    work = [{"event": "deploy", "from": "node-01", "at": "8s"}]
    ran = run(4, "30s", faults=[{"freeze": ["node-01"], "at": "5s", "for": "10s"}], workload=work)
    times = ran.recording.deliveries.t
    assert float(times.min()) == pytest.approx(15.0)


def test_a_frozen_machine_freezes_the_agents_of_all_its_pools() -> None:
    cluster = {"nodes": 5, "pools": {"wan": {"members": ["node-01", "node-02", "node-03"]}}}
    faults = [{"freeze": ["node-01"], "at": "3s", "for": "4s"}]
    sim = Simulation(Scenario(cluster=cluster, warm_up="5s", duration="12s", faults=faults))
    sim.run()
    for network, number in ((sim.network, 1), (sim.pools["wan"].network, 0)):
        host = network.hosts[number]
        assert host.local(20.0) == pytest.approx(16.0)
        assert network.hosts[2].clock is None


def test_two_runs_with_wrong_clocks_are_equal() -> None:
    faults = [
        {"freeze": 3, "at": "3s", "for": "2s", "every": "7s"},
        {"clock": {"nodes": "50%", "rate": 1.3}, "at": "4s", "for": "3s", "every": "5s"},
    ]
    digests = {run(8, "40s", 3, faults=faults).summary["digest"] for _ in range(2)}
    assert len(digests) == 1


def test_logs_are_dated_by_the_wall_clock(tmp_path: Path) -> None:
    made = scenario(
        3,
        "20s",
        name="dated",
        faults=[
            {"clock": {"nodes": ["node-01"], "jump": "1h"}, "at": "1s", "for": "9s"},
            {"freeze": ["node-02"], "at": "2s", "for": "4s"},
            {"clock": {"nodes": ["node-00"], "rate": 1.5}, "at": "10s"},
            {"crash": ["node-02"], "at": "8s"},
        ],
    )
    ahead = {(node, t): WallClock(made, node).ahead(t) for node in range(3) for t in (0.0, 3.0, 7.0, 14.0)}
    assert [ahead[1, t] for t in (0.0, 3.0, 14.0)] == [0.0, 3600.0, 0.0]
    assert [ahead[2, t] for t in (0.0, 3.0, 7.0)] == [0.0, -1.0, -4.0]
    assert [ahead[0, t] for t in (7.0, 14.0)] == [0.0, 2.0]
    Simulation(made).run().save(tmp_path / "r")
    lines = CliRunner().invoke(app, ["monitor", str(tmp_path / "r"), "--as", "node-01", "--level", "DEBUG"])
    failed = [line for line in lines.output.splitlines() if "node-02" in line and "Failed ping" in line]
    assert failed
    assert failed[0].startswith("2000/01/01 01:00:0")
    assert failed[-1].startswith("2000/01/01 00:00:1")


MISTAKES = {
    "a clock that stands still": ("clock: {rate: 0}", "clock.rate: found 0; ", "the fault freeze"),
    "a clock that runs back": ("clock: {rate: -1}", "clock.rate: found -1; ", "from 0.01 to 100"),
    "a rate in words": ("clock: {rate: 2%}", "clock.rate: found '2%'; ", "1 for a clock that is right"),
    "a jump without a unit": ("clock: {jump: 30}", "clock.jump: found 30; ", "write '30s'"),
    "a jump of nothing": ("clock: {jump: 0s}", "clock.jump: found '0s'; ", "more or less than 0s"),
    "nothing wrong": ("clock: {nodes: all}", "clock: found neither; ", "`jump`, `rate` or both"),
    "nobody's clock": ("clock: {nodes: [x], rate: 2}", "clock.nodes[0]: found 'x'", "a node or a group"),
    "rates that pile up": ("clock: {rate: 2}, every: 5s", "every: found `every` alone; ", "`for`"),
    "a machine that never thaws again and again": ("freeze: 1, every: 5s", "every: found", "`for`"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_about_clocks_says_where_it_is_and_what_helps(mistake: str) -> None:
    given, found, expected = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 3}}\nfaults:\n- {{{given}}}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith(f"f.yaml:3: faults[0].{found}")
    assert expected in message


def test_a_cluster_of_clocks_that_stand_still_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"f.yaml:1: cluster.clock_rate: found 0; "):
        loads("cluster: {nodes: 3, clock_rate: 0}\n", "f.yaml")
