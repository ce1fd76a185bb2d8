"""Properties of a topology that matter to network coordinates.

A coordinate system cannot express different latencies by direction, nor a detour that is shorter
than the direct path. So beside the spread of RTTs this counts asymmetry (of one-way latencies: an RTT
has no direction) and violations of the triangle inequality: a pair is violated if a path by some
third node is shorter than its own, and its severity is direct RTT / shortest RTT by one other node.

Up to EXACT_UP_TO nodes all pairs count. Above, SAMPLED_PAIRS pairs are drawn with a fixed seed, and
each is compared with every third node: shares are then unbiased estimates, while maxima are those of
the sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serfsim.native import Random
from serfsim.topology.topology import Floats, Topology

Integers = NDArray[np.int64]

EXACT_UP_TO = 500
SAMPLED_PAIRS = 4000
SLICE_PAIRS = 10_000  # per slice over time; of more, evenly spaced ones
SEED = 1
TOLERANCE = 1e-9  # relative: a rounding error is not a violation
CLEAR = 1.1  # a clear violation: the detour saves more than a tenth


@dataclass(frozen=True)
class Spread:
    """Statistics of a sample; all NaN if it is empty."""

    mean: float
    p5: float
    p50: float
    p90: float
    p99: float
    min: float
    max: float


@dataclass(frozen=True)
class TopologyReport:
    """The result of `report_topology`.

    n, pairs: number of nodes, and of unordered pairs examined.
    exact: all pairs were examined.
    rtt_s: round-trip times.
    asymmetry: |difference of both directions| / their mean, one-way latencies; no unit.
    asymmetric_share: share of pairs for which that exceeds 1 %.
    violated_share, clearly_violated_share: of pairs, by any and by more than a tenth.
    triangle_share: of triangles (pair and third node), share in which the detour is shorter than
        the pair's direct path.
    severity: of violated pairs; no unit, above 1.
    slices: number of slices over time; all other figures cover the first. slice_change: |RTT - RTT of
        the previous slice| / that, over pairs and slices.
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
    slices: int
    slice_change: Spread


def spread(values: Floats) -> Spread:
    """Return mean, quantiles (linear between neighbours) and extremes of values of any shape."""
    if values.size == 0:
        return Spread(*[math.nan] * 7)
    p5, p50, p90, p99 = (float(q) for q in np.percentile(values, [5, 50, 90, 99]))
    return Spread(float(np.mean(values)), p5, p50, p90, p99, float(values.min()), float(values.max()))


def report_topology(topology: Topology) -> TopologyReport:
    """Examine all pairs, or a sample of them if there are many nodes.

    For latencies that change over time, this examines those of the first slice, and the difference of each
    slice from the previous one; afterwards the first slice is active again.
    """
    n = topology.n
    exact = n <= EXACT_UP_TO
    topology.latency.advance(0.0)
    at, to = np.triu_indices(n, 1) if exact else _sampled_pairs(n)
    there, back = _both_ways(topology, at, to, exact)
    detour, shorter = _all_detours(topology) if exact else _sampled_detours(topology, at, to, there + back)
    rtt = there + back
    asymmetry = np.divide(np.abs(there - back), rtt / 2.0, out=np.zeros(len(rtt)), where=rtt > 0.0)
    violated = detour * (1.0 + TOLERANCE) < rtt
    severity = np.divide(rtt, detour, out=np.full(len(rtt), np.inf), where=detour > 0.0)
    # Each triangle has three pairs, and only its longest side can be violated.
    triangles = len(rtt) * max(n - 2, 0) / 3.0
    slices, change = _slices(topology, at, to, exact)
    return TopologyReport(
        n=n,
        pairs=len(rtt),
        exact=exact,
        rtt_s=spread(rtt),
        asymmetry=spread(asymmetry),
        asymmetric_share=_share(asymmetry > 0.01),
        violated_share=_share(violated),
        clearly_violated_share=_share(violated & (severity > CLEAR)),
        triangle_share=shorter / triangles if triangles else 0.0,
        severity=spread(severity[violated]),
        slices=slices,
        slice_change=change,
    )


def _both_ways(topology: Topology, at: Integers, to: Integers, all_pairs: bool) -> tuple[Floats, Floats]:
    """Return one-way seconds in both directions of the pairs at[k], to[k]."""
    if all_pairs:
        one_way = topology.one_way_matrix()
        return one_way[at, to], one_way[to, at]
    between = topology.latency.one_way
    pairs = list(zip(at.tolist(), to.tolist(), strict=True))
    return np.array([between(i, j) for i, j in pairs]), np.array([between(j, i) for i, j in pairs])


def _all_detours(topology: Topology) -> tuple[Floats, int]:
    """Return the shortest round trip by another node for each pair i < j, and how many beat the direct."""
    rtt = topology.rtt_matrix()
    ways = rtt.copy()
    np.fill_diagonal(ways, np.inf)  # the ends of a pair are not detours
    least: list[Floats] = []
    shorter = 0
    for i in range(len(rtt)):
        by_others = ways[i + 1 :] + ways[i]
        least.append(by_others.min(axis=1))
        shorter += int(np.count_nonzero(by_others * (1.0 + TOLERANCE) < rtt[i, i + 1 :, None]))
    return np.concatenate(least) if least else np.empty(0), shorter


def _sampled_detours(topology: Topology, at: Integers, to: Integers, rtt: Floats) -> tuple[Floats, int]:
    """Do the same for some pairs, row by row, to save memory."""
    least = np.empty(len(at))
    shorter = 0
    for k, (i, j) in enumerate(zip(at.tolist(), to.tolist(), strict=True)):
        ways = topology.rtt_row(i) + topology.rtt_row(j)
        ways[i] = ways[j] = np.inf
        least[k] = ways.min()
        shorter += int(np.count_nonzero(ways * (1.0 + TOLERANCE) < rtt[k]))
    return least, shorter


def _slices(topology: Topology, at: Integers, to: Integers, all_pairs: bool) -> tuple[int, Spread]:
    """Return the number of slices, and the spread of RTT changes from one slice to the next."""
    latency = topology.latency
    upcoming = latency.advance(0.0)
    if not math.isfinite(upcoming):
        return 1, spread(np.empty(0))
    if len(at) > SLICE_PAIRS:
        chosen = np.arange(SLICE_PAIRS) * len(at) // SLICE_PAIRS
        at, to, all_pairs = at[chosen], to[chosen], False
    count, changes = 1, []
    before = np.add(*_both_ways(topology, at, to, all_pairs))
    while math.isfinite(upcoming):
        upcoming = latency.advance(upcoming)
        count += 1
        now = np.add(*_both_ways(topology, at, to, all_pairs))
        changes.append(np.abs(now - before)[before > 0.0] / before[before > 0.0])
        before = now
    latency.advance(0.0)
    return count, spread(np.concatenate(changes))


def _share(chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float(np.mean(chosen)) if chosen.size else 0.0


def _sampled_pairs(n: int) -> tuple[Integers, Integers]:
    """Draw pairs i < j uniformly, with repetition."""
    rng = Random(SEED)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < SAMPLED_PAIRS:
        i, j = rng.randrange(n), rng.randrange(n)
        if i != j:
            pairs.append((min(i, j), max(i, j)))
    both = np.array(pairs, dtype=np.int64)
    return both[:, 0], both[:, 1]
