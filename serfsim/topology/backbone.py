"""Real networks from the package `topohub`: Topology Zoo, SNDlib, CAIDA, national backbones.

Names are 'topozoo/Abilene', 'sndlib/germany50', 'caida/2024-08/1221' (an autonomous system),
'backbone/europe' (cities joined by roads and submarine cables), 'gabriel/50/3' (synthetic). The last part
suffices if it is unambiguous.

topohub states a link's length as the great circle between its ends (to a percent in Abilene and
germany50, to 14 % in backbone/europe), whatever the route of its fibre; only submarine cables follow
their course. So a terrestrial link has the length given by the rule of ITU-T G.826 (see `fibre`), a
submarine cable the length drawn, and `path_factor` replaces both by one factor for all. One way through a
link takes its length / (c / 1.468), and each router on the path adds `hop`. Between two places the
fastest path counts. Source: Jurkiewicz, "TopoHub: A repository of reference
Gabriel graph and real-world topologies for networking research", SoftwareX 24 (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import networkx as nx
import numpy as np
import topohub

from serfsim.base.english import nearest_few
from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology.fibre import fibre_s, route_km
from serfsim.topology.graph import graph_topology
from serfsim.topology.places import Place
from serfsim.topology.topology import Topology

WAYPOINT = "Seacable Waypoint"  # a bend of a cable, not a place
CABLE = "seacable"


def backbone(
    names: Sequence[str],
    rng: Random,
    network: str,
    path_factor: float | None = None,
    hop: float = 20e-6,
    place: Place = "auto",
    access: tuple[float, float] = (0.0, 0.0),
) -> Topology:
    """Place nodes in a network. `hop`: one-way seconds that each router on the path adds.

    For `place` and `access`: see `places`. Repeated names in a network are numbered ('London 2').
    Raises ScenarioError for a network that topohub does not have.
    """
    key = full_name(network)
    graph = load_network(key, path_factor, hop)
    named = [node for node, data in graph.nodes(data=True) if data["named"]]
    placed = graph_topology(
        graph, names, rng, unit="s", place=place, access=access, source=key, stand_at=named or None
    )
    assert placed.places is not None
    # A node's pos is (longitude, latitude), except in synthetic networks, which are in km on a plane.
    if key.startswith("gabriel/"):
        return placed
    where = [graph.nodes[label]["pos"][::-1] for label in placed.places]
    return replace(placed, locations=np.array(where, dtype=np.float64).reshape(-1, 2))


def load_network(key: str, path_factor: float | None = None, hop: float = 0.0) -> nx.Graph:
    """Return a network with its places as nodes ('pos', 'named') and links ('latency' in seconds, 'km')."""
    try:
        read = topohub.get(key)
    except KeyError:
        raise ScenarioError(f"topology.network: found '{key}'; {what_is_known(key)}") from None
    labels = _labels(read["nodes"])
    graph = nx.MultiGraph()
    # A router counts once: half on the way in, half on the way out.
    half = {}
    for node in read["nodes"]:
        label = labels[node["id"]]
        graph.add_node(label, pos=tuple(node["pos"]), named=bool(node.get("name")))
        half[label] = 0.0 if node.get("type") == WAYPOINT else hop / 2.0
    for link in read["edges"]:
        a, b, km = labels[link["source"]], labels[link["target"]], float(link["dist"])
        if path_factor is not None:
            km *= path_factor
        elif link.get("type") != CABLE:
            km = route_km(km)
        graph.add_edge(a, b, latency=fibre_s(km) + half[a] + half[b], km=km)
    return graph


def _labels(nodes: Sequence[dict[str, Any]]) -> dict[object, str]:
    """Return a unique label for each node, by id."""
    labels: dict[object, str] = {}
    taken: set[str] = set()
    for node in nodes:
        wanted = " ".join(str(node.get("name") or f"#{node['id']}").split())
        label, number = wanted, 1
        while label in taken:
            number += 1
            label = f"{wanted} {number}"
        taken.add(label)
        labels[node["id"]] = label
    return labels


@cache
def networks() -> tuple[str, ...]:
    """Return the full names of all networks in topohub, sorted."""
    root = resources.files(topohub).joinpath("data")
    found: list[str] = []

    def walk(folder: Any, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".json"):
                found.append(prefix + entry.name.removesuffix(".json"))

    walk(root, "")
    return tuple(sorted(found))


def full_name(network: str) -> str:
    """Return the network that a full or short name means. Raises ScenarioError for none or several."""
    known = networks()
    if network in known:
        return network
    for fold in (str, str.lower):
        meant = [
            name for name in known if fold(name).endswith("/" + fold(network)) or fold(name) == fold(network)
        ]
        if len(meant) == 1:
            return meant[0]
        if meant:
            found = f"found '{network}', which is short for {' and '.join(meant[:4])}"
            more = f" and {len(meant) - 4} more" if len(meant) > 4 else ""
            raise ScenarioError(f"topology.network: {found}{more}; expected one of them")
    raise ScenarioError(f"topology.network: found '{network}'; {what_is_known(network)}")


def what_is_known(network: str) -> str:
    """Return the end of a message about an unknown network."""
    last = {name.rsplit("/", 1)[-1].lower(): name for name in networks() if not name.startswith("gabriel/")}
    near = nearest_few(network.rsplit("/", 1)[-1].lower(), last, 3)
    meant = f"; did you mean {' or '.join(last[name] for name in near)}?" if near else ""
    return (
        "expected a network of topohub such as topozoo/Abilene, sndlib/germany50, caida/2024-08/1221 or "
        f"backbone/europe (all: serfsim topology --list){meant}"
    )
