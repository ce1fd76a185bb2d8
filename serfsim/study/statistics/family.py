"""Many tests at once: each p-value adjusted, so that all verdicts together err with one stated rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from serfsim.study.statistics.named import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjustment (Scand. J. Statist. 6, 1979), in the order given.

    Rejecting where the adjusted p-value is at most alpha keeps the probability of any false rejection
    at alpha, however the tests depend on one another. NaN (no test) stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps * p[order]))
    return out
