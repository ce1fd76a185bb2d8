"""Nodes uniformly distributed over a square whose distances are round-trip times."""

from __future__ import annotations

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.native import Random, vec
from serfsim.network.latency import PlaneLatency
from serfsim.topology.topology import Topology


def plane(
    n: int,
    rng: Random,
    size: float = 0.002,
    height: tuple[float, float] = (0.0001, 0.0005),
    rtt: tuple[float, float] | None = None,
) -> Topology:
    """Draw nodes in a square of side `size`, with heights uniform in `height`. All seconds.

    RTT = distance + both heights, clipped to `rtt` (low, high) if given; a bound of 0 does not
    bind. Each node draws three uniforms, in node order, so that node i keeps its position when
    others are added after it. Raises ScenarioError for sizes that make no sense.
    """
    low, high = (0.0, 0.0) if rtt is None else rtt
    if not (size >= 0.0 and 0.0 <= height[0] <= height[1] and low >= 0.0):
        raise ScenarioError("topology: a plane needs a size and heights of at least 0, low end first")
    if 0.0 < high < low:
        raise ScenarioError("topology: the largest rtt of a plane is below its smallest")
    draws = np.array([[rng.random(), rng.random(), rng.random()] for _ in range(n)]).reshape(n, 3)
    positions = draws[:, :2] * size
    heights = height[0] + (height[1] - height[0]) * draws[:, 2]
    latency = PlaneLatency(
        vec[float](positions[:, 0].tolist()),
        vec[float](positions[:, 1].tolist()),
        vec[float](heights.tolist()),
        low,
        high,
    )
    return Topology(n, latency, f"plane of {size * 1e3:g} ms", positions=positions)
