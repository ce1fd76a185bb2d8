"""Errors of estimates against the truth, for whole blocks of (observer, subject) pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.scored_run import ratio

ERROR_FIGURES = ("p50", "p90", "p99", "mean", "max")
EXACT_PAIRS = 4_000_000  # up to this many, errors are double precision, above single
TIE_S = 1e-9  # true times closer than a nanosecond are equal
RANK_BLOCK = 1_000_000  # comparisons of rank_loss at a time


class PairErrors:
    """A collection of the errors of up to `capacity` pairs, for quantiles.

    Pairs of a node with itself and pairs without a true time (not finite, or not above 0: no path)
    are left out. Of the others, `pairs`, those without an estimate (NaN) have no error.
    """

    def __init__(self, capacity: int) -> None:
        kind = np.float64 if capacity <= EXACT_PAIRS else np.float32
        self.relative: NDArray[Any] = np.empty(capacity, dtype=kind)
        self.absolute: NDArray[Any] = np.empty(capacity, dtype=kind)
        self.count = 0
        self.pairs = 0
        self.relative_sum = 0.0
        self.absolute_sum = 0.0

    def add(self, estimate: Floats, actual: Floats, self_pair: Booleans) -> None:
        known = np.isfinite(actual) & (actual > 0.0) & ~self_pair
        self.pairs += int(known.sum())
        known &= ~np.isnan(estimate)
        true = actual[known]
        absolute = np.abs(estimate[known] - true)
        relative = absolute / true
        rows = slice(self.count, self.count + len(true))
        self.absolute[rows], self.relative[rows] = absolute, relative
        self.absolute_sum += float(absolute.sum())
        self.relative_sum += float(relative.sum())
        self.count += len(true)

    def figures(self) -> tuple[Floats, Floats]:
        """Return relative and absolute (s) errors, each as ERROR_FIGURES. Reorders the collection."""
        out: list[Floats] = []
        for values, total in ((self.relative, self.relative_sum), (self.absolute, self.absolute_sum)):
            kept: Floats = values[: self.count]
            p50, p90, p99, most = np.quantile(kept, (0.5, 0.9, 0.99, 1.0), overwrite_input=True)
            out.append(np.array([p50, p90, p99, total / self.count, most], dtype=np.float64))
        return out[0], out[1]


RADII_MS = (5, 10, 20, 50, 100)


class RangeHits:
    """Counts for "all members within R", asked of estimates, for each R of RADII_MS.

    Pairs are left out as in `PairErrors`.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((len(RADII_MS), 3), dtype=np.int64)  # estimated within R, truly, both

    def add(self, estimate: Floats, actual: Floats, self_pair: Booleans) -> None:
        known = np.isfinite(actual) & (actual > 0.0) & ~self_pair
        for row, radius in enumerate(RADII_MS):
            chosen, near = known & (estimate <= radius / 1000.0), known & (actual <= radius / 1000.0)
            self.counts[row] += (chosen.sum(), near.sum(), (chosen & near).sum())

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Return {within_Rms: {precision, recall}}; None where nothing was chosen, or nothing is near."""
        found: dict[str, dict[str, float | None]] = {}
        for radius, (chosen, near, both) in zip(RADII_MS, self.counts.tolist(), strict=True):
            precision, recall = ratio(both, chosen), ratio(both, near)
            found[f"within_{radius}ms"] = {"precision": precision, "recall": recall}
        return found


def nearest_hits(estimate: Floats, actual: Floats, self_pair: Booleans) -> Booleans:
    """Return, for each observer, whether the subject with the smallest estimate is a truly nearest one."""
    known = np.isfinite(actual) & (actual > 0.0) & ~self_pair
    true = np.where(known, actual, np.inf)
    predicted = np.where(known & ~np.isnan(estimate), estimate, np.inf).argmin(axis=1)
    nearest = true.min(axis=1)
    hits: Booleans = np.isfinite(nearest) & (true[np.arange(len(true)), predicted] <= nearest + TIE_S)
    return hits


def rank_loss(estimate: Floats, actual: Floats, self_pair: Booleans) -> float:
    """Return the relative rank loss: the share of subject pairs that the estimate orders wrongly.

    For every observer, the share of its pairs of subjects that the estimate orders differently from
    the truth; the mean over observers. A tie of estimates is a loss; subjects with equal true times
    do not count. nan if there is no pair to order.
    """
    known = np.isfinite(actual) & (actual > 0.0) & ~self_pair
    true = np.where(known, actual, np.nan)
    step = max(1, RANK_BLOCK // max(1, actual.shape[1] ** 2))
    shares = []
    for low in range(0, len(actual), step):
        rows, guess = true[low : low + step], estimate[low : low + step]
        # [o, j, k]: k is farther from o than j; False where either is nan.
        ordered = rows[:, None, :] - rows[:, :, None] > TIE_S
        lost = ordered & ~(guess[:, None, :] > guess[:, :, None])
        totals, losses = ordered.sum(axis=(1, 2)), lost.sum(axis=(1, 2))
        shares.append(losses[totals > 0] / totals[totals > 0])
    found = np.concatenate(shares) if shares else np.zeros(0)
    return float(found.mean()) if len(found) else float("nan")


def evenly_spaced(nodes: Integers, at_most: int) -> Integers:
    """Return the nodes, or `at_most` of them evenly spaced, deterministically."""
    if len(nodes) <= at_most:
        return nodes
    return nodes[(np.arange(at_most) * len(nodes)) // at_most]
