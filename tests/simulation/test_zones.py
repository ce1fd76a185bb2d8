"""Zone-aware routing: who gossips and exchanges state with whom, and what the loss of bridges costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serfsim import Simulation
from serfsim.base.errors import ScenarioError
from serfsim.network.capture import Capture
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Packet
from serfsim.scenario import Scenario, loads
from serfsim.scenario.checks import warnings
from tests.simulation.cluster import Run

ZONES = {"names": ["a", "b", "c"], "bridges": 1}
FORK = {"serf": "0.10.2", "memberlist": "0.5.3-grafana"}
QUIET = {"push_pull_interval": "0s", "reconnect_interval": "1d"}


def made(*faults: dict[str, Any], duration: str = "30s", workload: Any = (), **cluster: Any) -> Scenario:
    words: dict[str, Any] = {"nodes": 12, "zones": ZONES, "config": QUIET}
    words |= {"start": {"converged": True, "spread": "0s"}} | FORK | cluster
    network = {"topology": {"model": "line", "spacing": "1ms"}}
    parts: dict[str, Any] = {"warm_up": "5s", "faults": list(faults), "workload": list(workload)}
    return Scenario(cluster=words, network=network, duration=duration, **parts)


def targets(sim: Simulation, number: int, draws: int = 300) -> set[int]:
    """Everybody that a member's gossip comes to."""
    node = sim.nodes[number]
    return {one for _ in range(draws) for one in node.memberlist.gossiper.choice.choose(sim.now)}


def partners(sim: Simulation, number: int) -> list[int]:
    core = sim.nodes[number].memberlist.core
    return core.selected_members(2, STATE_ALIVE, 1e300, sim.now)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def healthy() -> Simulation:
    sim = Simulation(made(duration="1s"), 1)
    sim.run()
    return sim


def test_members_are_dealt_to_the_zones_in_turn_and_the_first_of_each_are_bridges() -> None:
    roster = made().roster()
    assert [member.tags["zone"] for member in roster.members[:4]] == ["a", "b", "c", "a"]
    assert roster.groups["b"] == [1, 4, 7, 10]
    assert roster.groups["b-bridges"] == [1]
    assert roster.groups["bridges"] == [0, 1, 2]
    assert [member.tags["role"] for member in roster.members[:4]] == ["bridge"] * 3 + ["member"]


def test_a_member_gossips_within_its_zone_and_a_bridge_with_bridges_too(
    healthy: Simulation,
) -> None:
    assert targets(healthy, 3) == {0, 6, 9}
    assert targets(healthy, 0) == {1, 2, 3, 6, 9}


def test_a_bridge_always_takes_a_bridge_of_another_zone_along(healthy: Simulation) -> None:
    for _ in range(50):
        assert partners(healthy, 0)[0] in (1, 2)
        assert set(partners(healthy, 3)) <= {0, 6, 9}


def test_probes_and_their_helpers_are_of_all_zones(healthy: Simulation) -> None:
    core = healthy.nodes[3].memberlist.core
    helpers: list[int] = []
    for _ in range(100):
        core.random_members(3, 4, STATE_SUSPECT, 1e300, helpers)
        helpers = list(dict.fromkeys(helpers))[:2]
    assert any(one not in (0, 6, 9) for one in helpers) or len(helpers) == 2
    run = Run(made({"crash": ["node-03"], "at": "1s"}))
    accusers = set(run.events.observer[run.rows("suspect", subject=3)].tolist())
    assert accusers - {0, 6, 9}


