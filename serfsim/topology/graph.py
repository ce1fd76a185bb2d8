"""Topologies from a graph of links: a networkx object, or a GML, GraphML, node-link JSON or edge list file.

Each edge carries a latency, as a number in a stated unit or as text with its own ("118555 us", as Shadow's
graphs have it). The latency between two places is that of the shortest path. Of parallel edges the fastest
counts; a loop is the latency between two nodes at that place. In an undirected graph both directions
are equal. If edges state their packet loss ("packet_loss", as in Shadow's graphs), a path has the combined
loss of its edges.

An edge list has one link per line: `a b 5ms`, `a,b,5` (in the stated unit) or networkx's own
`a b {'latency': 5}`. Text after a '#' is a comment, and a first line that ends with the attribute's name is a
header. Edges of a GraphML file without a value have the key's default.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np

from serfsim.base.english import format_count
from serfsim.base.errors import ScenarioError
from serfsim.native import Random, i32, vec
from serfsim.network.loss import SiteLoss
from serfsim.topology.budget import LARGEST_GRAPH
from serfsim.topology.places import Place, describe_placement, place_nodes, topology_at_places
from serfsim.topology.positions import POSITIONS, has_positions, with_lengths
from serfsim.topology.text_cells import ending, read_text
from serfsim.topology.topology import Floats, Topology
from serfsim.topology.units import quote_value, read_latency, read_loss, shorten_value

FORMATS = ("gml", "graphml", "node_link", "edge_list")
ENDINGS = {".gml": "gml", ".graphml": "graphml", ".xml": "graphml", ".json": "node_link"}
LOSSES = ("packet_loss", "loss")  # the attributes for the share of packets that an edge loses
# Names and drawing positions of nodes and edges; other attributes may matter to packets.
DRAWING = frozenset(
    ("id", "key", "label", "name", "color", "graphics", "x", "y", "latitude", "longitude", "type")
)
Loops = dict[object, tuple[float, float]]
"""One-way seconds and share lost between two nodes at the same place."""

_REMARK = re.compile(r"(^|\s)#.*")
_LIMIT = re.compile(r"bandwidth|capacity|loss|jitter|latency|delay", re.IGNORECASE)
LINE = "line in the file"  # the edge attribute by which an edge list's errors find their line


def load_graph(
    path: Path, format: str | None = None, attribute: str = "latency", directed: bool = False
) -> nx.Graph:
    """Read a file.

    Without `format` its suffix decides (`ENDINGS`, optionally followed by .gz), else it is an edge list.
    `attribute` and `directed` are for edge lists, which do not state them. The last graph is cached,
    frozen, so that checking a scenario and running it reads its file once. Raises ScenarioError, with the
    line if known, for a file that cannot be read.
    """
    if format is None:
        format = ENDINGS.get(ending(path), "edge_list")
    try:
        status = path.stat()
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        version = (0, 0, 0)  # reading it reports the error
    return _read(path.absolute(), version, path, format, attribute, directed)


@lru_cache(maxsize=1)
def _read(
    place: Path, version: tuple[int, int, int], path: Path, format: str, attribute: str, directed: bool
) -> nx.Graph:
    """Return the graph of a file; `place` and `version` are the cache key."""
    return nx.freeze(_parse(path, read_text(path, LARGEST_GRAPH), format, attribute, directed))


def _parse(path: Path, text: str, format: str, attribute: str, directed: bool) -> nx.Graph:
    if format == "edge_list":
        return _edge_list(path, text, attribute, directed)
    if format not in FORMATS:
        raise ScenarioError(f"topology.format: found '{format}'; expected {', '.join(FORMATS)}")
    try:
        if format == "node_link":
            return node_link_graph(path, json.loads(text, parse_int=_whole))
        return _gml(text) if format == "gml" else _graphml(text)
    except json.JSONDecodeError as error:
        raise ScenarioError(f"{path}:{error.lineno}: found broken JSON ({error.msg})") from None
    except RecursionError:
        raise ScenarioError(f"{path}: found too many brackets; expected {format}") from None
    except ParseError as error:
        raise ScenarioError(
            f"{path}:{error.position[0]}: found broken XML ({error}); expected GraphML"
        ) from None
    except (ScenarioError, MemoryError):
        raise
    except Exception as error:  # networkx's readers raise many kinds
        position = re.search(r"at \((\d+), \d+\)", str(error))
        where = f"{path}:{position[1]}" if position else str(path)
        found = f"found no usable {format} ({shorten_value(error)})"
        raise ScenarioError(f"{where}: {found}; expected a graph of nodes and edges") from None


def _gml(text: str) -> nx.Graph:
    """Parse GML; nodes go by their labels if these are unique, else by id."""
    lines = text.splitlines()
    try:
        return nx.parse_gml(lines)
    except nx.NetworkXError:
        return nx.parse_gml(lines, label="id")


def _graphml(text: str) -> nx.Graph:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities, which may multiply without end")
    graph = nx.parse_graphml(text)
    for name, default in graph.graph.get("edge_default", {}).items():
        if default is not None:
            for _, _, attributes in graph.edges(data=True):
                attributes.setdefault(name, default)
    return graph


def _whole(text: str) -> int | float:
    """Parse a JSON integer; as a float if it has so many digits that parsing takes long."""
    return int(text) if len(text) < 20 else float(text)


def is_node_link(data: object) -> bool:
    """Return True for parsed JSON in networkx's node-link form."""
    return isinstance(data, dict) and "nodes" in data and ("links" in data or "edges" in data)


