"""Coordinate systems by name: Serf's own and its rivals, a folder beside this file each.

All that the simulator, the scoring and the report know of a system is its `CoordinateSystem`. A member's
client (`protocol.vivaldi.coordinate_client`) learns; `estimate` says what two members' samples predict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol.settings import Setting
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Own = Mapping[str, float]  # settings as clients have them: seconds, numbers, and 0 or 1

SERF: Final = "serf"


@dataclass
class Places:
    """Coordinates of all members at one time: vec (n, width); height and adjustment (n,), seconds."""

    vec: Floats
    height: Floats
    adjustment: Floats


class CoordinateSystem(NamedTuple):
    """A coordinate system that rides on Serf's probes.

    `called`: its name in texts. `source`: its paper. `settings`: the rows of `cluster.coordinate_settings`.
    `width(own, members)`: how many numbers the vector of a sample has, by the settings as clients have them,
    with Serf's `dimensionality`. `estimate(places, observers, subjects)`: the round-trip times that observers
    expect to subjects, both numbers of members, in seconds, shape (observers, subjects); NaN where one has no
    estimate. `positions`: the part of vectors, shape (..., width), that is a position in a Euclidean space,
    of width 0 where there is none.
    """

    name: str
    called: str
    title: str
    source: str
    client: type[CoordinateClient]
    settings: tuple[Setting, ...]
    width: Callable[[Own, int], int]
    estimate: Callable[[Places, Integers, Integers], Floats]
    positions: Callable[[Floats], Floats]


@cache
def coordinate_names() -> tuple[str, ...]:
    """Return the names of all systems, Serf's first, without importing them."""
    here = Path(__file__).parent
    rivals = sorted(place.parent.name for place in here.glob("*/coordinate_system.py"))
    return (SERF, *(name for name in rivals if name != SERF))


@cache
def coordinate_system(name: str) -> CoordinateSystem:
    """Return a system by its name."""
    found: CoordinateSystem = import_module(f"serfsim.rivals.{name}.coordinate_system").SYSTEM
    return found
