"""What packets and messages cost their receivers, as a scenario says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario, loads
from tests.simulation.cluster import Run

BURST = {"event": "e", "payload": "50B", "from": "node-00", "at": "2s", "every": "20ms", "times": 500}


def made(cost: Any, depth: int = 256, **groups: Any) -> Scenario:
    cluster = {
        "nodes": 8,
        "config": {"handoff_queue_depth": depth},
        "start": {"converged": True, "spread": "0s"},
        "read_cost": cost,
        "groups": groups,
    }
    network = {"topology": {"model": "line", "spacing": "1ms"}}
    return Scenario(cluster=cluster, network=network, duration="20s", warm_up="5s", workload=[BURST])


def test_a_busy_member_fills_its_handoff_queue_drops_the_rest_and_is_suspected_by_nobody(
    tmp_path: Path,
) -> None:
    run = Run(made({"message": "50us"}, busy={"nodes": ["node-05"], "read_cost": {"message": "20ms"}}))
    handoff = run.summary["queues"]["handoff"]
    assert handoff["max"] == 256
    assert handoff["dropped"] == run.count("queue_full") > 100
    assert {int(row) for row in run.events.observer[run.rows("queue_full")]} == {5}
    assert run.times("suspect") == []
    log = (run.result.save(tmp_path / "r", figures=False) / "log.txt").read_text(encoding="utf-8")
    assert log.count("handler queue full, dropping message (8)") == handoff["dropped"]


def test_without_a_cost_nothing_waits_and_the_run_is_the_same() -> None:
    free, zero = Run(made({})), Run(made({"packet": "0s", "message": "0s"}))
    assert free.summary["digest"] == zero.summary["digest"]
    assert free.summary["queues"]["handoff"] == {"mean": 0.0, "max": 0, "dropped": 0}


def test_a_cheap_message_is_late_by_its_cost_and_no_more() -> None:
    late = [Run(made({"message": cost})).summary["dissemination"]["events"] for cost in ("0s", "100us")]
    assert late[1]["delivered_share"] == pytest.approx(late[0]["delivered_share"], abs=0.01)
    assert late[1]["p50_s"] == pytest.approx(late[0]["p50_s"], abs=0.1)


def test_every_process_of_a_member_pays() -> None:
    run = Run(made({"packet": "1ms", "message": "2ms"}))
    hosts, nodes = run.sim.network.hosts, run.sim.nodes
    assert {host.read_cost for host in hosts} == {0.001}
    assert {node.memberlist.receiver.service_time for node in nodes} == {0.002}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{packet: 5}", ["read_cost.packet", "duration"]),
        ("{message: -1ms}", ["read_cost.message"]),
        ("{massage: 1ms}", ["read_cost", "massage", "message"]),
        ("20us", ["read_cost", "packet"]),
    ],
)
def test_a_mistake_about_costs_has_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster:\n  nodes: 4\n  read_cost: {text}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3:")
    assert all(part in message for part in parts), message
