"""What a scenario or its files say and nothing reads is named, instead of passing in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.base.errors import ScenarioError, SerfsimWarning
from serfsim.protocol.versions import ReleaseFeatures
from serfsim.scenario.checks import warnings
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load, loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.unused import unused
from serfsim.scenario.writing import dumps
from serfsim.simulation.configs import serf_config
from serfsim.study.sweeps.grid import check_grid

CASES = Path(__file__).parent.parent / "cases"
OTHER_VALUES = {
    "bind_port": 7000,
    "advertise_port": 7000,
    "memberlist_queue_check_interval": "1s",
    "rpc_addr": "10.0.0.1:1",
}
"""Another value for each setting that no simulated member reads."""


def test_settings_without_effect_are_named_in_cluster_group_and_node() -> None:
    found = warnings(load(CASES / "08e_ports.yaml"))
    assert any("bind_port" in warning for warning in found)
    assert any("advertise_port" in warning for warning in found)
    text = """
cluster:
  nodes: [{name: a, config: {memberlist_queue_check_interval: 1s}}, {name: b, group: g}]
  groups: {g: {config: {rpc_addr: "10.0.0.1:1"}}}
"""
    paths = [warning.split(":")[0] for warning in warnings(loads(text))]
    assert paths == [
        "cluster.groups.g.config.rpc_addr",
        "cluster.nodes.a.config.memberlist_queue_check_interval",
    ]


def test_the_defaults_of_settings_without_effect_are_no_mistake() -> None:
    assert warnings(loads(dumps(Scenario()))) == []


@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
def test_each_setting_without_effect_is_named_once_and_changes_no_run() -> None:
    groups = {"g": {"nodes": 1, "config": {"bind_port": 7001}}}
    plain = Scenario(cluster={"nodes": 3}, duration="20s")
    odd = Scenario(cluster={"nodes": 3, "groups": groups, "config": OTHER_VALUES}, duration="20s")
    found = warnings(odd)
    assert sorted(OTHER_VALUES) == sorted(
        warning.split(":")[0].split(" ")[0].rpartition(".")[2] for warning in found
    )
    assert all("a simulated member does not use it" in warning for warning in found)
    assert "1 more place" in next(warning for warning in found if "bind_port" in warning)
    assert serfsim.run(plain).summary["digest"] == serfsim.run(odd).summary["digest"]


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "",
        "127.0.0.1",
        ":7373",
        "a:b:1",
        "127.0.0.1:65536",
        "[127.0.0.1]:1",
        "::1:7373",
        "[::1:1",
        "a b:1",
        1,
    ],
)
def test_what_is_no_address_is_refused_though_no_member_listens_there(address: object) -> None:
    with pytest.raises(
        ScenarioError, match=r"cluster\.config\.rpc_addr: found .*; expected an address such as"
    ):
        Scenario(cluster={"config": {"rpc_addr": address}})
    for right in ("127.0.0.1:7373", "[::1]:7373", "host.example:0"):
        assert Scenario(cluster={"config": {"rpc_addr": right}}).cluster.config.rpc_addr == right


def test_attributes_of_a_graph_that_nothing_reads_are_named() -> None:
    found = warnings(load(CASES / "30_shadow.yaml"))
    assert len(found) == 1
    assert "host_bandwidth_up" in found[0]
    assert "packet_loss" not in found[0]


@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
def test_a_share_of_packets_is_lost_on_a_link_of_a_graph() -> None:
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
        assert getattr(serf_config(scenario.cluster.config, ReleaseFeatures("0.9")), name) == taken
        assert [warning.partition(":")[0] for warning in warnings(scenario)] == (
            [f"cluster.config.{name}"] if given < taken else []
        )


def test_a_run_from_python_warns_of_each_setting_without_effect() -> None:
    scenario = Scenario(cluster={"nodes": 1, "config": {"bind_port": 7000}}, duration="1s", warm_up="1s")
    with pytest.warns(
        SerfsimWarning, match=r"cluster\.config\.bind_port: a simulated member does not use it"
    ):
        serfsim.run(scenario)


def test_a_grid_over_what_no_member_uses_is_warned_of() -> None:
    with pytest.warns(SerfsimWarning, match=r"grid cluster\.config\.rpc_addr: a simulated member does not"):
        check_grid({"cluster.config.rpc_addr": ["a:1", "b:1"], "cluster.config.suspicion_mult": [2, 4]})


def test_recording_nothing_of_views_and_packets_is_said_to_have_no_effect() -> None:
    found = warnings(Scenario(record={"views": "none", "packets": "none", "coordinates": "none"}))
    assert [warning.split(":")[0] for warning in found] == ["record.views", "record.packets"]


@pytest.mark.parametrize("name", shipped())
def test_no_shipped_scenario_says_what_nothing_reads(name: str) -> None:
    found = list(unused(load(name)))
    assert all("never one cluster" in warning for warning in found)
    assert not found or name == "version_gate"


def test_releases_that_refuse_each_other_are_warned_of_with_the_reason() -> None:
    old = {"old": {"nodes": 2, "version": "0.8"}}
    (found,) = warnings(Scenario(cluster={"nodes": 5, "version": "0.10.2", "groups": old}))
    assert "speaks Serf's protocol 5" in found
    assert "understands 2 to 4" in found
    assert warnings(Scenario(cluster={"nodes": 5, "groups": old, "config": {"protocol_version": 4}})) == []


@pytest.mark.parametrize(
    ("sections", "paths"),
    [
        ({"cluster": {"nodes": 2, "start": {"at": ["-1s", "0s"], "spread": "9s"}}}, ["cluster.start.spread"]),
        ({"cluster": {"nodes": 2, "start": {"at": ["-1s", "0s"]}}}, []),
        ({"cluster": {"nodes": 2, "start": {"spread": "9s"}}}, []),
        (
            {"network": {"topology": {"model": "graph", "generator": "waxman", "unit": "km", "kind": "rtt"}}},
            ["network.topology.unit", "network.topology.kind"],
        ),
        (
            {"network": {"topology": {"model": "graph", "edges": [["a", "b", "5ms"]], "format": "gml"}}},
            ["network.topology.format"],
        ),
        ({"network": {"topology": {"model": "graph", "edges": [["a", "b", "5ms"]], "kind": "rtt"}}}, []),
    ],
)
def test_a_key_that_another_overrules_is_named(sections: dict[str, Any], paths: list[str]) -> None:
    scenario = Scenario(**sections)
    assert [warning.split(":")[0] for warning in unused(scenario)] == paths
    assert [warning.split(":")[0] for warning in unused(loads(dumps(scenario)))] == paths
