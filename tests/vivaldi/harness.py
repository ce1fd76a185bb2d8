"""Coordinates of the vectors as ours and back, and a client whose random draws are listed."""

from __future__ import annotations

from typing import Any

from serfsim.native import Random, vec
from serfsim.protocol.vivaldi.client import ACCEPTED, Client
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate, Uniforms


class Listed(Uniforms):
    """Gives the draws of a vector one after the other; one more than listed is an error."""

    def __init__(self, draws: list[float]) -> None:
        super().__init__(Random(0))
        self.draws = list(draws)
        self.used = 0

    def draw(self) -> float:
        self.used += 1
        return self.draws[self.used - 1]

    def add(self, draws: list[float]) -> None:
        self.draws += draws

    def is_used_up(self) -> bool:
        return self.used == len(self.draws)


def client(dimensionality: int = 8, uniforms: Uniforms | None = None, seed: int = 1) -> Client:
    config = CoordinateConfig()
    config.dimensionality = dimensionality
    made = Client(config, Random(seed))
    if uniforms is not None:
        made.uniforms = uniforms
    return made


def coordinate(
    *position: float, error: float = 1.5, adjustment: float = 0.0, height: float = 1e-5
) -> Coordinate:
    return Coordinate(vec[float]([float(x) for x in position]), error, adjustment, height)


def read(recorded: dict[str, Any]) -> Coordinate:
    return coordinate(
        *recorded["Vec"],
        error=float(recorded["Error"]),
        adjustment=float(recorded["Adjustment"]),
        height=float(recorded["Height"]),
    )


def written(coordinate: Coordinate) -> dict[str, Any]:
    """As the vectors have it; equal only where every double is."""
    return {
        "Adjustment": coordinate.adjustment,
        "Error": coordinate.error,
        "Height": coordinate.height,
        "Vec": list(coordinate.vec),
    }


def place(client: Client, at: Coordinate) -> int:
    """Put a client there; ACCEPTED or why not. Samples and adjustment window stay."""
    reject = int(client.check(at))
    if reject == ACCEPTED:
        client.coordinate = at
    return reject


def pushed(
    own: Coordinate, config: CoordinateConfig, force: float, other: Coordinate, uniforms: Uniforms
) -> Coordinate:
    """A copy pushed by `force` seconds away from `other`."""
    copy = own.copy()
    copy.push(config, force, other, own.separation(other), uniforms)
    return copy
