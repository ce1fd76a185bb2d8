"""Two sets of runs and many figures: by how much each differs, all intervals right at once.

The means of all figures are resampled together (`scipy.stats.bootstrap`, whole runs at a time, so that
figures stay correlated as they are). Each resample's largest deviation, in standard errors, over all
figures gives one critical value, and estimate +- critical value x standard error covers every true
difference at once with the stated confidence (the sup-t band; Montiel Olea and Plagborg-Moeller, J.
Appl. Econometrics 34, 2019; Westfall and Young 1993 for tests). Correlated figures cost less by it than
by Bonferroni's division. The normal critical value is stretched to Student's, for few runs.

Runs of the same seeds are paired: the same seed gives both sides the same topology and the same faults,
so that their difference is what the change did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from serfsim.statistics.intervals import SEED, required
from serfsim.statistics.named import Floats

RESAMPLES: Final = 10_000


@dataclass(frozen=True)
class Differences:
    """One entry a figure: candidate's mean less base's, with simultaneous bounds at `confidence`.

    NaN where a figure was not to be compared; the bounds are infinite where one side has fewer than two
    values. `critical` is the number of standard errors from the estimate to either bound.
    """

    estimate: Floats
    low: Floats
    high: Floats
    critical: float
    confidence: float


def differences(
    base: ArrayLike, candidate: ArrayLike, *, paired: bool, confidence: float = 0.95
) -> Differences:
    """`base` (figures, runs) and `candidate` (figures, runs); paired: the same seeds in the same order.

    Every value must be finite. A figure that differs by the same in every pair has an interval without
    width. Raises ValueError where the shapes do not fit.
    """
    required(confidence)
    first, second = np.asarray(base, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    if (
        first.ndim != 2
        or second.ndim != 2
        or len(first) != len(second)
        or (paired and first.shape != second.shape)
    ):
        raise ValueError(f"shapes {first.shape} and {second.shape}")
    samples = (second - first,) if paired else (second, first)
    shift = samples[0].mean(axis=1) - (samples[1].mean(axis=1) if len(samples) > 1 else 0.0)
    n = min(sample.shape[1] for sample in samples)
    if n < 2:
        none = np.full(len(shift), np.inf)
        return Differences(shift, -none, none, np.inf, confidence)
    variance = sum(sample.var(axis=1, ddof=1) / sample.shape[1] for sample in samples)
    # Rounding leaves differences that are all equal with a variance that is nearly nothing.
    scale = np.maximum(np.abs(first).max(axis=1), np.abs(second).max(axis=1))
    error = np.where(np.sqrt(variance) > 1e-12 * scale, np.sqrt(variance), 0.0)
    varies = error > 0
    critical = _critical([sample[varies] for sample in samples], confidence, n) if varies.any() else 0.0
    return Differences(shift, shift - critical * error, shift + critical * error, critical, confidence)


def _critical(samples: list[Floats], confidence: float, n: int) -> float:
    """The quantile of the largest deviation over all figures, in standard errors."""
    from scipy.stats import bootstrap, norm, t

    def shifted(*resampled: Floats, axis: int = -1) -> Any:
        means = [sample.mean(axis=axis) for sample in resampled]
        return means[0] - means[1] if len(means) > 1 else means[0]

    found = bootstrap(
        tuple(samples),
        shifted,
        n_resamples=RESAMPLES,
        batch=500,
        method="percentile",
        axis=-1,
        vectorized=True,
        rng=np.random.default_rng(SEED),
    )
    spread = found.bootstrap_distribution
    deviation = np.abs(spread - shifted(*samples)[:, None]) / found.standard_error[:, None]
    normal = float(np.quantile(deviation.max(axis=0), confidence))
    return float(t.isf(norm.sf(normal), n - 1))
