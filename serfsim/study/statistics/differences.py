"""Two sets of runs and many figures: by how much each differs, all intervals right at once.

The means of all figures are resampled together (`scipy.stats.bootstrap`, whole runs at a time, so that
figures stay correlated as they are). Each resample's largest deviation, in standard errors, over all
figures gives one critical value, and estimate +- critical value x standard error covers every true
difference at once with the stated confidence (the sup-t band; Montiel Olea and Plagborg-Moeller, J.
Appl. Econometrics 34, 2019; Westfall and Young 1993 for tests). Correlated figures cost less by it than
by Bonferroni's division. Few runs show figures correlated that are not, so that the fewer they are, the
more of the deviations is drawn independently; and the normal critical value is stretched to Student's.

Runs of the same seeds are paired: the same seed gives both sides the same topology and the same faults,
so that their difference is what the change did.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serfsim.study.statistics.intervals import ROUNDING, SEED, Floats, required

Integers = NDArray[np.int64]
RESAMPLES: Final = 4_000
APART: Final = 3.0  # over the number of runs: the part of the deviations that is taken to be independent


@dataclass(frozen=True)
class Differences:
    """One entry a figure: candidate's mean less base's, with simultaneous bounds at `confidence`.

    The bounds are infinite where one side has fewer than two values, or too few that all say the same,
    and the estimate is NaN where one has none. `n`: the values (paired: the pairs) behind each, the fewer
    of both sides.
    """

    estimate: Floats
    low: Floats
    high: Floats
    n: Integers
    confidence: float


def differences(
    base: ArrayLike, candidate: ArrayLike, *, paired: bool, confidence: float = 0.95
) -> Differences:
    """`base` (figures, runs) and `candidate` (figures, runs); paired: the same seeds in the same order.

    NaN, a run without the figure, is left out (paired: with its partner). A figure that differs by the
    same in each of n pairs has an interval without width where n tosses of a coin would hardly all fall
    alike, 2^(1 - n), in any of the figures; otherwise it has no bounds. Raises ValueError where the
    shapes do not fit.
    """
    required(confidence)
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
    # Rounding leaves differences that are all equal with a variance that is nearly nothing.
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
    """The mean of one sample, or of the first less that of the second; without NaN."""
    # The plain mean is several times as quick as the one that looks for NaN.
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
    """How many standard errors each figure's bounds are away.

    The largest deviation over all figures, in standard errors, is the same for all but Student's
    stretching.
    """
    # start-up: scipy is slow to import
    from scipy.stats import bootstrap, norm, t

    def shifted(*resampled: Floats, axis: int = -1) -> Any:
        return _shift(resampled, axis)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a resample may have no value of a figure
        resampled = bootstrap(
            tuple(samples),
            shifted,
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