def node_link_graph(path: Path, data: object) -> nx.Graph:
    """Build a graph from networkx's node-link form, with its edges as `links` or `edges`."""
    expected = "expected node-link data: {nodes: [{id: ..}], links: [{source: .., target: ..}]}"
    if not isinstance(data, dict) or not is_node_link(data):
        raise ScenarioError(f"{path}: found something else; {expected}")
    graph = nx.MultiDiGraph() if data.get("directed") else nx.MultiGraph()
    nodes, edges = data["nodes"], data["links"] if "links" in data else data["edges"]
    for what, items, ends in (("node", nodes, ("id",)), ("link", edges, ("source", "target"))):
        if not isinstance(items, list):
            raise ScenarioError(f"{path}: found {what}s that are not a list; {expected}")
        for number, item in enumerate(items):
            named = isinstance(item, dict) and all(
                isinstance(item.get(end), (str, int, float)) for end in ends
            )
            if not named:
                raise ScenarioError(f"{path}: {what} {number}: found {quote_value(item)}; {expected}")
    for node in nodes:
        graph.add_node(node["id"], **_other(node, "id"))
    for edge in edges:
        for end in (edge["source"], edge["target"]):
            if end not in graph:
                raise ScenarioError(f"{path}: found a link to {quote_value(end)}; expected the id of a node")
        graph.add_edge(edge["source"], edge["target"], **_other(edge, "source", "target", "key"))
    return graph


def _other(item: dict[str, object], *names: str) -> dict[str, object]:
    return {str(name): value for name, value in item.items() if name not in names}


def _edge_list(path: Path, text: str, attribute: str, directed: bool) -> nx.Graph:
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _REMARK.sub("", raw).strip()
        if not line:
            continue
        words = line.split("{", 1)[0].replace(",", " ").split()
        value: object = " ".join(words[2:])
        others: dict[str, object] = {}
        if "{" in line:
            others = _attributes(f"{path}:{number}", "{" + line.split("{", 1)[1])
            value = others.get(attribute)
        if len(words) < 2 or value in ("", None):
            raise ScenarioError(
                f"{path}:{number}: found {quote_value(line)}; expected a link: two nodes and a latency"
            )
        if value == attribute and not graph:
            continue
        graph.add_edge(words[0], words[1], **{**others, attribute: value, LINE: number})
    if not graph:
        raise ScenarioError(f"{path}: found no links; expected lines such as 'a b 5ms'")
    return graph


def _attributes(where: str, text: str) -> dict[str, object]:
    try:
        read = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        read = None
    if not isinstance(read, dict) or not all(isinstance(name, str) for name in read):
        raise ScenarioError(
            f"{where}: found {quote_value(text)}; expected attributes such as {{'latency': 5}}"
        )
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
    loss: str | None = None,
) -> Topology:
    """Place nodes at the graph's nodes. `kind: rtt` halves every edge.

    For `place` and `access`: see `places`. `part: largest` keeps only the largest component of a graph that
    is not connected. `stand_at`: only these graph nodes are places; the others only forward. `source` names
    the graph in messages, `title` in the description, if different. `unit` is for latencies that are bare
    numbers; None refuses those. `loss` names the attribute with the share of packets that an edge loses;
    by default it is the first of `LOSSES` that an edge has. Raises ScenarioError for a graph that is not
    (strongly, if directed) connected, or an edge without a usable latency.
    """
    if kind not in ("rtt", "one_way"):
        raise ScenarioError(f"topology.kind: found '{kind}'; expected rtt, one_way")
    if attribute == POSITIONS:
        graph = with_lengths(graph, source)
    links, loops = _links(
        graph, attribute, unit, 2.0 if kind == "rtt" else 1.0, loss or loss_attribute(graph), source
    )
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
    one_way, lost = _shortest_paths(links, stands, used, loops)
    places = {name: labels[at] for name, at in zip(names, where, strict=True)}
    placed = topology_at_places(names, [labels[at] for at in used], one_way, places, access, rng, source)
    links_text = format_count(graph.number_of_edges(), "link")
    description = f"{title or source}: {describe_placement(len(names), len(used), len(labels))}, {links_text}"
    losses = None
    if lost.any():
        site = {at: i for i, at in enumerate(used)}
        losses = SiteLoss(vec[i32]([site[at] for at in where]), len(used), vec[float](lost.ravel().tolist()))
    return Topology(placed.n, placed.latency, description, graph=graph, places=placed.places, loss=losses)


def loss_attribute(graph: nx.Graph) -> str | None:
    """Return the edge attribute for the share of packets lost; None if no edge has one."""
    return next((name for name in LOSSES if any(name in edge for *_, edge in graph.edges(data=True))), None)


