"""Networks of links: latency is the shortest path."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from serfsim.topology.graph import load_graph

# a -5- b -7- c, and a -20- c: the way from a to c is by b.
EDGES = [("a", "b", 5), ("b", "c", 7), ("a", "c", 20)]
ONE_WAY = np.array([[0, 5, 12], [5, 0, 7], [12, 7, 0]]) / 1e3


def build(names: str = "abc", folder: Path = Path(), **parameters: object) -> Topology:
    return build_topology({"model": "graph", **parameters}, len(names), Random(1), list(names), folder)


def made(kind: type[nx.Graph] = nx.Graph, attribute: str = "latency") -> nx.Graph:
    graph = kind()
    for tail, head, ms in EDGES:
        graph.add_edge(tail, head, **{attribute: ms})
    return graph


def test_a_networkx_graph_gives_shortest_paths(tmp_path: Path) -> None:
    topology = build(graph=made())
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
    assert topology.places == ("a", "b", "c")
    assert topology.graph is not None
    assert build(graph=made(), kind="rtt").rtt_matrix() == pytest.approx(ONE_WAY)
    assert build(graph=made(attribute="delay"), weight="delay").one_way_matrix() == pytest.approx(ONE_WAY)


def test_files_of_every_kind_give_the_same_network(tmp_path: Path) -> None:
    nx.write_gml(made(), tmp_path / "g.gml")
    nx.write_graphml(made(), tmp_path / "g.graphml")
    nx.write_edgelist(made(), tmp_path / "g.edges", data=True)
    (tmp_path / "g.txt").write_text("# links\na b 5ms\nb c 7000 us\na c 0.02s\n", encoding="utf-8")
    (tmp_path / "g.csv").write_text("a,b,5\nb,c,7\na,c,20\n", encoding="utf-8")
    (tmp_path / "headed.csv").write_text("from,to,latency\na,b,5\nb,c,7\na,c,20\n", encoding="utf-8")
    (tmp_path / "remarks.txt").write_text("a b 5 # near\nb c 7\na c 20\n", encoding="utf-8")
    for name in ("g.gml", "g.graphml", "g.edges", "g.txt", "g.csv", "headed.csv", "remarks.txt"):
        assert build(folder=tmp_path, file=name).one_way_matrix() == pytest.approx(ONE_WAY), name


def test_edges_written_in_the_scenario_are_in_seconds() -> None:
    edges = [(tail, head, ms / 1e3) for tail, head, ms in EDGES]
    assert build(edges=edges).one_way_matrix() == pytest.approx(ONE_WAY)


def test_a_directed_graph_has_a_latency_each_way_and_must_be_connected_both_ways() -> None:
    graph = nx.DiGraph()
    graph.add_edge("a", "b", latency=5)
    graph.add_edge("b", "c", latency=7)
    with pytest.raises(
        ScenarioError, match=r"found 3 parts without a path .* connected both ways, or part: largest$"
    ):
        build(graph=graph)
    graph.add_edge("c", "a", latency=1)
    one_way = np.array([[0, 5, 12], [8, 0, 7], [1, 6, 0]]) / 1e3
    topology = build(graph=graph)
    assert topology.one_way_matrix() == pytest.approx(one_way)
    assert topology.rtt_matrix() == pytest.approx(one_way + one_way.T)


def test_of_parallel_links_the_fastest_counts_and_a_loop_is_the_way_between_neighbours() -> None:
    graph = made(nx.MultiGraph)
    graph.add_edge("a", "b", latency=3)
    graph.add_edge("a", "a", latency=2)
    assert build(graph=graph).one_way_row(0)[1] == pytest.approx(0.003)
    shared = build("xyzw", graph=graph, place={"x": "a", "y": "a", "z": "b", "w": "c"})
    assert shared.one_way_row(0) == pytest.approx([0, 0.002, 0.003, 0.010])


def test_a_disconnected_graph_is_refused_with_one_node_of_either_part() -> None:
    graph = made()
    graph.add_edge("d", "e", latency=1)
    with pytest.raises(ScenarioError) as caught:
        build(graph=graph)
    assert str(caught.value) == (
        "graph: found 2 parts without a path between them, such as those of 'a' and 'd'; "
        "expected a graph that is connected, or part: largest"
    )


def test_of_a_graph_in_parts_the_largest_can_be_asked_for() -> None:
    graph = made()
    graph.add_edge("d", "e", latency=1)
    graph.add_node("f")
    assert build(graph=graph, part="largest").one_way_matrix() == pytest.approx(ONE_WAY)
    one_way = nx.DiGraph(graph)
    one_way.remove_edge("b", "a")
    one_way.remove_edge("c", "a")
    assert set(build("xy", graph=one_way, part="largest").places or ()) == {"b", "c"}
    with pytest.raises(ScenarioError, match=r"topology\.part: found 'most'; expected all, largest"):
        build(graph=graph, part="most")


def test_two_places_that_are_nowhere_apart_cannot_both_be_stood_at() -> None:
    graph = made()
    graph.add_edge("c", "d", latency=0)
    with pytest.raises(ScenarioError, match=r"found 0 ms between 'c'.* and 'd'"):
        build("abcd", graph=graph)
    assert build("abcd", graph=graph, access=0.001).rtt_row(2)[3] == pytest.approx(0.004)
    assert build("abc", graph=graph).one_way_matrix() == pytest.approx(ONE_WAY)


def test_a_links_own_unit_comes_before_the_stated_one(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", latency="118555 us")
    assert build("ab", graph=graph, unit="s").one_way_row(0)[1] == pytest.approx(0.118555)


def test_graphs_with_numbers_for_labels_are_read_too(tmp_path: Path) -> None:
    text = 'graph [\n node [ id 7 ]\n node [ id 9 ]\n edge [ source 7 target 9 latency "4 ms" ]\n]\n'
    (tmp_path / "g.gml").write_text(text, encoding="utf-8")
    topology = build("ab", folder=tmp_path, file="g.gml")
    assert topology.places == ("7", "9")
    assert topology.rtt_row(0)[1] == pytest.approx(0.008)


def test_an_edge_of_graphml_that_says_nothing_has_the_default_of_its_key(tmp_path: Path) -> None:
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
        <key id="d0" for="edge" attr.name="latency" attr.type="double"><default>7</default></key>
        <graph edgedefault="undirected"><node id="a"/><node id="b"/><node id="c"/>
        <edge source="a" target="b"><data key="d0">5</data></edge><edge source="b" target="c"/>
        </graph></graphml>"""
    (tmp_path / "g.graphml").write_text(text, encoding="utf-8")
    assert build(folder=tmp_path, file="g.graphml").one_way_matrix() == pytest.approx(ONE_WAY)


