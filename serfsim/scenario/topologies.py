"""The models of `network.topology`, which place the members, and the keys of each.

Positions and latencies are worked out from them in `serfsim.topology`.
Networks made by rule are here, measured ones and graphs in `measured`, places on Earth in `sites`. Each
class's docstring gives the round-trip time, `rtt`, between two nodes without jitter; `describe` is its
sentence for pages.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from serfsim.scenario.measured import Graph as Graph
from serfsim.scenario.measured import Matrix as Matrix
from serfsim.scenario.measured import Measured as Measured
from serfsim.scenario.measured import is_networkx as is_networkx
from serfsim.scenario.part import Model, choose
from serfsim.scenario.phrases import format_duration, format_span
from serfsim.scenario.sites import Backbone as Backbone
from serfsim.scenario.sites import Cloud as Cloud
from serfsim.scenario.sites import Datacenter as Datacenter
from serfsim.scenario.units import Duration, Positive, PositiveDuration, Span


class Plane(Model):
    """Nodes at random in a square; rtt = distance + both heights, clipped to `rtt` where given."""

    model: Literal["plane"] = "plane"
    size: PositiveDuration = 2e-3
    height: Span = (100e-6, 500e-6)
    rtt: Span | None = None

    def describe(self) -> str:
        clip = f", round trips clipped to {format_span(self.rtt)}" if self.rtt else ""
        access = f"access links of {format_span(self.height)}"
        return f"at random in a square {format_duration(self.size)} wide, {access}{clip}"


class Line(Model):
    """Nodes in a row in order; rtt = spacing * |i - j|."""

    model: Literal["line"] = "line"
    spacing: PositiveDuration = 10e-3

    def describe(self) -> str:
        return f"in a row, {format_duration(self.spacing)} from one to the next"


class Grid(Model):
    """Nodes row by row on a square grid of `side` columns; rtt = spacing * distance.

    Without `side`: the smallest square that holds all.
    """

    model: Literal["grid"] = "grid"
    side: Positive | None = None
    spacing: PositiveDuration = 10e-3

    def describe(self) -> str:
        return f"on a square grid, {format_duration(self.spacing)} from one to the next"


class Split(Model):
    """Two halves in order of number; rtt = lan within one, lan + wan across."""

    model: Literal["split"] = "split"
    lan: PositiveDuration = 1e-3
    wan: Duration = 10e-3

    def describe(self) -> str:
        across = format_duration(self.lan + self.wan)
        return f"in two halves, {format_duration(self.lan)} within, {across} across"


class Circle(Model):
    """All but the first on a circle, rtt their chord; the first is 2 * radius from everybody."""

    model: Literal["circle"] = "circle"
    radius: PositiveDuration = 100e-3

    def describe(self) -> str:
        return f"on a circle of radius {format_duration(self.radius)}, the first outside"


class RandomRtt(Model):
    """Each pair's rtt drawn from a normal distribution, whatever the triangle inequality says."""

    model: Literal["random"] = "random"
    mean: PositiveDuration = 100e-3
    sd: Duration = 10e-3

    def describe(self) -> str:
        return f"round trips at random, {format_duration(self.mean)} ± {format_duration(self.sd)}"


class Drift(Model):
    """All are `side` apart, but two of even number sqrt(2) * side: no plane can hold them."""

    model: Literal["drift"] = "drift"
    side: PositiveDuration = 500e-3

    def describe(self) -> str:
        return f"{format_duration(self.side)} apart, in a shape that no plane can hold"


TOPOLOGIES: dict[str, type[Model]] = {
    "plane": Plane,
    "line": Line,
    "grid": Grid,
    "split": Split,
    "circle": Circle,
    "random": RandomRtt,
    "drift": Drift,
    "datacenter": Datacenter,
    "cloud": Cloud,
    "backbone": Backbone,
    "matrix": Matrix,
    "graph": Graph,
}


def _read_topology(value: Any) -> Any:
    if is_networkx(value):
        value = {"model": "graph", "graph": value}
    return choose(TOPOLOGIES, "a topology", value, "plane")


Topology = Annotated[
    Plane | Line | Grid | Split | Circle | RandomRtt | Drift | Datacenter | Cloud | Backbone | Matrix | Graph,
    BeforeValidator(_read_topology),
]
