"""Measures of an embedding against the true round-trip times."""

from __future__ import annotations

import numpy as np

from serfsim.papers.vivaldi.data import Floats
from serfsim.topology.embedding import StaticEmbedding


def estimates(embedding: StaticEmbedding) -> Floats:
    """Return Serf's estimated round-trip times of all pairs in seconds, shape (n, n)."""
    vec, height, adjustment = embedding.vec, embedding.height, embedding.adjustment
    squares = np.einsum("id,id->i", vec, vec)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * (vec @ vec.T), 0.0))
    distance = apart + height[:, None] + height[None, :]
    adjusted = distance + adjustment[:, None] + adjustment[None, :]
    return np.asarray(np.where(adjusted > 0.0, adjusted, distance))


def measure(estimate: Floats, rtt: Floats) -> dict[str, float]:
    """Return the errors of estimates, both (n, n) in seconds; pairs unknown in `rtt` are left out.

    `p50`, `p90`, `mean`: of |estimate - rtt| / rtt over all pairs. `absolute_ms`: the median of |estimate -
    rtt|. `stress`: sqrt(sum (estimate - rtt)^2 / sum rtt^2). `nearest_loss`: the share of nodes whose
    nearest by coordinates is not the nearest. `rank_loss`: the share of (node, pair of others) in the wrong
    order.
    """
    known = np.isfinite(rtt)
    off = np.abs(estimate - rtt)[known]
    relative = off / rtt[known]
    p50, p90 = np.percentile(relative, [50, 90])
    return {
        "p50": float(p50),
        "p90": float(p90),
        "mean": float(relative.mean()),
        "absolute_ms": 1000.0 * float(np.median(off)),
        "stress": float(np.sqrt(np.sum(off**2) / np.sum(rtt[known] ** 2))),
        "nearest_loss": _nearest_loss(estimate, rtt, known),
        "rank_loss": _rank_loss(estimate, rtt, known),
    }


def _nearest_loss(estimate: Floats, rtt: Floats, known: Floats) -> float:
    by_estimate = np.argmin(np.where(known, estimate, np.inf), axis=1)
    truly = np.where(known, rtt, np.inf)
    nodes = np.arange(len(rtt))
    return float(np.mean(truly[nodes, by_estimate] > truly.min(axis=1)))


def _rank_loss(estimate: Floats, rtt: Floats, known: Floats) -> float:
    wrong = pairs = 0
    for mine, theirs, there in zip(rtt, estimate, known, strict=True):
        a, b = mine[there], theirs[there]
        true_order = np.sign(a[:, None] - a[None, :])
        found_order = np.sign(b[:, None] - b[None, :])
        counted = true_order != 0.0
        wrong += int(np.count_nonzero((true_order != found_order) & counted))
        pairs += int(np.count_nonzero(counted))
    return wrong / pairs