def test_a_graph_that_is_checked_and_then_run_is_read_once_and_again_when_its_file_changes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "g.txt"
    file.write_text("a b 5ms\n", encoding="utf-8")
    first = load_graph(file)
    assert load_graph(file) is first
    with pytest.raises(nx.NetworkXError, match="Frozen"):
        first.add_edge("a", "c")
    file.write_text("a b 5ms\nb c 15ms\n", encoding="utf-8")
    assert load_graph(file).number_of_edges() == 2


FILES = {
    "broken XML": ("g.graphml", "<graphml><graph>", "found broken XML"),
    "no GML": ("g.gml", "graph [ node [\n id 0 ]", "found no usable gml"),
    "a GML without a latency": (
        "g.gml",
        "graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 speed 3 ] ]",
        "edge '0' to '1': found 'speed'; expected its latency as 'latency'",
    ),
    "an empty edge list": ("g.txt", "# nothing\n", "found no links; expected lines such as 'a b 5ms'"),
    "a link without a latency": ("g.txt", "a b 5\nb c\n", "g.txt:2: found 'b c'; expected a link"),
    "a latency that is none": (
        "g.txt",
        "a b soon\n",
        "g.txt:1: edge 'a' to 'b': found 'soon'; expected a latency",
    ),
    "a negative latency": ("g.txt", "a b -5\n", "g.txt:1: edge 'a' to 'b': found '-5'"),
    "attributes that are none": ("g.txt", "a b {latency: 5\n", "g.txt:1: found '{latency: 5'"),
    "attributes without an end": ("g.txt", "a b " + "{" * 5000, "{{{...'; expected attributes"),
    "brackets without an end": ("g.gml", "graph [ " * 3000, "found too many brackets; expected gml"),
    "a latency that is no number": ("g.txt", "a b nan\n", "expected a latency of at least 0"),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_mistake_in_a_graph_is_one_message_that_names_the_file(tmp_path: Path, kind: str) -> None:
    name, text, part = FILES[kind]
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        build("ab", folder=tmp_path, file=name)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name))
    assert part in message
    assert len(message.splitlines()) == 1


