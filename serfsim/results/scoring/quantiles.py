"""How a set of measured values is told in a few figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

NAMES = ("mean", "p50", "p90", "p99", "max")


def spread(values: ArrayLike) -> dict[str, Any]:
    """{mean, p50, p90, p99, max, n} of `values`; all None but n where there are none.

    Quantiles interpolate linearly between the two nearest values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return {**dict.fromkeys(NAMES), "n": 0}
    p50, p90, p99 = np.quantile(array, (0.5, 0.9, 0.99))
    return {
        "mean": float(array.mean()),
        "p50": float(p50),
        "p90": float(p90),
        "p99": float(p99),
        "max": float(array.max()),
        "n": int(array.size),
    }


def ratio(numerator: float, denominator: float) -> float | None:
    """The quotient, or None where there is nothing to divide by."""
    return float(numerator) / float(denominator) if denominator > 0 else None
