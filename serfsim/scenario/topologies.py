"""Who is where: the models of `network.topology` and what each can be told.

These are only the words. Positions and latencies are worked out from them in `serfsim.topology`.
Networks made by rule are here, measured ones and graphs in `measured`, places on Earth in `sites`. Each
class's docstring gives the round-trip time, `rtt`, between two nodes without jitter.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from serfsim.scenario.measured import Graph as Graph
from serfsim.scenario.measured import Matrix as Matrix
from serfsim.scenario.measured import Measured as Measured
from serfsim.scenario.measured import is_networkx as is_networkx
from serfsim.scenario.part import Model, choose
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
