"""Graphs that say where their nodes are and nothing of their links."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.scenario import Scenario
from serfsim.topology.graph import graph_topology, load_graph

# Berlin, Munich, Frankfurt; 504.2 and 304.0 km apart by the great circle.
GML = """graph [
  node [ id 0 label "a" Latitude 52.52 Longitude 13.405 ]
  node [ id 1 label "b" Latitude 48.137 Longitude 11.575 ]
  node [ id 2 label "c" {c} ]
  edge [ source 0 target 1 ]
  edge [ source 1 target 2 ]
]
"""
C = "Latitude 50.11 Longitude 8.682"


def graph(tmp_path: Path, c: str = C) -> nx.Graph:
    file = tmp_path / "map.gml"
    file.write_text(GML.format(c=c))
    return load_graph(file, None, "positions", False)


def test_a_link_is_a_fibre_half_as_long_again_as_the_great_circle(tmp_path: Path) -> None:
    topology = graph_topology(graph(tmp_path), ["a", "b", "c"], Random(1), "positions", None)
    ab, bc = 1.5 * 504.2 / 204_218, 1.5 * 304.0 / 204_218
    assert topology.rtt_row(0).tolist() == pytest.approx([0.0, 2 * ab, 2 * (ab + bc)], rel=2e-3)


def test_without_latencies_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected its latency as 'latency', or `weight: positions`"):
        graph_topology(graph(tmp_path), ["a", "b", "c"], Random(1), "latency", None)


@pytest.mark.parametrize("c", ["", "Latitude 50.11", "Latitude 95.0 Longitude 8.682"])
def test_a_node_without_a_place_on_earth_is_named(tmp_path: Path, c: str) -> None:
    with pytest.raises(ScenarioError, match="node 'c': found no position; expected a Latitude"):
        graph_topology(graph(tmp_path, c), ["a", "b", "c"], Random(1), "positions", None)


def test_a_networkx_graph_may_be_a_map_too(tmp_path: Path) -> None:
    drawn = graph(tmp_path)
    cluster = {"nodes": ["a", "b", "c"]}
    made = Scenario(
        cluster=cluster, network={"topology": {"model": "graph", "graph": drawn, "weight": "positions"}}
    )
    edges = made.network.topology.edges  # type: ignore[union-attr]
    assert edges is not None
    assert [edge[2] for edge in edges] == pytest.approx(
        [1.5 * 504.2 / 204_218, 1.5 * 304.0 / 204_218], rel=2e-3
    )