def test_an_empty_graph_and_an_unknown_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="found an empty graph"):
        build(graph=nx.Graph())
    (tmp_path / "g.txt").write_text("a b 5\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"topology\.format: found 'dot'; expected gml, graphml"):
        build(folder=tmp_path, file="g.txt", format="dot")
    with pytest.raises(ScenarioError, match=r"topology\.kind: found 'both'"):
        build(graph=made(), kind="both")
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        build(folder=tmp_path, file="gone.gml")


CASES = Path(__file__).parent.parent / "cases" / "files"


def test_node_link_json_is_a_graph_with_its_edges_under_either_name(tmp_path: Path) -> None:
    topology = build("12345", CASES, file="f07_node_link.json", access=(1e-3, 1e-3), weight="weight")
    assert topology.graph is not None
    assert (len(topology.graph.nodes), topology.graph.number_of_edges()) == (5, 4)
    assert topology.places == ("r", "e1", "e2", "h1", "h2")
    assert topology.one_way_row(0)[2] == pytest.approx(18.9e-3 + 2e-3)
    text = (CASES / "f07_node_link.json").read_text(encoding="utf-8").replace('"links"', '"edges"')
    (tmp_path / "edges.json").write_text(text, encoding="utf-8")
    same = build("12345", tmp_path, file="edges.json", access=(1e-3, 1e-3), weight="weight")
    assert same.one_way_matrix() == pytest.approx(topology.one_way_matrix())


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"nodes": [{"id": "a"}], "links": [{"source": "a", "target": "b"}]}', "link to 'b'"),
        ('{"nodes": [{"name": "a"}], "links": []}', "node 0: found"),
        ('{"nodes": {}, "links": []}', "not a list"),
        ('{"a": {"b": 5}}', "expected node-link data"),
        ('{"nodes": [', "broken JSON"),
    ],
)
def test_node_link_json_that_is_no_graph_is_refused(text: str, part: str, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=part):
        build("a", tmp_path, file="g.json")


def shares_lost(topology: Topology, source: int, target: int, packets: int = 4000) -> float:
    assert topology.loss is not None
    rng = Random(1)
    return sum(topology.loss.drops(source, target, rng) for _ in range(packets)) / packets


def test_links_lose_the_packets_that_the_graph_says() -> None:
    topology = build("ab", CASES, file="f13_shadow.gml", place="in_order")
    assert shares_lost(topology, 0, 1) == pytest.approx(0.3, abs=0.03)
    assert shares_lost(topology, 1, 0) == pytest.approx(0.3, abs=0.03)
    assert shares_lost(topology, 0, 0) == 0.0


def test_a_path_loses_what_its_links_lose_together_in_every_form(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", latency=5, packet_loss=0.5)
    graph.add_edge("b", "c", latency=7, packet_loss=0.2)
    graph.add_edge("a", "c", latency=20, packet_loss=0.0)
    nx.write_gml(graph, tmp_path / "g.gml")
    nx.write_graphml(graph, tmp_path / "g.graphml")
    nx.write_edgelist(graph, tmp_path / "g.edges", data=True)
    edges = [("a", "b", 5e-3, 0.5), ("b", "c", 7e-3, 0.2), ("a", "c", 20e-3)]
    forms = [build(folder=tmp_path, file=name) for name in ("g.gml", "g.graphml", "g.edges")]
    for topology in (build(graph=graph), build(edges=edges), *forms):
        assert shares_lost(topology, 0, 1) == pytest.approx(0.5, abs=0.03)
        assert shares_lost(topology, 0, 2) == pytest.approx(0.6, abs=0.03)  # by b: 1 - 0.5 * 0.8
        assert shares_lost(topology, 2, 1) == pytest.approx(0.2, abs=0.03)
    assert build(graph=made()).loss is None


def test_a_share_lost_that_is_no_share_is_refused_and_loss_names_the_attribute() -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", latency=5, packet_loss=1.5, drop="30%")
    graph.add_edge("b", "c", latency=5)
    with pytest.raises(ScenarioError, match=r"edge 'a' to 'b': found '1.5'; expected a share"):
        build(graph=graph)
    assert shares_lost(build(graph=graph, loss="drop"), 0, 2) == pytest.approx(0.3, abs=0.03)


def test_a_length_becomes_the_latency_of_light_in_fibre_and_needs_its_unit() -> None:
    graph = nx.Graph()
    graph.add_edge("a", "b", distance=204.218)
    graph.add_edge("b", "c", distance="1000 km")
    assert build(graph=graph, weight="distance", unit="km").one_way_row(0)[1] == pytest.approx(1e-3, rel=1e-4)
    assert build(graph=graph, weight="distance", unit="km").one_way_row(1)[2] == pytest.approx(
        4.897e-3, rel=1e-3
    )
    with pytest.raises(ScenarioError, match=r"found '204.218' without a unit; expected .*km"):
        build(graph=graph, weight="distance")
