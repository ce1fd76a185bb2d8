"""Members that run memberlist without Serf."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError, SerfsimError
from serfsim.scenario import loads
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from tests.simulation.cluster import Run, run


def bare(nodes: int, duration: str, **parts: Any) -> Run:
    return run(nodes, duration, protocol="memberlist", **parts)


def told(ran: Run) -> set[str]:
    """Return the kinds of messages that were sent."""
    by_type = ran.summary["traffic"]["by_type"]
    return {name for name, figures in by_type.items() if figures["messages_per_node_s"] > 0.0}


def test_memberlist_alone_joins_detects_a_crash_and_tells_of_a_leave() -> None:
    faults = [{"crash": ["node-03"], "at": "5s"}, {"leave": ["node-05"], "at": "6s"}]
    ran = bare(8, "40s", faults=faults, warm_up="15s")
    for node in (0, 1, 2, 4, 6, 7):
        assert len(ran.times("failed", node, 3)) == 1
        assert len(ran.times("left", node, 5)) == 1
    assert ran.times("failed", subject=5) == []


def test_nothing_of_serf_is_said() -> None:
    faults = [{"leave": ["node-05"], "at": "6s"}]
    alone, with_serf = (run(8, "20s", faults=faults, protocol=name) for name in ("memberlist", "serf"))
    assert not [name for name in told(alone) if "intent" in name]
    assert {"udp_join_intent", "udp_leave_intent"} & told(with_serf)
    sizes = [ran.summary["traffic"]["by_type"]["udp_ack"] for ran in (alone, with_serf)]
    bare_ack, ack = (size["bytes_per_node_s"] / size["messages_per_node_s"] for size in sizes)
    assert bare_ack < ack - 30.0  # the coordinate


def test_a_failed_member_that_comes_back_is_found_without_a_reconnect() -> None:
    """It joins again itself, as its program does at a start."""
    ran = bare(6, "60s", faults=[{"crash": ["node-03"], "at": "5s", "restart": "30s"}])
    assert ran.count("reconnect") == 0
    assert len(ran.times("join", subject=3, since=35.0)) >= 5


def test_a_leave_ends_without_the_delay_that_serf_waits() -> None:
    faults = [{"leave": ["node-05"], "at": "6s"}]
    alone, with_serf = (run(8, "20s", faults=faults, protocol=name) for name in ("memberlist", "serf"))
    assert alone.times("leave_done", 5)[0] < with_serf.times("leave_done", 5)[0] - 1.0


@pytest.mark.parametrize("work", ["event: deploy", "query: uptime", "force_leave: node-03"])
def test_work_of_serf_is_refused(work: str) -> None:
    text = f"cluster: {{nodes: 5, protocol: memberlist}}\nduration: 30s\nworkload:\n- {{{work}, at: 5s}}\n"
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    assert f"found `{work.partition(':')[0]}` in a cluster of memberlist alone" in str(caught.value)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("cluster: {protocol: raft}\nduration: 30s\n")
    assert "cluster.protocol: found 'raft'; expected" in str(caught.value)


@pytest.mark.parametrize("release", ["9a1e242", "0.1.0", "0.2.2", "0.6.0"])
def test_memberlist_alone_runs_in_any_of_its_releases_whatever_serf_would_need(release: str) -> None:
    cluster = {"nodes": 5, "protocol": "memberlist", "memberlist": release}
    faults = [{"crash": ["node-03"], "at": "5s"}]
    summary = Simulation(Scenario(cluster=cluster, faults=faults, duration="30s")).run().summary
    assert [layers["memberlist"] for layers in summary["layers"].values()] == [release]
    assert summary["detection"]["missed"] == 0
    with pytest.raises(SerfsimError, match="no build of it takes an older one"):
        Scenario(cluster={**cluster, "memberlist": "0.1.0", "protocol": "serf"})