def test_without_a_bridge_everybody_chooses_among_all_until_one_is_back(tmp_path: Path) -> None:
    run = Run(made({"crash": ["a-bridges"], "at": "1s", "restart": "15s"}, duration="40s"))
    off = [(t, d) for t, d in zip(run.times("zone_failover"), run.details("zone_failover"), strict=True)]
    assert [d for _, d in off].count(1) >= 11
    first_off = min(t for t, d in off if d == 1)
    assert first_off > 1.0
    assert all(t >= 16.0 for t, d in off if d == 0)
    assert not any(node.memberlist.core.selection.is_off for node in run.sim.nodes)
    said = "[WARN] memberlist zone-aware routing is skipped because a zone has no alive bridge zone=a"
    assert said in (run.result.save(tmp_path / "r", figures=False) / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("failover", "reached"), [(True, 12), (False, 4)])
def test_gossip_reaches_zones_without_a_bridge_by_the_failover_alone(failover: bool, reached: int) -> None:
    # Pings carry messages too, to members of all zones.
    config = QUIET | {"zone_failover": failover, "probe_interval": "0s"}
    workload = [{"event": "beacon", "from": "node-04", "at": "1s"}]
    run = Run(made(duration="10s", workload=workload, config=config, zones=ZONES | {"bridges": 0}))
    deliveries = run.recording.deliveries
    assert len(np.unique(deliveries.node)) == reached


def test_a_bridge_exchanges_state_with_two_and_a_member_with_one() -> None:
    config = QUIET | {"push_pull_interval": "10s"}
    run = Run(made(duration="60s", config=config))
    asked = {number: run.times("push_pull", observer=number, since=10.0) for number in (0, 3)}
    # The second follows as soon as the first has ended.
    pairs = np.diff(asked[0])
    assert 9 <= len(asked[0]) <= 12
    assert (pairs[0::2] < 1.0).all() or (pairs[1::2] < 1.0).all()
    assert 4 <= len(asked[3]) <= 6
    more = Run(made(duration="60s", config=config | {"push_pull_nodes": 3, "zone_aware_routing": False}))
    assert 13 <= len(more.times("push_pull", observer=3, since=10.0)) <= 18


def test_groups_and_nodes_have_zones_and_roles_of_their_own() -> None:
    nodes = [{"name": "x", "role": "bridge"}, "y", {"name": "z", "group": "far"}]
    groups = {"near": {"nodes": ["x", "y"], "zone": "one"}, "far": {"zone": "two", "role": "bridge"}}
    roster = made(nodes=nodes, groups=groups, zones=None).roster()
    places = [(member.tags["zone"], member.tags["role"]) for member in roster.members]
    assert places == [("one", "bridge"), ("one", "member"), ("two", "bridge")]
    assert all(member.config.zone_aware_routing for member in roster.members)


@pytest.mark.parametrize(
    ("words", "where", "why"),
    [
        ("zones: {names: []}", "cluster.zones.names", "a list of names of zones"),
        ("zones: {names: [a, a]}", "cluster.zones.names[1]", "each zone once"),
        ("zones: {names: [availability-zone-1]}", "cluster.zones.names", "at most 16"),
        ("zones: {names: [node-00]}", "cluster.zones.names[0]", "stands for members by zone"),
        ("zones: {names: [a], bridges: -1}", "cluster.zones.bridges", "0"),
        ("groups: {g: {nodes: 2, role: bridge}}", "cluster.groups.g.role", "`zone` beside it"),
        ("groups: {g: {nodes: 2, zone: a, role: hub}}", "cluster.groups.g.role", "member"),
        (
            "product: mimir-3\n  config: {zone_aware_routing: true}",
            "cluster.config.zone_aware_routing",
            "in no zone",
        ),
        ("config: {push_pull_nodes: 0}", "cluster.config.push_pull_nodes", "1"),
    ],
)
def test_a_mistake_about_zones_is_named(words: str, where: str, why: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"duration: 1m\ncluster:\n  nodes: 4\n  {words}\n")
    assert where in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "cluster", [{}, {"zones": None, "groups": {"g": {"zone": "a", "nodes": 4}}}, {"memberlist": "0.6.0"}]
)
def test_a_scenario_written_in_full_routes_as_before(cluster: dict[str, Any]) -> None:
    scenario = made(**cluster)
    again = Scenario(**scenario.complete())
    routed = [
        [member.config.zone_aware_routing for member in one.roster().members] for one in (scenario, again)
    ]
    assert routed[0] == routed[1]
    assert any(routed[0]) == ("memberlist" not in cluster)


