"""Vivaldi's settings with Serf's own names and defaults (spec coordinate.md section 1)."""

from __future__ import annotations

from serfsim.native import i64


class CoordinateConfig:
    """Settings of one node's coordinate client. Durations are seconds. Built once, then only read."""

    def __init__(self) -> None:
        # Length of the Euclidean part.
        self.dimensionality: i64 = 8
        # Error of a new coordinate, and the ceiling.
        self.vivaldi_error_max: float = 1.5
        # How far one observation may move the error ...
        self.vivaldi_ce: float = 0.25
        # ... and the coordinate.
        self.vivaldi_cc: float = 0.25
        # Observations that the adjustment is the mean of; 0 turns it off.
        self.adjustment_window_size: i64 = 20
        # Height of a new coordinate, and the floor.
        self.height_min: float = 10e-6
        # Round-trip times of a peer that the median is taken of.
        self.latency_filter_size: i64 = 3
        # Distance from the origin at which gravity pulls with a force of one second.
        self.gravity_rho: float = 150.0
        # Less counts as nothing: two positions coincide; round-trip time and total error are raised to it.
        self.zero_threshold: float = 1e-6
        # A longer round trip is refused.
        self.max_rtt: float = 10.0
        # Before Serf 0.8.2 whatever a peer sent was taken, and never checked afterwards.
        self.checks: bool = True
