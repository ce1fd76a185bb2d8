"""Clouds, backbones, data centres, generators and data sets as they are written in a scenario."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario
from serfsim.scenario.loading import loads
from serfsim.scenario.writing import dumps


def with_topology(text: str, cluster: str = "nodes: 4") -> Scenario:
    return loads(f"cluster: {{{cluster}}}\nnetwork:\n  topology: {text}\n", "f.yaml")


WRITTEN = (
    "cloud",
    "{model: cloud, provider: gcp, regions: all, zones: 2, path_factor: 1.4, overhead: 0s}",
    "{model: cloud, provider: azure, regions: [East US, westeurope], access: 50us..100us}",
    "{model: cloud, place: in_blocks}",
    "datacenter",
    "{model: datacenter, regions: 2, racks: 8, in_rack: 50us, between_regions: 80ms}",
    "{model: backbone, network: Abilene, path_factor: 1.2, hop: 0s}",
    "{model: graph, generator: waxman}",
    "{model: graph, generator: {model: watts_strogatz, places: 9, neighbours: 4, rewired: 20%, size: 80ms}}",
    "{model: matrix, data: seattle-slices, slice_every: 1m}",
    "{model: graph, data: shadow-atlas}",
)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_reads_back_the_same_with_every_default_said(text: str) -> None:
    scenario = with_topology(text)
    assert loads(dumps(scenario)) == scenario
    assert scenario.network.topology.model in text


def test_a_result_says_which_regions_and_which_network_a_short_word_meant() -> None:
    assert with_topology("cloud").network.topology.regions == (
        "us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-1",
    )  # fmt: skip
    assert len(with_topology("{model: cloud, provider: azure, regions: all}").network.topology.regions) > 50
    assert with_topology("{model: cloud, regions: eu-west-1}").network.topology.regions == ("eu-west-1",)
    azure = with_topology("{model: cloud, provider: azure, regions: [East US]}").network.topology
    assert azure.regions == ("eastus",)
    assert (
        with_topology("{model: backbone, network: germany50}").network.topology.network == "sndlib/germany50"
    )
    seattle = with_topology("{model: matrix, data: seattle}").network.topology
    assert (seattle.unit, seattle.kind, seattle.missing) == ("s", "rtt", "mirror_or_median")
    assert (
        with_topology("{model: matrix, data: seattle, missing: median}").network.topology.missing == "median"
    )


def test_groups_are_put_into_regions_and_run_there() -> None:
    scenario = with_topology(
        "{model: cloud, regions: [us-east-1, eu-west-1], "
        "place: {web: eu-west-1, rest: us-east-1, node-3: us-east-1b}}",
        "nodes: [node-0, node-1, node-2, node-3], groups: {web: {nodes: [node-0, node-1]}}",
    )
    topology = serfsim.Simulation(scenario).topology
    assert topology.places == ("eu-west-1a", "eu-west-1b", "us-east-1a", "us-east-1b")


MISTAKES = {
    "a region": (
        "{model: cloud, regions: [us-east-1, eu-wst-1]}",
        "regions[1]: found 'eu-wst-1'; expected a region of aws; did you mean eu-west-1?",
    ),
    "a region of another cloud": (
        "{model: cloud, provider: gcp, regions: [us-east-1]}",
        "regions[0]: found 'us-east-1'; expected a region of gcp; did you mean us-east1?",
    ),
    "a region twice": (
        "{model: cloud, regions: [eu-west-1, eu-west-1]}",
        "regions[1]: found 'eu-west-1'; expected each",
    ),
    "no region": (
        "{model: cloud, regions: []}",
        "regions: found an empty list; expected a list of regions, or all",
    ),
    "a provider": (
        "{model: cloud, provider: awz}",
        "provider: found 'awz'; expected 'aws', 'azure' or 'gcp'",
    ),
    "faster than light": (
        "{model: cloud, path_factor: 0.9}",
        "path_factor: found 0.9; expected a number of at least 1",
    ),
    "no racks": ("{model: datacenter, racks: 0}", "racks: found 0; expected a number of at least 1"),
    "too many racks": (
        "{model: datacenter, regions: 100, zones: 100, racks: 1000}",
        "racks: found 10000000 racks in all; expected at most 100000 racks in all",
    ),
    "no network": ("backbone", "network: found nothing; expected a value"),
    "a network": (
        "{model: backbone, network: Abilen}",
        "network: found 'Abilen'; expected a network of topohub",
    ),
    "a network that is none": (
        "{model: backbone, network: 3}",
        "network: found 3; expected a network such as",
    ),
    "a generator": (
        "{model: graph, generator: barabasi}",
        "generator.model: found 'barabasi'; expected a generator: waxman, random_geometric, barabasi_albert",
    ),
    "a parameter of another generator": (
        "{model: graph, generator: {model: waxman, links: 2}}",
        "generator.links: found an unknown key; expected places, size, model, alpha or beta",
    ),
    "a share above one": (
        "{model: graph, generator: {model: erdos_renyi, p: 1.5}}",
        "generator.p: found 1.5; expected a share between 0 and 1",
    ),
    "two sources": (
        "{model: graph, generator: waxman, edges: [[a, b, 5ms]]}",
        "topology: found `edges` and `generator`; expected one of `file`, `data`, `edges`, `generator`",
    ),
    "a place of nobody": (
        "{model: cloud, place: {node-00: us-east-1, nobody: us-east-1}}",
        "place.nobody: found 'nobody'; expected the name of a node or a group",
    ),
    "a region that is not used": (
        "{model: cloud, regions: [us-east-1], place: {rest: eu-west-1}}",
        "place.rest: found 'eu-west-1'; expected a place of this topology: us-east-1, us-east-1a, us-east-1b",
    ),
    "a rack that is not there": (
        "{model: datacenter, zones: 1, racks: 2, place: {rest: zone-1/rack-3}}",
        "place.rest: found 'zone-1/rack-3'; expected a place of this topology: zone-1, zone-1/rack-1 or",
    ),
    "a node without a place": (
        "{model: datacenter, place: {node-00: zone-1}}",
        "found no place for 'node-01' and 2 others; expected one for every node, for its group, or for rest",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_each_mistake_is_said_with_its_line(kind: str) -> None:
    text, part = MISTAKES[kind]
    with pytest.raises(ScenarioError) as caught:
        with_topology(text)
    assert str(caught.value).startswith("f.yaml:3: network.topology")
    assert part in str(caught.value)


def test_a_graph_object_with_a_node_that_has_no_link_is_not_connected() -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", latency=1)
    graph.add_node("c")
    with pytest.raises(ScenarioError, match=r"graph: found 'c' without any link; expected a graph that is"):
        Scenario(cluster={"nodes": 2}, network={"topology": graph})


def test_links_of_a_graph_object_may_carry_their_own_unit_or_numpys_numbers() -> None:
    graph = nx.Graph()
    graph.add_edge("node-00", "node-01", latency="118555 us")
    graph.add_edge("node-01", "node-02", latency=np.float32(2.5))
    topology = Scenario(cluster={"nodes": 3}, network={"topology": graph}).network.topology
    assert topology.edges == (("node-00", "node-01", 0.118555), ("node-01", "node-02", 0.0025))


@pytest.mark.parametrize("latency", [float("nan"), float("inf"), -1, None, "soon", "-5 ms", True, 1 + 2j])
def test_a_graph_object_whose_link_has_no_latency_is_refused_by_that_link(latency: object) -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", latency=latency)
    with pytest.raises(
        ScenarioError, match=r"topology\.graph: edge 'a' to 'b': found '.*'; expected a latency"
    ):
        Scenario(cluster={"nodes": 2}, network={"topology": graph})


def test_places_that_are_called_by_numbers_need_no_quotes() -> None:
    topology = "{model: graph, edges: [['1', '2', 5ms]], place: {node-00: 1, rest: 2}, access: 1ms}"
    read = with_topology(topology).network.topology
    assert read.place == {"node-00": "1", "rest": "2"}
