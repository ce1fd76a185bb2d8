"""Vivaldi's settings with Serf's own names and defaults (spec coordinate.md section 1)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.settings import CONSTANT, SERF, TIMEOUT, Defaults, Kind, Setting
from serfsim.protocol.versions import BASELINE

COORDINATE_SETTINGS: Final = (
    Setting(
        "dimensionality",
        Kind("count", 1, 64),
        8,
        "Dimensions of the Euclidean part of a coordinate.",
        SERF,
        unit="dimensions",
    ),
    Setting(
        "vivaldi_error_max",
        CONSTANT,
        1.5,
        "Error estimate of a new coordinate, and the ceiling of all.",
        SERF,
    ),
    Setting(
        "vivaldi_ce",
        CONSTANT,
        0.25,
        "Share by which one observation may move the error estimate.",
        SERF,
    ),
    Setting(
        "vivaldi_cc",
        CONSTANT,
        0.25,
        "Share of the way by which one observation may move the coordinate.",
        SERF,
        rule="More converges faster, and follows noise more.",
    ),
    Setting(
        "adjustment_window_size",
        Kind("count", 0, 10_000),
        20,
        "Observations whose mean residual is added to distances; 0 turns the adjustment off.",
        SERF,
        unit="observations",
    ),
    Setting(
        "height_min",
        Kind("duration", 1e-9, 10.0),
        10e-6,
        "Height of a new coordinate, and the floor of all.",
        SERF,
    ),
    Setting(
        "latency_filter_size",
        Kind("count", 1, 10_000),
        3,
        "Round-trip times of a peer whose median counts.",
        SERF,
        unit="round trips",
    ),
    Setting(
        "gravity_rho",
        Kind("number", 0.0, above=True),
        150.0,
        "Distance from the origin, in seconds, at which gravity pulls with a force of one second.",
        SERF,
    ),
    Setting(
        "zero_threshold",
        CONSTANT,
        1e-6,
        "Less counts as nothing: distances and round-trip times in seconds, and total errors.",
        SERF,
    ),
    Setting(
        "max_rtt",
        TIMEOUT,
        10.0,
        "Longest round-trip time that is accepted as an observation.",
        SERF,
    ),
)


class CoordinateConfig:
    """Settings of one node's coordinate client. Durations are seconds. Built once, then only read."""

    def __init__(self) -> None:
        default = Defaults(COORDINATE_SETTINGS, "lan", BASELINE)
        self.dimensionality: i64 = default.count("dimensionality")
        self.vivaldi_error_max: float = default.number("vivaldi_error_max")
        self.vivaldi_ce: float = default.number("vivaldi_ce")
        self.vivaldi_cc: float = default.number("vivaldi_cc")
        self.adjustment_window_size: i64 = default.count("adjustment_window_size")
        self.height_min: float = default.seconds("height_min")
        self.latency_filter_size: i64 = default.count("latency_filter_size")
        self.gravity_rho: float = default.number("gravity_rho")
        self.zero_threshold: float = default.number("zero_threshold")
        self.max_rtt: float = default.seconds("max_rtt")
        # Before Serf 0.8.2 whatever a peer sent was taken, and never checked afterwards.
        self.checks: bool = True
        # Settings of a system in the place of Serf's, by name, and the number of members that it runs in.
        self.own: dict[str, float] = {}
        self.members: i64 = 0
