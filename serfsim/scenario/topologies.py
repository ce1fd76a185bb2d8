"""Who is where: the models of `network.topology` and what each can be told.

These are only the words. Positions and latencies are worked out from them in `serfsim.topology`.
Each class's docstring gives the round-trip time, `rtt`, between two nodes without jitter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, model_validator

from serfsim.scenario.part import Model, choose
from serfsim.scenario.problems import listed, nearest, refusal, shown
from serfsim.scenario.units import Count, Duration, Positive, PositiveDuration, Span, Switch

Unit = Literal["us", "ms", "s"]
Kind = Literal["rtt", "one_way"]
UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class Plane(Model):
    """Nodes at random in a square; rtt = distance + both heights, clipped to `rtt` where given."""

    model: Literal["plane"] = "plane"
    size: PositiveDuration = 2e-3
    height: Span = (100e-6, 500e-6)
    rtt: Span | None = None


class Line(Model):
    """Nodes in a row in order; rtt = spacing * |i - j|."""

    model: Literal["line"] = "line"
    spacing: PositiveDuration = 10e-3


class Grid(Model):
    """Nodes row by row on a square grid of `side` columns; rtt = spacing * distance.

    Without `side`: the smallest square that holds all.
    """

    model: Literal["grid"] = "grid"
    side: Positive | None = None
    spacing: PositiveDuration = 10e-3


class Split(Model):
    """Two halves in order of number; rtt = lan within one, lan + wan across."""

    model: Literal["split"] = "split"
    lan: PositiveDuration = 1e-3
    wan: Duration = 10e-3


class Circle(Model):
    """All but the first on a circle, rtt their chord; the first is 2 * radius from everybody."""

    model: Literal["circle"] = "circle"
    radius: PositiveDuration = 100e-3


class RandomRtt(Model):
    """Each pair's rtt drawn from a normal distribution, whatever the triangle inequality says."""

    model: Literal["random"] = "random"
    mean: PositiveDuration = 100e-3
    sd: Duration = 10e-3


class Drift(Model):
    """All are `side` apart, but two of even number sqrt(2) * side: no plane can hold them."""

    model: Literal["drift"] = "drift"
    side: PositiveDuration = 500e-3


def _read_file(value: object) -> object:
    if isinstance(value, str) and value.strip():
        return Path(value)
    if isinstance(value, Path):
        return value
    raise refusal("the name of a file", value)


File = Annotated[Path, BeforeValidator(_read_file), PlainSerializer(str)]


PLACE_RULES = ("auto", "by_name", "in_order", "random")


def _read_place(value: Any) -> Any:
    """A rule, or the place of every node by name."""
    if isinstance(value, str) and value in PLACE_RULES:
        return value
    if isinstance(value, Mapping) and all(isinstance(place, str) for place in value.values()):
        return dict(value)
    meant = nearest(value, PLACE_RULES) if isinstance(value, str) else None
    raise refusal(f"{listed(PLACE_RULES)}, or a mapping of node names to places", value, meant=meant)


Placement = Annotated[Any, BeforeValidator(_read_place)]


class Measured(Model):
    """A map of places that latencies are known between, and how nodes stand on it.

    `place`: `auto` (by name if every node's name is a place, otherwise in order), `by_name`, `in_order`,
    `random`, or a mapping of node names to places. `access` is each node's own one-way latency to its
    place; nodes can share a place only with it.
    """

    place: Placement = "auto"
    access: Span | None = None


class Matrix(Measured):
    """Latencies measured between all pairs, from a file: row is the source, column the target.

    `kind`: round trips, or one way. `missing` says what to do with a cell without a measurement:
    `refuse` it, `mirror` the other direction, take the `median` of all. `format` where the file's ending
    does not tell; `key` names the array in an npz file. Of a file with several slices over time, `slice`
    takes one, or they are played, a new one `slice_every` so often.
    """

    model: Literal["matrix"] = "matrix"
    file: File
    unit: Unit = "ms"
    kind: Kind = "rtt"
    missing: Literal["refuse", "mirror", "median"] = "refuse"
    format: Literal["csv", "npz", "text", "p2psim"] | None = None
    key: str | None = None
    slice: Count | None = None
    slice_every: PositiveDuration | None = None


Edge = tuple[str, str, PositiveDuration]


class Graph(Measured):
    """A network of links; latency is the shortest path.

    From a `file` (GML, GraphML or an edge list), or from `edges` [[a, b, 5ms], ...], or in Python from
    a networkx object given as `graph`, which becomes `edges`. `weight` names the edge attribute that
    holds the latency, in `unit`. `format` where the file's ending does not tell.
    """

    model: Literal["graph"] = "graph"
    file: File | None = None
    edges: tuple[Edge, ...] | None = None
    directed: Switch = False
    format: Literal["gml", "graphml", "edge_list"] | None = None
    weight: str = "latency"
    unit: Unit = "ms"
    kind: Kind = "one_way"

    @model_validator(mode="before")
    @classmethod
    def _from_networkx(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "graph" not in value:
            return value
        given = {key: item for key, item in value.items() if key != "graph"}
        if not is_networkx(value["graph"]):
            raise refusal(
                "a networkx graph (in a file: `file` or `edges`)", value["graph"], inside=("graph",)
            )
        return {**given, **_edges_of(value["graph"], given.get("weight", "latency"), given.get("unit", "ms"))}

    @model_validator(mode="after")
    def _one_source(self) -> Graph:
        if (self.file is None) == (self.edges is None):
            found = "neither" if self.file is None else "both"
            raise refusal("one of `file` and `edges`", found=found)
        return self


def is_networkx(value: object) -> bool:
    """Whether something quacks like a networkx graph."""
    return hasattr(value, "edges") and hasattr(value, "is_directed")


def _edges_of(graph: Any, weight: str, unit: str) -> dict[str, Any]:
    edges = []
    for source, target, attributes in graph.edges(data=True):
        latency = attributes.get(weight)
        if isinstance(latency, str) or latency is None or unit not in UNIT_S:
            found = f"edge {source} to {target} with {weight} = {shown(latency)}"
            raise refusal(
                f"a number of {unit} in the edge attribute '{weight}'", found=found, inside=("graph",)
            )
        edges.append([str(source), str(target), f"{latency}{unit}"])
    return {"edges": edges, "directed": bool(graph.is_directed())}


TOPOLOGIES: dict[str, type[Model]] = {
    "plane": Plane,
    "line": Line,
    "grid": Grid,
    "split": Split,
    "circle": Circle,
    "random": RandomRtt,
    "drift": Drift,
    "matrix": Matrix,
    "graph": Graph,
}
LATER = ("cloud", "backbone", "datacenter")


def _read_topology(value: Any) -> Any:
    if is_networkx(value):
        value = {"model": "graph", "graph": value}
    name = value.get("model") if isinstance(value, dict) else value
    if isinstance(name, str) and name in LATER:
        inside = ("model",) if isinstance(value, dict) else ()
        found = f"'{name}', which is not available in this version"
        raise refusal(f"one of {', '.join(TOPOLOGIES)}", found=found, inside=inside)
    return choose(TOPOLOGIES, "a topology", value, "plane")


Topology = Annotated[
    Plane | Line | Grid | Split | Circle | RandomRtt | Drift | Matrix | Graph,
    BeforeValidator(_read_topology),
]
