"""The networks of Serf's own coordinate tests, for any number of nodes.

With the default parameters and the number of nodes of those tests, every RTT is the same whole
number of nanoseconds as theirs. Source: spec coordinate.md section 6.
"""

from __future__ import annotations

import math

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.native import Random, i32, vec
from serfsim.network.jitter import standard_normal
from serfsim.network.latency import MatrixLatency, SiteLatency, WholeNanosecondPlane
from serfsim.topology.topology import Floats, Topology

MOST_REDRAWS = 1000


def line(n: int, spacing: float = 0.010) -> Topology:
    """Place node i at i * spacing on a line."""
    return _plane(np.array([[float(i), 0.0] for i in range(n)]), np.zeros(n), spacing, "line")


def grid(n: int, spacing: float = 0.010, side: int | None = None) -> Topology:
    """Place nodes row by row on a grid of `side` columns; by default, the smallest square that holds all."""
    columns = side if side is not None else max(1, math.isqrt(max(n - 1, 0)) + 1)
    if columns < 1:
        raise ScenarioError(f"topology.side: found {columns}; expected at least 1")
    positions = np.array([[float(i % columns), float(i // columns)] for i in range(n)])
    return _plane(positions, np.zeros(n), spacing, "grid")


def circle(n: int, radius: float = 0.100) -> Topology:
    """Place node 0 twice the radius from all others, which lie on a circle, at chord length.

    Node 0 is thus the centre with a height of one radius, which coordinates without heights cannot
    express.
    """
    angles = [2.0 * math.pi * i / n for i in range(n)]
    positions = np.array([[math.cos(angle), math.sin(angle)] for angle in angles])
    heights = np.zeros(n)
    positions[0] = 0.0
    heights[0] = 1.0
    return _plane(positions, heights, radius, "circle")


def split(n: int, lan: float = 0.001, wan: float = 0.010) -> Topology:
    """Place nodes at two sites: `lan` within a site, `lan` + `wan` between the sites.

    The first holds the nodes 0 .. n // 2, the second the rest: 13 and 12 of 25.
    """
    near, far = _whole_ns(lan) / 2e9, (_whole_ns(lan) + _whole_ns(wan)) / 2e9
    site = [0 if i <= n // 2 else 1 for i in range(n)]
    latency = SiteLatency(vec[i32](site), 2, vec[float]([near, far, far, near]), vec[float]([0.0] * n))
    return Topology(n, latency, "split", places=tuple(f"site-{number}" for number in site))


def random(n: int, rng: Random, mean: float = 0.100, sd: float = 0.010) -> Topology:
    """Draw normal RTTs independently for each pair i < j in row order, truncated to whole nanoseconds.

    No coordinates fit such a network well. A value that is not positive is drawn again, which never happens
    with the default parameters. The numbers come from `rng`, not from Go's generator.
    """
    if not (mean > 0.0 and sd >= 0.0):
        raise ScenarioError("topology: a random network needs a mean above 0 and an sd of at least 0")
    one_way = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            rtt_ns = 0
            draws = 0
            while rtt_ns <= 0:
                if draws == MOST_REDRAWS:
                    raise ScenarioError("topology: the sd of a random network is too large for its mean")
                rtt_ns = int((mean + sd * standard_normal(rng)) * 1e9)
                draws += 1
            one_way[i, j] = one_way[j, i] = rtt_ns / 2e9
    return Topology(n, MatrixLatency(n, vec[float](one_way.ravel().tolist())), "random")


def drift(n: int = 4, side: float = 0.500) -> Topology:
    """Place all nodes `side` apart, but two nodes of even number sqrt(2) * side apart."""
    near, far = _whole_ns(side) / 2e9, math.floor(math.sqrt(2.0) * _whole_ns(side)) / 2e9
    one_way = [
        0.0 if i == j else far if i % 2 == 0 and j % 2 == 0 else near for i in range(n) for j in range(n)
    ]
    return Topology(n, MatrixLatency(n, vec[float](one_way)), "drift")


def _plane(positions: Floats, heights: Floats, unit: float, name: str) -> Topology:
    """Build a topology from `positions` and `heights` in units of `unit` seconds."""
    latency = WholeNanosecondPlane(
        vec[float](positions[:, 0].tolist()),
        vec[float](positions[:, 1].tolist()),
        vec[float](heights.tolist()),
        float(_whole_ns(unit)),
    )
    return Topology(len(heights), latency, name, positions=positions * unit)


def _whole_ns(seconds: float) -> int:
    if not 0.0 <= seconds < math.inf:
        raise ScenarioError(f"topology: found {seconds} s; expected a duration of at least 0")
    return round(seconds * 1e9)
