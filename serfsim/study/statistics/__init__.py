"""Statistics over runs: intervals, bounds, tests of many figures at once.

`scipy.stats` does the work; this package covers the cases it has no answer for (a single value, values that
are all equal, too few for a quantile). Everything is a pure function of its values: the bootstrap draws from
a fixed seed, and the order of the values does not matter.

`interval` is for a table or an error bar, `confidence_that` for a verdict against a threshold, `differences`
for two sets of runs and many figures, `share` for a share of runs, `holm` for p-values.
"""

from __future__ import annotations

from serfsim.study.statistics.differences import Differences, differences, holm
from serfsim.study.statistics.intervals import (
    Interval,
    bound,
    estimate,
    interval,
    is_statistic,
    quantile_of,
    share,
)
from serfsim.study.statistics.thresholds import confidence_that, values_needed

__all__ = [
    "Differences",
    "Interval",
    "bound",
    "confidence_that",
    "differences",
    "estimate",
    "holm",
    "interval",
    "is_statistic",
    "quantile_of",
    "share",
    "values_needed",
]
