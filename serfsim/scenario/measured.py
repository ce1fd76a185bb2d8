"""Topologies that somebody measured or drew: matrices of latencies, graphs of links and their generators."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from serfsim.base.english import format_count, nearest
from serfsim.base.errors import ScenarioError
from serfsim.scenario.part import Model, NamedModel, choose
from serfsim.scenario.phrases import format_span
from serfsim.scenario.problems import custom_error, invalid, listed, quoted, unknown_name
from serfsim.scenario.settings import Interval
from serfsim.scenario.units import (
    POSITIVE_SCHEMA,
    SHARE_SCHEMA,
    Count,
    Number,
    Positive,
    PositiveDuration,
    Share,
    Span,
    Switch,
    read_positive_duration,
    read_share,
    write_duration,
    write_share,
)
from serfsim.scenario.units import Kind as Words

Unit = Literal["us", "ms", "s"]
LinkUnit = Literal["us", "ms", "s", "km", "mi"]
Kind = Literal["rtt", "one_way"]


def _read_file(value: object) -> object:
    if isinstance(value, (str, Path)) and str(value).strip():
        if not can_be_a_file(str(value)):
            expected = f"the name of a file: no NUL, and at most {LONGEST_NAME} bytes between two slashes"
            raise invalid(expected, str(value))
        return Path(value)
    raise invalid("the name of a file", value)


LONGEST_NAME, LONGEST_PATH = 255, 4096  # bytes, on every system of today


def can_be_a_file(name: str) -> bool:
    """Return whether a file system can have such a name."""
    try:
        parts = [len(os.fsencode(part)) for part in re.split(r"[/\\]", name)]
    except UnicodeEncodeError:
        return False
    return "\0" not in name and max(parts) <= LONGEST_NAME and sum(parts) + len(parts) <= LONGEST_PATH


File = Annotated[
    Path,
    BeforeValidator(_read_file),
    PlainSerializer(str),
    Words("the name of a file", {"type": "string", "pattern": r"\S"}),
]


PLACE_RULES = ("auto", "by_name", "in_order", "in_blocks", "random")


def _read_place(value: Any) -> Any:
    """Read a rule, or the place of each node by its name or its group's; `rest` is all others.

    Places of a matrix without labels are numbers, which need no quotes.
    """
    if isinstance(value, str) and value in PLACE_RULES:
        return value
    if isinstance(value, Mapping):
        for name, place in value.items():
            if not isinstance(place, (str, int)) or isinstance(place, bool):
                raise invalid("the name of a place", place, inside=(str(name),))
        return {name: str(place) for name, place in value.items()}
    meant = nearest(value, PLACE_RULES) if isinstance(value, str) else None
    raise invalid(f"{listed(PLACE_RULES)}, or a mapping of nodes and groups to places", value, meant=meant)


_PLACE_SCHEMA: Final = {
    "anyOf": [
        {"enum": list(PLACE_RULES)},
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
    ]
}
Placement = Annotated[
    Any,
    BeforeValidator(_read_place),
    Words(f"{listed(PLACE_RULES)}, or a mapping of nodes and groups to places", _PLACE_SCHEMA),
]


class Measured(Model):
    """A map of places that latencies are known between, and how nodes stand on it."""

    place: Placement = Field(
        default="auto",
        description="which node is where: `auto` (by name if every node's name is a place, otherwise in"
        " order), `by_name`, `in_order` (one at each place, then again), `in_blocks` (neighbours in number"
        " together), `random`, or a mapping of nodes, groups and `rest` to places",
    )
    access: Span | None = Field(
        default=None,
        description="each node's own one-way latency to its place; where places are points, nodes can share"
        " one only with it",
    )

    def describe(self) -> str:
        access = f", {format_span(self.access)} from each node to its place" if self.access else ""
        return self.describe_places() + access

    def describe_places(self) -> str:
        """Describe the places of the nodes."""
        return super().describe()


class Matrix(Measured):
    """Latencies measured between all pairs: a table (rows are sources, columns targets) or a list.

    They come from one of `file` and `data`.
    """

    model: Literal["matrix"] = "matrix"
    file: File | None = Field(default=None, description="file of latencies, found from the scenario's folder")
    data: str | None = Field(
        default=None,
        description="public data set by name (`serfsim topology --list`), which brings its own `unit` and the"
        " rest",
    )
    unit: Unit = Field(default="ms", description="unit of the file's latencies")
    kind: Kind = Field(default="rtt", description="what the file's latencies are: round trips, or one way")
    missing: Literal["refuse", "mirror", "median", "mirror_or_median"] = Field(
        default="refuse",
        description="what to do with a cell without a measurement: `refuse` it, `mirror` the other direction,"
        " take the `median` of all, or `mirror_or_median`",
    )
    format: Literal["csv", "npz", "json", "text", "markdown", "p2psim", "meridian"] | None = Field(
        default=None, description="form of the file where its ending does not tell"
    )
    key: str | None = Field(
        default=None,
        description="array in an npz file, or column of latencies in a list of measurements, by name",
    )
    slice: Count | None = Field(default=None, description="which of several slices over time to take, from 0")
    slice_every: Interval | None = Field(
        default=None, description="time after which the next slice holds; they are played one after the other"
    )

    @model_validator(mode="before")
    @classmethod
    def _settings_of_data(cls, value: Any) -> Any:
        return _with_data_set(value, "matrix")

    @model_validator(mode="after")
    def _one_source(self) -> Matrix:
        _check_one_of(self, ("file", "data"))
        return self

    def describe_places(self) -> str:
        figures = "round trips" if self.kind == "rtt" else "one-way latencies"
        return f"as measured: {figures} of {source_name(self.data, self.file)}"


# Graphs made by rule; what each is: `serfsim.topology.generators`.

Ratio = Annotated[Number, Field(ge=1e-6, le=1e6)]
Places = Annotated[Positive, Field(le=5000)]


class Generated(Model):
    """A graph of places in a square, made by rule."""

    places: Places | None = Field(
        default=None, description="number of places; as many as there are nodes unless given"
    )
    size: PositiveDuration = Field(default=60e-3, description="round trip along a side of the square")


class Waxman(Generated):
    """A link with probability beta * exp(-length / (alpha * longest))."""

    model: Literal["waxman"] = "waxman"
    alpha: Ratio = Field(default=0.4, description="how far links reach: the larger, the more long ones")
    beta: Annotated[Ratio, Field(le=1.0)] = Field(default=0.8, description="how many links there are")


class RandomGeometric(Generated):
    """A link wherever two are near enough."""

    model: Literal["random_geometric"] = "random_geometric"
    radius: Ratio = Field(
        default=0.4, description="distance below which two are linked, in sides of the square"
    )


class BarabasiAlbert(Generated):
    """Each new place gets some links, preferably to places that have many."""

    model: Literal["barabasi_albert"] = "barabasi_albert"
    links: Places = Field(default=2, description="links of each new place")


class WattsStrogatz(Generated):
    """A ring in which each place is linked to its neighbours, with some links moved anywhere."""

    model: Literal["watts_strogatz"] = "watts_strogatz"
    neighbours: Annotated[Places, Field(ge=2)] = Field(
        default=4, description="neighbours that each place is linked to"
    )
    rewired: Share = Field(default=0.1, description="share of the links that go anywhere instead")


class ErdosRenyi(Generated):
    """A link between any two with the same probability."""

    model: Literal["erdos_renyi"] = "erdos_renyi"
    p: Share = Field(default=0.3, description="probability of a link between any two")


GENERATORS: dict[str, type[Generated]] = {
    "waxman": Waxman,
    "random_geometric": RandomGeometric,
    "barabasi_albert": BarabasiAlbert,
    "watts_strogatz": WattsStrogatz,
    "erdos_renyi": ErdosRenyi,
}


def _read_generator(value: Any) -> Any:
    return choose(GENERATORS, "a generator", value)


Generator = Annotated[
    Waxman | RandomGeometric | BarabasiAlbert | WattsStrogatz | ErdosRenyi,
    BeforeValidator(_read_generator),
    NamedModel(tuple(GENERATORS)),
]


def _read_edge(value: Any) -> Any:
    """Read [a, b, 5ms] or [a, b, 5ms, 2%] as (a, b, seconds) or (a, b, seconds, share)."""
    if not isinstance(value, (list, tuple)) or len(value) not in (3, 4):
        raise invalid(
            "a link such as [a, b, 5ms], or [a, b, 5ms, 2%] with the share of packets it loses", value
        )
    for position, name in enumerate(value[:2]):
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            raise invalid("the name of a place", name, inside=(position,))
    edge: list[Any] = [str(value[0]), str(value[1])]
    for position, read in ((2, read_positive_duration), (3, read_share))[: len(value) - 2]:
        try:
            edge.append(read(value[position]))
        except PydanticCustomError as error:
            raise custom_error({**(error.context or {}), "inside": (position,)}) from None
    return tuple(edge)


def _write_edge(edge: tuple[Any, ...]) -> list[str]:
    return [edge[0], edge[1], write_duration(edge[2]), *(write_share(share) for share in edge[3:])]


_PLACE_NAME: Final = {"type": ["string", "integer"]}
_EDGE_SCHEMA: Final = {
    "type": "array",
    "prefixItems": [_PLACE_NAME, _PLACE_NAME, POSITIVE_SCHEMA, SHARE_SCHEMA],
    "minItems": 3,
    "maxItems": 4,
}
Edge = Annotated[
    tuple[Any, ...],
    BeforeValidator(_read_edge),
    PlainSerializer(_write_edge),
    Words("a link such as [a, b, 5ms] or [a, b, 5ms, 2%]", _EDGE_SCHEMA),
]
"""(a, b, one-way seconds), and the share of packets lost where there is one."""


class Graph(Measured):
    """A network of links; latency is the shortest path.

    It comes from one of `file`, `edges`, `data` and `generator`, or in Python from a networkx object given as
    `graph`, which becomes `edges`.
    """

    model: Literal["graph"] = "graph"
    file: File | None = Field(default=None, description="GML, GraphML, node-link JSON or list of edges")
    data: str | None = Field(default=None, description="public data set by name (`serfsim topology --list`)")
    edges: Annotated[tuple[Edge, ...] | None, Words("a list such as [[a, b, 5ms], [a, c, 9ms, 2%]]")] = Field(
        default=None, description="links: from, to, latency, and the share of packets lost where there is one"
    )
    generator: Generator | None = Field(default=None, description="rule that makes the graph")
    directed: Switch = Field(default=False, description="links lead one way only")
    format: Literal["gml", "graphml", "node_link", "edge_list"] | None = Field(
        default=None, description="form of the file where its ending does not tell"
    )
    weight: str = Field(
        default="latency",
        description="attribute of a link that holds its latency or length; `positions`: the length is"
        " that of a fibre's probable route between the latitudes and longitudes of its ends",
    )
    unit: LinkUnit | None = Field(
        default=None,
        description="unit of `weight`; a length (km, mi) becomes the latency of light in so much fibre",
    )
    loss: str | None = Field(
        default=None,
        description="attribute of a link that holds its packet loss; packet_loss or loss unless given",
    )
    kind: Kind = Field(default="one_way", description="what the latencies are: one way, or round trips")
    part: Literal["all", "largest"] = Field(
        default="all", description="of a graph in several parts: all, which is refused, or the largest"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_networkx(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "graph" not in value:
            return _with_data_set(value, "graph")
        given = {key: item for key, item in value.items() if key != "graph"}
        if not is_networkx(value["graph"]):
            raise invalid(
                "a networkx graph (in a file: `file` or `edges`)", value["graph"], inside=("graph",)
            )
        return {
            **given,
            **_edges_of(value["graph"], given.get("weight", "latency"), given.get("unit"), given.get("loss")),
        }

    @model_validator(mode="after")
    def _one_source(self) -> Graph:
        _check_one_of(self, ("file", "data", "edges", "generator"))
        return self

    def describe_places(self) -> str:
        if self.edges is not None:
            return f"along the {format_count(len(self.edges), 'link')} of a graph"
        if self.generator is not None:
            return f"along the links of a graph by {self.generator.model}"
        return f"along the links of {source_name(self.data, self.file)}"


def source_name(data: str | None, file: Path | None) -> str:
    """Return the name of the data set or file that latencies come from."""
    return data or (file.name if file is not None else "")


def _check_one_of(part: Model, sources: Sequence[str]) -> None:
    given = [name for name in sources if getattr(part, name) is not None]
    if len(given) != 1:
        found = " and ".join(f"`{name}`" for name in given) or "nothing"
        raise invalid(f"one of {', '.join(f'`{name}`' for name in sources)}", found=found)


def _with_data_set(value: Any, model: str) -> Any:
    """Fill in the settings of a data set; refuse others beside it."""
    if not isinstance(value, dict) or value.get("data") is None:
        return value
    # start-up: it imports numpy
    from serfsim.topology.datasets import DATA_SETS

    name = value["data"]
    known = [data_set.name for data_set in DATA_SETS.values() if data_set.model == model]
    if name not in known:
        other = DATA_SETS.get(name) if isinstance(name, str) else None
        if other is not None:
            raise invalid(f"a {model}", found=f"'{name}', which is a {other.model}", inside=("data",))
        message = unknown_name(str(name), "a data set", known)
        raise custom_error({"message": message, "inside": ("data",)})
    settings = DATA_SETS[name].settings
    for key in FIXED:
        if key in value and key in settings and value[key] != settings[key]:
            found = f"{quoted(value[key])} for the data set {name}"
            raise invalid(f"'{settings[key]}', or nothing", found=found, inside=(key,))
    return {**settings, **value}


FIXED = ("unit", "kind", "format", "key")  # what a data set is, whatever somebody would like


def is_networkx(value: object) -> bool:
    """Recognise a networkx graph by its methods."""
    return hasattr(value, "edges") and hasattr(value, "is_directed")


def _edges_of(graph: Any, weight: str, unit: str | None, loss: str | None) -> dict[str, Any]:
    """Return a networkx graph's edges as a file would have them: latencies in seconds, and shares lost."""
    # start-up: they import networkx and numpy
    from serfsim.topology.graph import loss_attribute, read_edge, unread_attributes
    from serfsim.topology.positions import POSITIONS, with_lengths
    from serfsim.topology.units import default_unit

    if weight == POSITIONS:
        try:
            graph = with_lengths(graph, "graph")
        except ScenarioError as error:
            raise custom_error({"message": str(error), "inside": ("graph",)}) from None
    edges = []
    alone = next((node for node in graph.nodes if not graph.degree(node)), None)
    if alone is not None and len(graph) > 1:
        raise invalid("a graph that is connected", found=f"'{alone}' without any link", inside=("graph",))
    loss = loss or loss_attribute(graph)
    unit = unit or default_unit(weight)
    for source, target, attributes in graph.edges(data=True):
        try:
            seconds, lost = read_edge(source, target, attributes, weight, unit, loss)
        except ValueError as error:
            raise custom_error({"message": str(error), "inside": ("graph",)}) from None
        edges.append([str(source), str(target), f"{seconds!r}s", *([lost] if lost else [])])
    unread = unread_attributes(graph, weight, loss)
    if unread:
        warnings.warn(f"the graph has {', '.join(unread)}, which nothing reads", stacklevel=2)
    return {"edges": edges, "directed": bool(graph.is_directed())}
