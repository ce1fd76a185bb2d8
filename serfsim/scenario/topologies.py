"""The models of `network.topology`, which place the members, and the keys of each.

Positions and latencies are worked out from them in `serfsim.topology`.
Networks made by rule are here, measured ones and graphs in `measured`, places on Earth in `sites`. Each
class's docstring gives the round-trip time, `rtt`, between two nodes without jitter; `describe` is its
sentence for pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from serfsim.scenario.measured import Graph as Graph
from serfsim.scenario.measured import Matrix as Matrix
from serfsim.scenario.measured import Measured as Measured
from serfsim.scenario.measured import is_networkx as is_networkx
from serfsim.scenario.other_words import topology_meant
from serfsim.scenario.part import Model, NamedModel, choose
from serfsim.scenario.phrases import format_duration, format_span
from serfsim.scenario.problems import invalid, listed
from serfsim.scenario.sites import Backbone as Backbone
from serfsim.scenario.sites import Cloud as Cloud
from serfsim.scenario.sites import Datacenter as Datacenter
from serfsim.scenario.units import Duration, Positive, PositiveDuration, Span


class Plane(Model):
    """Nodes at random in a square; rtt = distance + both heights."""

    model: Literal["plane"] = "plane"
    size: PositiveDuration = Field(default=2e-3, description="round trip along a side of the square")
    height: Span = Field(
        default=(100e-6, 500e-6), description="what each node's access link adds to a round trip"
    )
    rtt: Span | None = Field(default=None, description="bounds that round trips are clipped to")

    def describe(self) -> str:
        clip = f", round trips clipped to {format_span(self.rtt)}" if self.rtt else ""
        access = f"access links of {format_span(self.height)}"
        return f"at random in a square {format_duration(self.size)} wide, {access}{clip}"


class Line(Model):
    """Nodes in a row in order; rtt = spacing * |i - j|."""

    model: Literal["line"] = "line"
    spacing: PositiveDuration = Field(default=10e-3, description="round trip from one node to the next")

    def describe(self) -> str:
        return f"in a row, {format_duration(self.spacing)} from one to the next"


class Grid(Model):
    """Nodes row by row on a square grid; rtt = spacing * distance."""

    model: Literal["grid"] = "grid"
    side: Positive | None = Field(
        default=None, description="columns of the grid; the fewest that hold all unless given"
    )
    spacing: PositiveDuration = Field(default=10e-3, description="round trip from one node to the next")

    def describe(self) -> str:
        return f"on a square grid, {format_duration(self.spacing)} from one to the next"


class Split(Model):
    """Two halves in order of number; rtt = lan within one, lan + wan across."""

    model: Literal["split"] = "split"
    lan: PositiveDuration = Field(default=1e-3, description="round trip within a half")
    wan: Duration = Field(default=10e-3, description="what a round trip across takes longer")

    def describe(self) -> str:
        across = format_duration(self.lan + self.wan)
        return f"in two halves, {format_duration(self.lan)} within, {across} across"


class Circle(Model):
    """All but the first on a circle, rtt their chord; the first is 2 * radius from everybody."""

    model: Literal["circle"] = "circle"
    radius: PositiveDuration = Field(default=100e-3, description="radius of the circle, as a round trip")

    def describe(self) -> str:
        return f"on a circle of radius {format_duration(self.radius)}, the first outside"


class RandomRtt(Model):
    """Each pair's rtt drawn from a normal distribution, whatever the triangle inequality says."""

    model: Literal["random"] = "random"
    mean: PositiveDuration = Field(default=100e-3, description="mean round trip")
    sd: Duration = Field(default=10e-3, description="standard deviation of the round trips")

    def describe(self) -> str:
        return f"round trips at random, {format_duration(self.mean)} ± {format_duration(self.sd)}"


class Drift(Model):
    """All are `side` apart, but two of even number sqrt(2) * side: no plane can hold them."""

    model: Literal["drift"] = "drift"
    side: PositiveDuration = Field(default=500e-3, description="round trip between most pairs")

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
    name = value.get("model") if isinstance(value, Mapping) else value
    meant = None if isinstance(name, str) and name in TOPOLOGIES else topology_meant(name)
    if meant is not None:
        raise invalid(f"a topology: {listed(TOPOLOGIES)}", name, meant=meant, inside=("model",))
    return choose(TOPOLOGIES, "a topology", value, "plane")


Topology = Annotated[
    Plane | Line | Grid | Split | Circle | RandomRtt | Drift | Datacenter | Cloud | Backbone | Matrix | Graph,
    BeforeValidator(_read_topology),
    NamedModel(("plane", "line", "grid", "split", "circle", "random", "drift", "datacenter", "cloud")),
]