# Releases ----------------------------------------------------------------------------------------


def test_only_members_of_the_fork_route_by_zones_unless_told_otherwise() -> None:
    def routed(**cluster: Any) -> list[bool]:
        return [member.config.zone_aware_routing for member in made(**cluster).roster().members]

    original = {"serf": "0.10.2", "memberlist": "0.6.0"}
    assert routed(nodes=2) == [True, True]
    assert routed(nodes=2, **original) == [False, False]
    mixed = [{"name": "x", "memberlist": "0.6.0"}, "y"]
    assert routed(nodes=mixed) == [False, True]
    assert routed(nodes=mixed, config={"zone_aware_routing": False}) == [False, False]
    assert routed(nodes=[{"name": "x", "product": "mimir-3"}, "y"], **original) == [True, False]


@pytest.mark.parametrize(
    "setting", [{"zone_aware_routing": True}, {"zone_failover": False}, {"push_pull_nodes": 2}]
)
def test_settings_of_zones_are_refused_where_no_member_has_the_fork(setting: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=rf"cluster\.config\.{next(iter(setting))}: .*product mimir-3"):
        made(config=setting, memberlist="0.6.0")
    made(config=setting)
    made({"upgrade": "all", "product": "mimir-3", "at": "1s"}, config=setting, memberlist="0.6.0")


def test_zones_that_nobody_routes_by_are_warned_about() -> None:
    (warning,) = warnings(made(memberlist="0.6.0"))
    assert "cluster.zones" in warning
    assert "mimir-3" in warning
    assert warnings(made()) == warnings(made(config={"zone_aware_routing": False})) == []


# Traffic -----------------------------------------------------------------------------------------


class Crossings(Capture):
    """Counts what leaves for another zone, from the packets themselves."""

    def __init__(self) -> None:
        self.packets = 0
        self.zone: list[str] = []

    def datagram(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        self.packets += self.zone[source] != self.zone[address] and now >= 5.0

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: int, a: int) -> None:
        self.packets += self.zone[stream.client] != self.zone[stream.server] and now >= 5.0


def test_what_goes_to_another_zone_is_counted_packet_by_packet() -> None:
    sim = Simulation(made(duration="20s", config={"push_pull_interval": "5s"}), 1)
    seen = Crossings()
    seen.zone = [member.zone for member in sim.roster.members]
    sim.network.capture = seen
    traffic = sim.run().summary["traffic"]
    found = traffic["between_zones"]
    assert found["packets_per_node_s"] * 12 * 20 == pytest.approx(seen.packets)
    assert seen.packets > 0
    assert found["bytes_share"] == pytest.approx(found["bytes_per_node_s"] / traffic["bytes_per_node_s"])


def test_routing_by_zones_keeps_gossip_at_home_and_lets_probes_cross() -> None:
    news = [
        {"event": "x", "from": "node-03", "at": "0s", "every": "250ms", "until": "29s", "payload": "300B"}
    ]

    def share(workload: Any = news, **cluster: Any) -> Any:
        run = Simulation(made(workload=workload, **cluster), 1).run()
        return run.summary["traffic"]["between_zones"]["bytes_share"]

    open_to_all = share(config={"zone_aware_routing": False})
    assert open_to_all == pytest.approx(8 / 11, abs=0.05), "of the eleven others, eight are elsewhere"
    assert share(workload=[]) == pytest.approx(8 / 11, abs=0.05), "probes alone"
    assert 0.0 < share() < 0.6 * open_to_all
    assert share(zones=None) is None
    assert share(zones={"names": ["a"], "bridges": 1}) == 0.0
