"""Intervals over seeds of any statistic of all rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

from serfsim.study.statistics import Interval

SEED: Final = 20180403
RESAMPLES: Final = 400
FEWEST: Final = 3  # seeds below which there are no bounds

Sample = TypeVar("Sample")


def over_seeds(
    samples: Mapping[int, Sample],
    statistic: Callable[[Sequence[Sample]], float],
    confidence: float = 0.95,
) -> Interval:
    """Return a statistic of the samples of all seeds, with bounds by a bootstrap over whole seeds.

    For quantiles of pooled values, ratios of sums and the like, which have no value for a seed alone. Bounds
    are infinite for fewer than FEWEST seeds; `n` counts the seeds.
    """
    values = [samples[seed] for seed in sorted(samples)]
    if not values:
        return Interval(math.nan, -math.inf, math.inf, 0, confidence)
    estimate = statistic(values)
    if len(values) < FEWEST:
        return Interval(estimate, -math.inf, math.inf, len(values), confidence)
    random = np.random.default_rng(SEED)
    draws = random.integers(0, len(values), (RESAMPLES, len(values)))
    found = np.array([statistic([values[place] for place in row]) for row in draws])
    half = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(found, (half, 1.0 - half)) if np.isfinite(found).any() else (-np.inf, np.inf)
    return Interval(estimate, float(low), float(high), len(values), confidence)
