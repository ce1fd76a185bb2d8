"""Topologies out of a graph of links: a networkx object, or a GML, GraphML or edge list file.

Each edge carries a latency, as a number in a stated unit or as text with its own ("118555 us", as
Shadow's graphs have it). The latency between two places is that of the shortest path. Of parallel
edges the fastest counts; a loop is the latency between two nodes at that same place. In an undirected
graph both directions are equal.

An edge list has a line a link: `a b 5ms`, `a,b,5` (in the stated unit) or networkx's own
`a b {'latency': 5}`. What follows a '#' is a remark, and a first line that ends with the attribute's name
a header. Edges of a GraphML file that say nothing have the key's default.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np

from serfsim.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology.matrix_text import read_text
from serfsim.topology.places import Place, place_nodes, placed_topology, stand
from serfsim.topology.topology import Floats, Topology
from serfsim.topology.units import quoted, read_latency
from serfsim.wording import counted

FORMATS = ("gml", "graphml", "edge_list")
_REMARK = re.compile(r"(^|\s)#.*")
LINE = "line in the file"  # the edge attribute by which an edge list's errors find their line


def load_graph(
    path: Path, format: str | None = None, attribute: str = "latency", directed: bool = False
) -> nx.Graph:
    """Read a file. Without `format` its ending decides: .gml, .graphml or .xml, otherwise an edge list.

    `attribute` and `directed` are for edge lists, which do not say themselves. ScenarioError, with
    the line where it is known, for a file that cannot be read.
    """
    if format is None:
        endings = {".gml": "gml", ".graphml": "graphml", ".xml": "graphml"}
        format = endings.get(path.suffix.lower(), "edge_list")
    text = read_text(path)
    if format == "edge_list":
        return _edge_list(path, text, attribute, directed)
    if format not in FORMATS:
        raise ScenarioError(f"topology.format: found '{format}'; expected {', '.join(FORMATS)}")
    try:
        return _gml(text) if format == "gml" else _graphml(text, attribute)
    except RecursionError:
        raise ScenarioError(f"{path}: found too many brackets; expected {format}") from None
    except ParseError as error:
        raise ScenarioError(
            f"{path}:{error.position[0]}: found broken XML ({error}); expected GraphML"
        ) from None
    except (nx.NetworkXError, ValueError, KeyError, TypeError) as error:
        position = re.search(r"at \((\d+), \d+\)", str(error))
        where = f"{path}:{position[1]}" if position else str(path)
        found = f"found no usable {format} ({error})"
        raise ScenarioError(f"{where}: {found}; expected a graph of nodes and edges") from None


def _gml(text: str) -> nx.Graph:
    """Nodes go by their label where all have one of their own, otherwise by id."""
    lines = text.splitlines()
    try:
        return nx.parse_gml(lines)
    except nx.NetworkXError:
        return nx.parse_gml(lines, label="id")


def _graphml(text: str, attribute: str) -> nx.Graph:
    graph = nx.parse_graphml(text)
    default = graph.graph.get("edge_default", {}).get(attribute)
    if default is not None:
        for _, _, attributes in graph.edges(data=True):
            attributes.setdefault(attribute, default)
    return graph


def _edge_list(path: Path, text: str, attribute: str, directed: bool) -> nx.Graph:
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _REMARK.sub("", raw).strip()
        if not line:
            continue
        words = line.split("{", 1)[0].replace(",", " ").split()
        value: object = " ".join(words[2:])
        if "{" in line:
            value = _attributes(f"{path}:{number}", "{" + line.split("{", 1)[1]).get(attribute)
        if len(words) < 2 or value in ("", None):
            raise ScenarioError(
                f"{path}:{number}: found {quoted(line)}; expected a link: two nodes and a latency"
            )
        if value == attribute and not graph:
            continue
        graph.add_edge(words[0], words[1], **{attribute: value, LINE: number})
    if not graph:
        raise ScenarioError(f"{path}: found no links; expected lines such as 'a b 5ms'")
    return graph


def _attributes(where: str, text: str) -> dict[str, object]:
    try:
        read = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        read = None
    if not isinstance(read, dict):
        raise ScenarioError(f"{where}: found {quoted(text)}; expected attributes such as {{'latency': 5}}")
    return read


def graph_topology(
    graph: nx.Graph,
    names: Sequence[str],
    rng: Random,
    attribute: str = "latency",
    unit: str | None = "ms",
    kind: str = "one_way",
    place: Place = "auto",
    access: tuple[float, float] = (0.0, 0.0),
    source: str = "graph",
    part: str = "all",
    stand_at: Sequence[object] | None = None,
    title: str | None = None,
) -> Topology:
    """Nodes at the graph's nodes. `kind: rtt` halves every edge. For `place` and `access`: see `places`.

    `part: largest` leaves out all but the largest part of a graph that is not connected. `stand_at`: only
    these of the graph's nodes are places; through the others there is a way. `source` names the graph in
    messages, `title` in the description, where that is another.
    `unit` is for latencies that are bare numbers; None refuses those. ScenarioError for a graph that
    is not connected (both ways, if directed), or an edge without a usable latency.
    """
    if kind not in ("rtt", "one_way"):
        raise ScenarioError(f"topology.kind: found '{kind}'; expected rtt, one_way")
    links, loops = _links(graph, attribute, unit, 2.0 if kind == "rtt" else 1.0, source)
    if part == "largest":
        graph = graph.subgraph(_parts(links)[0])
        links = links.subgraph(graph.nodes)
    elif part != "all":
        raise ScenarioError(f"topology.part: found '{part}'; expected all, largest")
    _check_connected(links, source)
    stands = list(graph.nodes) if stand_at is None else list(stand_at)
    labels = [str(node) for node in stands]
    where = place_nodes(names, labels, place, rng)
    used = sorted(set(where))
    one_way = _shortest(links, stands, used, loops)
    places = {name: labels[at] for name, at in zip(names, where, strict=True)}
    placed = placed_topology(names, [labels[at] for at in used], one_way, places, access, rng, source)
    links_text = counted(graph.number_of_edges(), "link")
    description = f"{title or source}: {stand(len(names), len(used), len(labels))}, {links_text}"
    return Topology(placed.n, placed.latency, description, graph=graph, places=placed.places)


def _links(
    graph: nx.Graph, attribute: str, unit: str | None, divisor: float, source: str
) -> tuple[nx.Graph, dict[object, float]]:
    """The simple graph of one-way seconds, and the loops."""
    if len(graph) == 0:
        raise ScenarioError(f"{source}: found an empty graph; expected nodes and links")
    links = nx.DiGraph() if graph.is_directed() else nx.Graph()
    links.add_nodes_from(graph.nodes)
    loops: dict[object, float] = {}
    for tail, head, attributes in graph.edges(data=True):
        line = f":{attributes[LINE]}" if LINE in attributes else ""
        edge = f"{source}{line}: edge '{tail}' to '{head}'"
        if attribute not in attributes:
            known = ", ".join(f"'{name}'" for name in attributes) or "no attributes"
            raise ScenarioError(f"{edge}: found {known}; expected its latency as '{attribute}'")
        try:
            seconds = read_latency(attributes[attribute], unit) / divisor
        except ValueError as error:
            raise ScenarioError(f"{edge}: {error}") from None
        if tail == head:
            loops[tail] = min(seconds, loops.get(tail, seconds))
        elif not links.has_edge(tail, head) or seconds < links.edges[tail, head]["seconds"]:
            links.add_edge(tail, head, seconds=seconds)
    return links, loops


def _parts(links: nx.Graph) -> list[list[object]]:
    """The parts within which there is a way both ways, largest first, each in the order of the graph."""
    found = nx.strongly_connected_components(links) if links.is_directed() else nx.connected_components(links)
    order = {node: i for i, node in enumerate(links.nodes)}
    parts = [sorted(part, key=order.__getitem__) for part in found]
    return sorted(parts, key=lambda part: (-len(part), order[part[0]]))


def _check_connected(links: nx.Graph, source: str) -> None:
    parts = _parts(links)
    if len(parts) > 1:
        first = next(iter(links.nodes))
        home = set(next(part for part in parts if first in part))
        other = next(node for node in links.nodes if node not in home)
        how = " both ways" if links.is_directed() else ""
        raise ScenarioError(
            f"{source}: found {len(parts)} parts without a path between them, such as those of '{first}' and "
            f"'{other}'; expected a graph that is connected{how}, or part: largest"
        )


def _shortest(links: nx.Graph, nodes: list[object], used: list[int], loops: dict[object, float]) -> Floats:
    """One-way seconds between the places used, shape (u, u)."""
    from scipy.sparse.csgraph import dijkstra

    number = {node: i for i, node in enumerate(links.nodes)}
    stands = [number[nodes[at]] for at in used]
    weights = nx.to_scipy_sparse_array(links, weight="seconds", format="csr")
    one_way: Floats = dijkstra(weights, indices=stands)[:, stands]
    if not links.is_directed():
        # Sums along a path may differ in the last bit by direction; both take the first one's.
        upper = np.triu(one_way, 1)
        one_way = upper + upper.T
    for row, at in enumerate(used):
        one_way[row, row] = loops.get(nodes[at], 0.0)
    return one_way
