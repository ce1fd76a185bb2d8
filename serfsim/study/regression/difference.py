"""Do two sets of runs have one distribution of a figure? The two-sample Kolmogorov-Smirnov test, exact.

The statistic is the largest difference between the two shares of runs up to any value (Hodges, Arkiv foer
Matematik 3, 1958; `scipy.stats.ks_2samp`). Why this one:

- it asks only for the order of values, so that a run without a value can be placed beyond all others, and
  a figure may be of any kind: times, shares, counts that are nearly always 0;
- its p-value is exact for a few runs, far out in the tail, where Holm's adjustment over hundreds of
  tests looks (8 runs that all lie beyond 40 others: 5e-9; the normal approximation of a rank sum has
  1e-5). With ties it is an upper bound: counts make fewer false alarms than stated, never more;
- it sees a change of spread or of a share of outliers, which a test of the median does not. For a pure
  shift it needs somewhat more runs than a rank sum; runs are cheap.
"""

from __future__ import annotations

import warnings

import numpy as np

from serfsim.study.regression.runs import Floats


def p_value(then: Floats, now: Floats) -> float:
    """Two-sided. Values may be infinite; NaN may not be."""
    from scipy.stats import ks_2samp

    if np.isnan(then).any() or np.isnan(now).any():
        raise ValueError("NaN has no place in an order")
    with warnings.catch_warnings():
        # Where samples hardly differ, the sum may come out a rounding above 1; scipy says so and gives 1.
        warnings.simplefilter("ignore", RuntimeWarning)
        return min(1.0, float(ks_2samp(then, now, method="exact").pvalue))


def tendency(then: Floats, now: Floats) -> float:
    """-1 to 1: how much likelier it is that a run now lies above one then than below it (Cliff's delta)."""
    above, below = now[:, None] > then[None, :], now[:, None] < then[None, :]
    return float(above.mean() - below.mean())
