"""Graphs made by rule: what `generator` of a graph can be. What each is: `serfsim.topology.generators`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from serfsim.scenario.part import Model, choose
from serfsim.scenario.units import Number, Positive, PositiveDuration, Share

Ratio = Annotated[Number, Field(ge=1e-6, le=1e6)]
Places = Annotated[Positive, Field(le=5000)]


class Generated(Model):
    """`places` in a square of `size` round trip a side; without `places`, as many as there are nodes."""

    places: Places | None = None
    size: PositiveDuration = 60e-3


class Waxman(Generated):
    """A link with probability beta * exp(-length / (alpha * longest))."""

    model: Literal["waxman"] = "waxman"
    alpha: Ratio = 0.4
    beta: Annotated[Ratio, Field(le=1.0)] = 0.8


class RandomGeometric(Generated):
    """A link wherever two are nearer than `radius`, in sides of the square."""

    model: Literal["random_geometric"] = "random_geometric"
    radius: Ratio = 0.4


class BarabasiAlbert(Generated):
    """Each new place gets `links` links, preferably to places that have many."""

    model: Literal["barabasi_albert"] = "barabasi_albert"
    links: Places = 2


class WattsStrogatz(Generated):
    """A ring, each place linked to `neighbours`; a share `rewired` of the links goes anywhere."""

    model: Literal["watts_strogatz"] = "watts_strogatz"
    neighbours: Annotated[Places, Field(ge=2)] = 4
    rewired: Share = 0.1


class ErdosRenyi(Generated):
    """A link between any two with probability p."""

    model: Literal["erdos_renyi"] = "erdos_renyi"
    p: Share = 0.3


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
    Waxman | RandomGeometric | BarabasiAlbert | WattsStrogatz | ErdosRenyi, BeforeValidator(_read_generator)
]