def unread_attributes(graph: nx.Graph, attribute: str, loss: str | None = None) -> list[str]:
    """Return attributes of nodes and edges that affect no packet: 'edge jitter', 'node bandwidth'."""
    read = {attribute, loss or loss_attribute(graph), LINE, *DRAWING}
    edges = {
        name for *_, edge in graph.edges(data=True) for name, value in edge.items() if _is_quantity(value)
    }
    nodes = {
        name for _, node in graph.nodes(data=True) for name, value in node.items() if _is_quantity(value)
    }
    limits = sorted(name for name in nodes if _LIMIT.search(str(name)))
    return [*(f"edge {name}" for name in sorted(edges - read, key=str)), *(f"node {name}" for name in limits)]


def _is_quantity(value: object) -> bool:
    """Return True for a quantity other than zero, with a unit or without; False for words."""
    match = re.match(r"\s*([\d.]+)", str(value))
    return not isinstance(value, bool) and match is not None and bool(match[1].strip("0."))


def read_edge(
    tail: object,
    head: object,
    attributes: Mapping[str, object],
    attribute: str,
    unit: str | None,
    loss: str | None,
) -> tuple[float, float]:
    """Return seconds and the share lost of an edge, from the attributes of these names.

    Raises ValueError, 'edge a to b: found ...', for one without a usable latency.
    """
    edge = f"edge '{tail}' to '{head}'"
    if attribute not in attributes:
        known = ", ".join(f"'{name}'" for name in attributes) or "no attributes"
        raise ValueError(f"{edge}: found {known}; expected its latency as '{attribute}'")
    try:
        seconds = read_latency(attributes[attribute], unit)
        return seconds, read_loss(attributes[loss]) if loss is not None and loss in attributes else 0.0
    except ValueError as error:
        raise ValueError(f"{edge}: {error}") from None


def _links(
    graph: nx.Graph, attribute: str, unit: str | None, divisor: float, loss: str | None, source: str
) -> tuple[nx.Graph, Loops]:
    """Return the simple graph of one-way seconds and shares lost, and the loops."""
    if len(graph) == 0:
        raise ScenarioError(f"{source}: found an empty graph; expected nodes and links")
    links = nx.DiGraph() if graph.is_directed() else nx.Graph()
    links.add_nodes_from(graph.nodes)
    loops: Loops = {}
    for tail, head, attributes in graph.edges(data=True):
        try:
            seconds, lost = read_edge(tail, head, attributes, attribute, unit, loss)
        except ValueError as error:
            line = f":{attributes[LINE]}" if LINE in attributes else ""
            remedy = (
                ", or `weight: positions`" if attribute not in attributes and has_positions(graph) else ""
            )
            raise ScenarioError(f"{source}{line}: {error}{remedy}") from None
        seconds /= divisor
        if tail == head:
            loops[tail] = min((seconds, lost), loops.get(tail, (seconds, lost)))
        elif not links.has_edge(tail, head) or seconds < links.edges[tail, head]["seconds"]:
            links.add_edge(tail, head, seconds=seconds, lost=lost)
    return links, loops


def _parts(links: nx.Graph) -> list[list[object]]:
    """Return the strongly connected components, largest first, each in the order of the graph."""
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


def _shortest_paths(
    links: nx.Graph, nodes: list[object], used: list[int], loops: Loops
) -> tuple[Floats, Floats]:
    """Return one-way seconds between the places used, and the share lost on the path; shapes (u, u)."""
    # start-up: scipy is slow to import
    from scipy.sparse.csgraph import dijkstra

    number = {node: i for i, node in enumerate(links.nodes)}
    stands = [number[nodes[at]] for at in used]
    weights = nx.to_scipy_sparse_array(links, weight="seconds", format="csr")
    distances, before = dijkstra(weights, indices=stands, return_predecessors=True)
    one_way: Floats = distances[:, stands]
    lost: Floats = np.zeros_like(one_way)
    if any(share for *_, share in links.edges(data="lost")):
        lost = 1.0 - _arrival_shares(links, distances, before)[:, stands]
    if not links.is_directed():
        # Sums along a path may differ in the last bit by direction, and two equally long paths in their loss;
        # both directions take the first one's.
        one_way, lost = (upper + upper.T for upper in (np.triu(one_way, 1), np.triu(lost, 1)))
    for row, at in enumerate(used):
        one_way[row, row], lost[row, row] = loops.get(nodes[at], (0.0, 0.0))
    return one_way, lost


def _arrival_shares(links: nx.Graph, distances: Floats, before: Floats) -> Floats:
    """Return the share of packets that arrive over the shortest paths, given by predecessors `before`."""
    names = list(links.nodes)
    arrived = np.ones_like(distances)
    for row in range(len(distances)):
        for at in np.argsort(distances[row], kind="stable").tolist():
            via = int(before[row, at])
            if via >= 0:
                arrived[row, at] = arrived[row, via] * (1.0 - links.edges[names[via], names[at]]["lost"])
    return arrived
