"""What a scenario or its files say and nothing reads is named, instead of passing in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.versions import BASELINE, Mechanisms
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.scenario.checks import NOT_MODELLED, warnings
from serfsim.scenario.loading import load, loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.settings import Settings
from serfsim.simulation.configs import serf_config

CASES = Path(__file__).parent.parent / "cases"
# Read by the simulation itself: names that memberlist and Serf share, addresses, what an agent does.
READ_ELSEWHERE = {
    "memberlist_protocol_version",
    "cidrs_allowed",
    "snapshot",
    "rejoin_after_leave",
    "replay_on_join",
}


def test_settings_without_effect_are_named_in_cluster_group_and_node() -> None:
    found = warnings(load(CASES / "08e_ports.yaml"))
    assert any("bind_port" in warning for warning in found)
    assert any("advertise_port" in warning for warning in found)
    text = """
cluster:
  nodes: [{name: a, config: {validate_node_names: true}}, {name: b, group: g}]
  groups: {g: {config: {rpc_addr: "10.0.0.1:1"}}}
"""
    paths = [warning.split(":")[0] for warning in warnings(loads(text))]
    assert paths == ["cluster.groups.g.config.rpc_addr", "cluster.nodes.a.config.validate_node_names"]


def test_the_defaults_of_settings_without_effect_are_no_mistake() -> None:
    from serfsim.scenario.writing import dumps

    assert warnings(loads(dumps(Scenario()))) == []


def test_every_setting_is_read_by_a_machine_or_named_as_unread() -> None:
    can = Mechanisms(BASELINE)
    machines = (MemberlistConfig(can), SerfConfig(can), CoordinateConfig())
    read = {name for name in Settings.model_fields for machine in machines if hasattr(machine, name)}
    assert set(Settings.model_fields) - read - READ_ELSEWHERE <= set(NOT_MODELLED)


def test_attributes_of_a_graph_that_nothing_reads_are_named() -> None:
    found = warnings(load(CASES / "30_shadow.yaml"))
    assert len(found) == 1
    assert "host_bandwidth_up" in found[0]
    assert "packet_loss" not in found[0]


def test_a_share_of_packets_is_lost_on_a_link_of_a_graph() -> None:
    import serfsim

    summary = serfsim.run(load(CASES / "30_shadow.yaml"), seed=1).summary
    assert summary["detection"]["suspicions"] > 0


def test_lengths_without_a_unit_are_refused_and_links_may_lose_packets() -> None:
    links = "network: {topology: {model: graph, edges: [[a, b, 5ms, 30%], [b, c, 5ms]]}}"
    scenario = loads(f"cluster: {{nodes: 3}}\n{links}")
    assert loads(f"cluster: {{nodes: 3}}\n{links}") == scenario
    for edge in ("[a, b]", "[a, b, 5]", "[a, b, 5ms, 130%]", "[a, b, 0s]", "[[a], b, 5ms]", "5"):
        with pytest.raises(ScenarioError, match=r"edges\[0\]"):
            loads(f"cluster: {{nodes: 3}}\nnetwork: {{topology: {{model: graph, edges: [{edge}]}}}}")


@pytest.mark.parametrize("name", ["broadcast_timeout", "retry_interval"])
def test_what_the_agent_raises_to_a_second_is_raised_and_said(name: str) -> None:
    for given, taken in ((0.2, 1.0), (1.0, 1.0), (3.0, 3.0)):
        scenario = Scenario(cluster={"nodes": 2, "config": {name: f"{given}s"}}, duration="10s")
        assert getattr(serf_config(scenario.cluster.config, Mechanisms("0.9")), name) == taken
        assert [warning.partition(":")[0] for warning in warnings(scenario)] == (
            [f"cluster.config.{name}"] if given < taken else []
        )
