"""What of a topology matters to network coordinates.

A coordinate system can express neither directions of different length nor a detour that is shorter
than the direct way. So beside the spread of RTTs this counts asymmetry (of one-way latencies: an RTT
has no direction) and violations of the triangle inequality: a pair is violated if the way by some
third node is shorter than its own, and its severity is direct RTT / shortest RTT by one other node.

Up to EXACT_UP_TO nodes everything is counted. Above, SAMPLED_PAIRS pairs are drawn with a fixed
seed, and each is held against every third node: shares are then estimates, without bias, while
maxima are those of the sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serfsim.native import Random
from serfsim.topology.topology import Floats, Topology

EXACT_UP_TO = 300
SAMPLED_PAIRS = 4000
SEED = 1
TOLERANCE = 1e-9  # relative: rounding alone is no violation
CLEAR = 1.1  # a clear violation: the detour saves more than a tenth


@dataclass(frozen=True)
class Spread:
    """Of a sample; all NaN where it is empty."""

    mean: float
    p5: float
    p50: float
    p90: float
    p99: float
    min: float
    max: float


@dataclass(frozen=True)
class TopologyReport:
    """What `report_topology` finds.

    n, pairs: number of nodes, and of unordered pairs looked at.
    exact: all pairs were looked at.
    rtt_s: round-trip times.
    asymmetry: |there - back| / mean of the two, one-way latencies; no unit.
    asymmetric_share: share of pairs for which that exceeds 1 %.
    violated_share, clearly_violated_share: of pairs, by any and by more than a tenth.
    triangle_share: of triangles (pair and third node), share in which the detour is shorter than
        the pair's own way.
    severity: of violated pairs; no unit, above 1.
    """

    n: int
    pairs: int
    exact: bool
    rtt_s: Spread
    asymmetry: Spread
    asymmetric_share: float
    violated_share: float
    clearly_violated_share: float
    triangle_share: float
    severity: Spread


def spread(values: Floats) -> Spread:
    """Mean, quantiles (linear between neighbours) and ends of values of any shape."""
    if values.size == 0:
        return Spread(*[math.nan] * 7)
    p5, p50, p90, p99 = (float(q) for q in np.percentile(values, [5, 50, 90, 99]))
    return Spread(float(np.mean(values)), p5, p50, p90, p99, float(values.min()), float(values.max()))


def report_topology(topology: Topology) -> TopologyReport:
    """Look at all pairs, or at a sample of them where there are many nodes."""
    n = topology.n
    exact = n <= EXACT_UP_TO
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)] if exact else _sampled_pairs(n)
    rows: dict[int, Floats] = {}
    if exact:
        rows = dict(enumerate(topology.rtt_matrix()))
    there = np.empty(len(pairs))
    back = np.empty(len(pairs))
    detour = np.full(len(pairs), np.inf)
    shorter = 0
    for at, (i, j) in enumerate(pairs):
        there[at] = topology.latency.one_way(i, j)
        back[at] = topology.latency.one_way(j, i)
        ways = (rows[i] if exact else topology.rtt_row(i)) + (rows[j] if exact else topology.rtt_row(j))
        ways[i] = ways[j] = np.inf
        detour[at] = ways.min()
        shorter += int(np.count_nonzero(ways * (1.0 + TOLERANCE) < there[at] + back[at]))
    rtt = there + back
    asymmetry = np.divide(np.abs(there - back), rtt / 2.0, out=np.zeros(len(pairs)), where=rtt > 0.0)
    violated = detour * (1.0 + TOLERANCE) < rtt
    severity = np.divide(rtt, detour, out=np.full(len(pairs), np.inf), where=detour > 0.0)
    # Each triangle has three pairs, and only its longest side can be violated.
    triangles = len(pairs) * max(n - 2, 0) / 3.0
    return TopologyReport(
        n=n,
        pairs=len(pairs),
        exact=exact,
        rtt_s=spread(rtt),
        asymmetry=spread(asymmetry),
        asymmetric_share=_share(asymmetry > 0.01),
        violated_share=_share(violated),
        clearly_violated_share=_share(violated & (severity > CLEAR)),
        triangle_share=shorter / triangles if triangles else 0.0,
        severity=spread(severity[violated]),
    )


def _share(chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float(np.mean(chosen)) if chosen.size else 0.0


def _sampled_pairs(n: int) -> list[tuple[int, int]]:
    """Pairs i < j, each as likely, drawn with repetition."""
    rng = Random(SEED)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < SAMPLED_PAIRS:
        i, j = rng.randrange(n), rng.randrange(n)
        if i != j:
            pairs.append((min(i, j), max(i, j)))
    return pairs
