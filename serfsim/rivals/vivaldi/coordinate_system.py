"""The system's name, source and settings."""

from typing import Final

from serfsim.protocol.settings import CONSTANT, FEW, SWITCH, Kind, Setting
from serfsim.rivals.coordinate_table import CoordinateSystem
from serfsim.rivals.euclidean import euclidean, whole_vector
from serfsim.rivals.vivaldi.client import VivaldiClient

DIMENSIONS: Final = Kind("count", 1, 64)
HEIGHT_MIN: Final = Kind("duration", 1e-9, 10.0)

SPRING: Final = (
    Setting("cc", CONSTANT, 0.25, "c_c: share of the way that one observation moves a coordinate"),
    Setting("ce", CONSTANT, 0.25, "c_e: share by which one observation moves the error estimate"),
    Setting("first_error", CONSTANT, 1.0, "error estimate of a new coordinate; the paper leaves it open"),
)

SYSTEM: Final = CoordinateSystem(
    "vivaldi",
    "plain Vivaldi",
    "Vivaldi as in its paper",
    "Dabek, Cox, Kaashoek and Morris, Vivaldi: A decentralized network coordinate system, SIGCOMM 2004",
    VivaldiClient,
    (
        Setting("dimensions", DIMENSIONS, 2, "dimensions of the Euclidean part", unit="dimensions"),
        Setting(
            "height", SWITCH, True, "coordinates have a height, the way of the access link (section 5.4)"
        ),
        Setting("height_min", HEIGHT_MIN, 100e-6, "least height; the paper says that it stays positive"),
        *SPRING,
        Setting(
            "filter",
            Kind("count", 1, 10_000),
            1,
            "last round trips to a peer whose median counts; the paper takes each, 1",
            unit="round trips",
        ),
        Setting(
            "adjustment",
            FEW,
            0,
            "observations whose mean residual is added to distances, as in Serf; the paper has none, 0",
            unit="observations",
        ),
        Setting(
            "gravity",
            Kind("number", 0.0, 1e6),
            0.0,
            "distance from the origin in seconds at which gravity pulls with one second; the paper has none,"
            " 0",
        ),
    ),
    lambda own, members: int(own["dimensions"]),
    euclidean,
    whole_vector,
)
