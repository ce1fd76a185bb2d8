"""Cluster and network of a scenario in words: the members, and the distances between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from serfsim.base.english import counted
from serfsim.scenario.impairments import Jitter, NoJitter
from serfsim.scenario.measured import Graph, Matrix, Measured
from serfsim.scenario.part import Model
from serfsim.scenario.phrases import format_duration, format_names, format_span
from serfsim.scenario.roster import build_roster
from serfsim.scenario.sites import Backbone, Cloud, Datacenter
from serfsim.scenario.topologies import Circle, Drift, Grid, Line, Plane, RandomRtt, Split
from serfsim.scenario.units import write_bandwidth

if TYPE_CHECKING:
    from serfsim.scenario.cluster import Cluster
    from serfsim.scenario.network import Network


def describe_cluster(part: Cluster) -> str:
    """'30 nodes of Serf 0.9 (lan): left 15, right 15'."""
    roster = build_roster(part)
    text = f"{counted(len(roster.members), 'node')} of Serf {part.version} ({part.profile})"
    groups = [f"{name} {len(members)}" for name, members in roster.groups.items() if members]
    return f"{text}: {format_names(groups)}" if groups else text


def describe_topology(part: Any) -> str:
    """The model in words; of one not known here its name and what was given."""
    match part:
        case Plane():
            clip = f", round trips clipped to {format_span(part.rtt)}" if part.rtt else ""
            access = f"access links of {format_span(part.height)}"
            return f"at random in a square {format_duration(part.size)} wide, {access}{clip}"
        case Line():
            return f"in a row, {format_duration(part.spacing)} from one to the next"
        case Grid():
            return f"on a square grid, {format_duration(part.spacing)} from one to the next"
        case Split():
            across = format_duration(part.lan + part.wan)
            return f"in two halves, {format_duration(part.lan)} within, {across} across"
        case Circle():
            return f"on a circle of radius {format_duration(part.radius)}, the first outside"
        case RandomRtt():
            return f"round trips at random, {format_duration(part.mean)} ± {format_duration(part.sd)}"
        case Drift():
            return f"{format_duration(part.side)} apart, in a shape that no plane can hold"
        case Measured():
            access = (
                "" if part.access is None else f", {format_span(part.access)} from each node to its place"
            )
            return _describe_place(part) + access
    return _describe_given(part)


def _describe_place(part: Measured) -> str:
    """Where the places are that nodes stand on."""
    match part:
        case Backbone():
            return f"on the backbone {part.network}"
        case Cloud():
            zones = counted(part.zones, "zone") + (" each" if len(part.regions) > 1 else "")
            regions = f"{counted(len(part.regions), 'region')} of {part.provider}"
            return f"in {regions}, {zones} ({format_names(part.regions)})"
        case Datacenter():
            levels = ((part.regions, "region"), (part.zones, "zone"), (part.racks, "rack"))
            return f"in {' of '.join(counted(count, level) for count, level in levels)}"
        case Matrix():
            what = "round trips" if part.kind == "rtt" else "one-way latencies"
            return f"as measured: {what} of {_describe_source(part)}"
        case Graph(edges=None):
            return f"along the links of {_describe_source(part)}"
        case Graph():
            return f"along the {counted(len(part.edges or ()), 'link')} of a graph"
    return _describe_given(part)


def _describe_source(part: Matrix | Graph) -> str:
    """The data set, the file or the generator that the latencies come from."""
    if part.data is not None:
        return part.data
    if part.file is not None:
        return part.file.name
    return f"a graph by {getattr(getattr(part, 'generator', None), 'model', 'rule')}"


def _describe_given(part: Model) -> str:
    """A model as it was given, each value on half a line."""
    values = part.model_dump(mode="json", by_alias=True, exclude_unset=True)
    model = str(values.pop("model", type(part).__name__))
    return ", ".join([model, *(f"{key} {_shorten(value)}" for key, value in values.items())])


def _shorten(value: Any) -> str:
    """A value of the file on half a line; of a file its name, of a list how many."""
    if isinstance(value, (list, dict)):
        return f"({len(value)})"
    return str(value).rsplit("/", 1)[-1]


def _describe_jitter(part: Jitter) -> str:
    return "" if isinstance(part, NoJitter) else f"{part.model} jitter"


def describe_network(part: Network) -> str:
    """Topology, then what else there is of jitter, loss and limits."""
    lost = part.loss.describe()
    limits = write_bandwidth(part.bandwidth) if part.bandwidth is not None else ""
    parts: Iterable[str] = (
        describe_topology(part.topology),
        _describe_jitter(part.jitter),
        f"{lost} lost" if lost else "",
        limits,
    )
    return "; ".join(text for text in parts if text)
