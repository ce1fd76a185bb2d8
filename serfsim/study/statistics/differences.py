"""Differences of many figures between two sets of runs, with simultaneous intervals.

The means of all figures are resampled together (`scipy.stats.bootstrap`, whole runs at a time, which keeps
the correlation between figures). The largest deviation over all figures, in standard errors, is taken from
each resample and gives one critical value; estimate +- critical value x standard error then covers every true
difference simultaneously at the stated confidence (the sup-t band; Montiel Olea and Plagborg-Moeller, J.
Appl. Econometrics 34, 2019; Westfall and Young 1993 for tests). For correlated figures this is tighter than
Bonferroni. Few runs overstate the correlation between figures, so the fewer there are, the more of the
deviations is drawn independently; the normal critical value is stretched to Student's.

Runs of the same seed are paired: both sides then have the same topology and the same faults, and only the
change makes a difference.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serfsim.study.statistics.intervals import ROUNDING, SEED, Floats, check_confidence

Integers = NDArray[np.int64]
RESAMPLES: Final = 4_000
APART: Final = 3.0  # divided by the number of runs: the part of the deviations treated as independent


@dataclass(frozen=True)
class Differences:
    """One entry per figure: candidate mean minus base mean, with simultaneous bounds at `confidence`.

    The bounds are infinite where one side has fewer than two values or too few identical ones; the estimate
    is NaN where one side has none. `n`: the number of values (paired: of pairs), the smaller of both sides.
    """

    estimate: Floats
    low: Floats
    high: Floats
    n: Integers
    confidence: float


def differences(
    base: ArrayLike, candidate: ArrayLike, *, paired: bool, confidence: float = 0.95
) -> Differences:
    """Compare `base` with `candidate`, both of shape (figures, runs).

    `paired`: both have the same seeds in the same order. NaN, a run without the figure, is dropped (paired:
    with its partner). A figure that differs by the same amount in each of n pairs has an interval of zero
    width if n coin tosses would be unlikely to all agree, 2^(1 - n), in any of the figures; otherwise it has
    no bounds. Raises ValueError for shapes that do not match.
    """
    check_confidence(confidence)
    first, second = np.asarray(base, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    fit = first.ndim == second.ndim == 2 and len(first) == len(second)
    if not fit or (paired and first.shape != second.shape):
        raise ValueError(f"shapes {first.shape} and {second.shape}")
    samples = [second - first] if paired else [second, first]
    counts = [np.isfinite(sample).sum(axis=1) for sample in samples]
    n = np.minimum.reduce(counts)
    shift, error = np.full(len(first), np.nan), np.full(len(first), np.inf)
    some = n > 0
    shift[some] = _shift([sample[some] for sample in samples])
    enough = n > 1
    error[enough] = _standard_errors([sample[enough] for sample in samples])
    # Rounding leaves equal differences with a tiny variance.
    scale = np.fmax(_largest(first), _largest(second))
    error[error <= ROUNDING * scale] = 0.0
    reach = error.copy()
    alike = enough & (error == 0) & (np.abs(shift) > ROUNDING * scale)
    reach[alike & (2.0 ** (1 - n) > (1 - confidence) / max(1, enough.sum()))] = np.inf
    varies = enough & (error > 0)
    if varies.any():
        critical = _critical([sample[varies] for sample in samples], error[varies], confidence, n[varies])
        reach[varies] *= critical
    return Differences(shift, shift - reach, shift + reach, n, confidence)


def _shift(samples: Sequence[Floats], axis: int = -1) -> Any:
    """Return the mean of one sample, or the difference of two means, without NaN."""
    # The plain mean is several times faster than nanmean.
    means = [(np.nanmean if np.isnan(each).any() else np.mean)(each, axis=axis) for each in samples]
    return means[0] - means[1] if len(means) > 1 else means[0]


def _standard_errors(samples: Sequence[Floats]) -> Floats:
    parts = [np.nanvar(sample, axis=1, ddof=1) / np.isfinite(sample).sum(axis=1) for sample in samples]
    error: Floats = np.sqrt(np.sum(parts, axis=0))
    return error


def _largest(sample: Floats) -> Floats:
    largest: Floats = np.max(np.nan_to_num(np.abs(sample)), axis=1, initial=0.0)
    return largest


def _critical(samples: Sequence[Floats], error: Floats, confidence: float, n: Integers) -> Floats:
    """Return the distance of each figure's bounds in standard errors.

    The largest deviation over all figures, in standard errors, is the same for all except for Student's
    stretching.
    """
    # start-up: scipy is slow to import
    from scipy.stats import bootstrap, norm, t

    def shift(*resampled: Floats, axis: int = -1) -> Any:
        return _shift(resampled, axis)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a resample may have no value of a figure
        resampled = bootstrap(
            tuple(samples),
            shift,
            n_resamples=RESAMPLES,
            batch=500,
            method="percentile",
            axis=-1,
            vectorized=True,
            rng=np.random.default_rng(SEED),
        ).bootstrap_distribution
    deviation = np.nan_to_num((resampled - _shift(samples)[:, None]) / error[:, None])
    deviation *= np.sqrt(n / (n - 1.0))[:, None]  # the resamples have the spread of n values, not n - 1
    apart = np.minimum(1.0, APART / n)[:, None]
    noise = np.random.default_rng(SEED + 1).standard_normal(deviation.shape)
    mixed = np.sqrt(1.0 - apart) * deviation + np.sqrt(apart) * noise
    normal = float(np.quantile(np.abs(mixed).max(axis=0), confidence))
    critical: Floats = t.isf(norm.sf(normal), n - 1)
    return critical


def holm(p_values: ArrayLike) -> Floats:
    """Apply Holm's step-down adjustment (Scand. J. Statist. 6, 1979), keeping the order.

    Rejecting where the adjusted p-value is at most alpha keeps the probability of any false rejection at
    alpha, for any dependence between the tests. NaN (no test) stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(steps * p[order]))
    return out
