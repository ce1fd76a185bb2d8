"""The placement with the least sum of squared errors: what Vivaldi's springs pull towards."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import minimize

from serfsim.papers.vivaldi.data import Floats
from serfsim.topology.embedding import StaticEmbedding

EVALUATIONS: Final = 250
COINCIDE: Final = 1e-12  # seconds


def least_squares(rtt: Floats, start: StaticEmbedding) -> StaticEmbedding:
    """Return coordinates with the least sum of (estimate - rtt)^2 that is found from `start`.

    rtt: (n, n) seconds, NaN where unknown. Height and adjustment are one offset, which may be negative.
    """
    n, d = start.vec.shape
    known = np.isfinite(rtt)
    target = np.where(known, rtt, 0.0)

    def misfit(x: Floats) -> tuple[float, Floats]:
        vec, offset = x[: n * d].reshape(n, d), x[n * d :]
        squares = np.einsum("id,id->i", vec, vec)
        apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * (vec @ vec.T), COINCIDE**2))
        off = np.where(known, apart + offset[:, None] + offset[None, :] - target, 0.0)
        pull = off / apart
        gradient = 4.0 * (pull.sum(axis=1)[:, None] * vec - pull @ vec)
        return float(np.sum(off**2)), np.concatenate([gradient.ravel(), 4.0 * off.sum(axis=1)])

    x = np.concatenate([start.vec.ravel(), start.height + start.adjustment])
    best = minimize(misfit, x, jac=True, method="L-BFGS-B", options={"maxfun": EVALUATIONS}).x
    return StaticEmbedding(best[: n * d].reshape(n, d), np.zeros(n), best[n * d :])
