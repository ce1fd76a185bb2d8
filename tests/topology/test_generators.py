"""Graphs made by rule."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from serfsim.topology.generators import GENERATORS, generate


def build(n: int, generator: dict[str, object], seed: int = 1, **spec: object) -> Topology:
    names = [f"node-{i}" for i in range(n)]
    spec = {"model": "graph", "generator": generator, **spec}
    return build_topology(spec, n, Random(seed), names, ".")


@pytest.mark.parametrize("model", GENERATORS)
def test_every_generator_gives_a_connected_network_that_is_the_same_for_a_seed(model: str) -> None:
    topology = build(12, {"model": model})
    rtt = topology.rtt_matrix()
    assert (rtt[~np.eye(12, dtype=bool)] > 0).all()
    assert np.isfinite(rtt).all()
    assert (build(12, {"model": model}).rtt_matrix() == rtt).all()
    if model != "watts_strogatz":
        assert (build(12, {"model": model}, seed=2).rtt_matrix() != rtt).any()
    assert (topology.places or ())[3] == "place-03"


@pytest.mark.parametrize("model", GENERATORS)
def test_a_link_is_as_long_as_its_ends_are_apart(model: str) -> None:
    graph = generate(model, 20, Random(3), 0.06)
    pos = nx.get_node_attributes(graph, "pos")
    assert all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in pos.values())
    for a, b, latency in graph.edges(data="latency"):
        assert latency == pytest.approx(math.dist(pos[a], pos[b]) * 0.03)


def test_more_nodes_than_places_share_these_with_an_access_latency() -> None:
    topology = build(9, {"model": "barabasi_albert", "places": 5, "links": 1}, access=(0.001, 0.001))
    assert topology.rtt_row(0)[5] == pytest.approx(0.004)
    with pytest.raises(ScenarioError, match="barabasi_albert: found 5 places for 9 nodes"):
        build(9, {"model": "barabasi_albert", "places": 5})


def test_parameters_that_make_no_network_are_said_to_be_so() -> None:
    with pytest.raises(ScenarioError, match="no connected graph in 100 draws of waxman with 12 places"):
        build(12, {"model": "waxman", "alpha": 0.01})
    with pytest.raises(ScenarioError, match="3 places, links 5, which barabasi_albert refuses"):
        build(3, {"model": "barabasi_albert", "links": 5})


@pytest.mark.parametrize("model", ["waxman", "random_geometric", "erdos_renyi"])
def test_a_network_of_one_place_has_no_links(model: str) -> None:
    topology = build(1, {"model": model})
    assert topology.description == f"{model}: 1 node at 1 of 1 place, 0 links"
