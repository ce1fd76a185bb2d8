"""Synthetic networks from networkx's generators, with links as long as the distance of their ends.

All lie in a square whose side is `size` seconds of round trip, so that a link of length 1/2 takes size / 4
one way. Waxman's and geometric graphs have positions; for the others, places are uniform over the square
(as in BRITE), or for small worlds on the circle that they start from.

| generator | parameters, with their defaults | what it is |
|---|---|---|
| waxman | alpha 0.4, beta 0.8 | a link with probability beta * exp(-length / (alpha * longest)) |
| random_geometric | radius 0.4 | a link wherever two are nearer than `radius` (side = 1) |
| barabasi_albert | links 2 | each new place gets so many links, preferably to those that have many |
| watts_strogatz | neighbours 4, rewired 0.1 | a ring of neighbours, of whose links a share goes anywhere |
| erdos_renyi | p 0.3 | a link between any two with probability p |

A draw that is not connected is repeated, up to MOST_DRAWS times. networkx
draws from Python's own generator, seeded from the topology's stream: another version of networkx may
make another network of the same seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import networkx as nx

from serfsim.base.english import format_count
from serfsim.base.errors import ScenarioError
from serfsim.native import Random

MOST_DRAWS = 100

Draw = Callable[..., nx.Graph]


def _waxman(places: int, rng: random.Random, alpha: float = 0.4, beta: float = 0.8) -> nx.Graph:
    if places == 1:  # networkx fails on an empty list of distances
        return nx.random_geometric_graph(places, 1.0, seed=rng)
    return nx.waxman_graph(places, beta=beta, alpha=alpha, seed=rng)


def _random_geometric(places: int, rng: random.Random, radius: float = 0.4) -> nx.Graph:
    return nx.random_geometric_graph(places, radius, seed=rng)


def _barabasi_albert(places: int, rng: random.Random, links: int = 2) -> nx.Graph:
    return _scatter(nx.barabasi_albert_graph(places, links, seed=rng), rng)


def _erdos_renyi(places: int, rng: random.Random, p: float = 0.3) -> nx.Graph:
    return _scatter(nx.gnp_random_graph(places, p, seed=rng), rng)


def _watts_strogatz(places: int, rng: random.Random, neighbours: int = 4, rewired: float = 0.1) -> nx.Graph:
    graph = nx.watts_strogatz_graph(places, neighbours, rewired, seed=rng)
    for node in graph.nodes:
        angle = 2.0 * math.pi * node / places
        graph.nodes[node]["pos"] = (0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle))
    return graph


def _scatter(graph: nx.Graph, rng: random.Random) -> nx.Graph:
    for node in graph.nodes:
        graph.nodes[node]["pos"] = (rng.random(), rng.random())
    return graph


GENERATORS: dict[str, Draw] = {
    "waxman": _waxman,
    "random_geometric": _random_geometric,
    "barabasi_albert": _barabasi_albert,
    "watts_strogatz": _watts_strogatz,
    "erdos_renyi": _erdos_renyi,
}


def generate(model: str, places: int, rng: Random, size: float, **parameters: Any) -> nx.Graph:
    """Return a connected graph of `places` places, each link with its 'latency', one-way seconds.

    Places are named 'place-00' and so on; 'pos' is in units of the square's side. Raises ScenarioError for
    parameters that the generator refuses, or with which hardly any graph is connected.
    """
    source = random.Random(rng.randrange(2**31))
    for _ in range(MOST_DRAWS):
        try:
            graph = GENERATORS[model](places, source, **parameters)
        except nx.NetworkXError as error:
            found = _describe_parameters(places, parameters)
            raise ScenarioError(
                f"topology.generator: found {found}, which {model} refuses: {error}"
            ) from None
        if nx.is_connected(graph):
            return _with_latencies(graph, size)
    raise ScenarioError(
        f"topology.generator: found no connected graph in {MOST_DRAWS} draws of {model} with "
        f"{_describe_parameters(places, parameters)}; expected parameters that give more links"
    )


def _describe_parameters(places: int, parameters: dict[str, Any]) -> str:
    return ", ".join(
        [format_count(places, "place"), *(f"{name} {value:g}" for name, value in parameters.items())]
    )


def _with_latencies(graph: nx.Graph, size: float) -> nx.Graph:
    width = len(str(max(len(graph) - 1, 0)))
    graph = nx.relabel_nodes(graph, {node: f"place-{node:0{width}d}" for node in graph.nodes})
    for a, b, data in graph.edges(data=True):
        length = math.dist(graph.nodes[a]["pos"], graph.nodes[b]["pos"])
        data["latency"] = length * size / 2.0
    return graph
