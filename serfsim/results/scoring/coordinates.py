"""Accuracy of network coordinates as predictors of round-trip times.

For ordered pairs of live nodes, each sample compares the estimate of the run's coordinate system (Serf's:
spec coordinate.md section 2) with the true round-trip time. The relative error is |estimate - true| / true,
pooled over pairs that have an estimate (Vivaldi's and Serf's form, not the one that divides by the smaller of
the two). In large clusters the series over time uses a fixed subset of observers; the last sample is scored
over all pairs.

Rank figures follow Lua et al., "On the accuracy of embeddings for Internet coordinate systems"
(IMC 2005): picking a nearest node depends on order, not milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from serfsim.protocol.events import COORDINATE_RESET
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.pair_errors import (
    ERROR_FIGURES,
    PairErrors,
    RangeHits,
    evenly_spaced,
    nearest_hits,
    rank_loss,
)
from serfsim.results.scoring.recording import CoordinateSamples, Floats, Integers
from serfsim.results.scoring.scored_run import ScoredRun, ratio
from serfsim.rivals.coordinate_table import Places, coordinate_system

ALL_PAIRS = 300  # up to this many nodes the series covers all pairs
OBSERVERS = 200  # above that, at most this many observers
PAIR_BUDGET = 30_000_000  # estimates in the whole series; thins the observers of long runs
SERIES_RANKED = (50, 100)  # observers and subjects for the rank loss of a sample of the series
FINAL_RANKED = (300, 300)  # and of the last sample
SETTLED = 0.10  # converged: p50 within this share of its final value
MOVING_SHARE = 0.25  # drift is taken over this last share of the samples
MOVING_NODES = 200  # and that of estimates over the pairs of at most so many nodes


class ErrorSeries:
    """The errors of every sample, including those before t = 0 (for plots; figures omit them).

    One row per sample: `t` (k,); `relative` and `absolute` (k, figures) in 1 and s; nan where unknown.
    Errors are computed on first use, and so are the slower ranks, which only the result table needs.
    """

    def __init__(self, run: ScoredRun) -> None:
        self._scope = run
        self.t: Floats = run.recording.coordinates.t

    @property
    def relative(self) -> Floats:
        return self._errors[0]

    @property
    def absolute(self) -> Floats:
        return self._errors[1]

    @property
    def pairs(self) -> Integers:
        return self._errors[2]

    @property
    def rank_loss(self) -> Floats:
        return self._ranks[0]

    @property
    def nearest_accuracy(self) -> Floats:
        return self._ranks[1]

    @cached_property
    def _errors(self) -> tuple[Floats, Floats, Integers]:
        count = len(self.t)
        relative = np.full((count, len(ERROR_FIGURES)), np.nan)
        absolute = relative.copy()
        pairs = np.zeros(count, dtype=np.int64)
        for k, estimate, actual, self_pair in sample_blocks(self._scope):
            errors = PairErrors(estimate.size)
            errors.add(estimate, actual, self_pair)
            if errors.count:
                relative[k], absolute[k] = errors.figures()
                pairs[k] = errors.count
        return relative, absolute, pairs

    @cached_property
    def _ranks(self) -> tuple[Floats, Floats]:
        loss, nearest = np.full(len(self.t), np.nan), np.full(len(self.t), np.nan)
        for k, estimate, actual, self_pair in sample_blocks(self._scope):
            if self.pairs[k]:
                loss[k] = rank_loss_of_sample(estimate, actual, self_pair, SERIES_RANKED)
                nearest[k] = nearest_hits(estimate, actual, self_pair).mean()
        return loss, nearest


def estimates(samples: CoordinateSamples, k: int, observers: Integers, subjects: Integers) -> Floats:
    """Return what observers estimate of subjects by sample `k`, seconds, NaN without an estimate."""
    places = Places(samples.vec[k], samples.height[k], samples.adjustment[k])
    return coordinate_system(samples.system).estimate(places, observers, subjects)


def true_rows(run: ScoredRun, observers: Integers, t: float) -> Floats:
    """Return the true round-trip times at time t from `observers` to all nodes, (observers, n), seconds."""
    rows = np.empty((len(observers), run.n))
    for row, observer in enumerate(observers):
        rows[row] = run.recording.truth.rtt(int(observer), t)
    return rows


def error_series(run: ScoredRun) -> ErrorSeries:
    """Return the errors of every sample of a run."""
    return ErrorSeries(run)


def sample_blocks(run: ScoredRun) -> Iterator[tuple[int, Floats, Floats, Booleans]]:
    """Yield (number, estimated, true, self_pair) for every sample with live observers.

    Estimated and true are matrices of observers by live nodes, seconds; self_pair marks a node with itself.
    """
    samples = run.recording.coordinates
    count, n = len(samples.t), run.n
    observers = np.arange(n, dtype=np.int64)
    if n > ALL_PAIRS:
        affordable = PAIR_BUDGET // (max(1, count) * n)
        observers = evenly_spaced(observers, min(OBSERVERS, max(20, affordable)))
    # True times are constant between two changes.
    reigns = np.searchsorted(run.recording.truth.rtt_changes, samples.t, side="right")
    true = np.empty((0, n))
    for k in range(count):
        if k == 0 or reigns[k] != reigns[k - 1]:
            true = true_rows(run, observers, float(samples.t[k]))
        live = samples.live[k]
        rows = np.flatnonzero(live[observers])
        columns = np.flatnonzero(live)
        if len(rows) == 0 or len(columns) < 2:
            continue
        estimate = estimates(samples, k, observers[rows], columns)
        self_pair = observers[rows][:, None] == columns[None, :]
        yield k, estimate, true[np.ix_(rows, columns)], self_pair


def rank_loss_of_sample(
    estimate: Floats, actual: Floats, self_pair: Booleans, limit: tuple[int, int]
) -> float:
    """Return the rank loss over at most `limit` evenly spaced observers and subjects of a block."""
    rows = evenly_spaced(np.arange(estimate.shape[0], dtype=np.int64), limit[0])
    columns = evenly_spaced(np.arange(estimate.shape[1], dtype=np.int64), limit[1])
    block = np.ix_(rows, columns)
    return rank_loss(estimate[block], actual[block], self_pair[block])


@dataclass
class FinalErrors:
    """Errors of the last sample over all ordered pairs of live nodes."""

    relative: dict[str, float | None]
    absolute: dict[str, float | None]
    rank_loss: float | None
    nearest_accuracy: float | None
    within: dict[str, dict[str, float | None]]
    coverage: float | None


def final_errors(run: ScoredRun, k: int, chunk_pairs: int = 250_000) -> FinalErrors:
    """Score sample `k` by blocks of rows, so that memory stays small with thousands of nodes."""
    samples = run.recording.coordinates
    live = np.flatnonzero(samples.live[k]).astype(np.int64)
    errors, ranges = PairErrors(len(live) * len(live)), RangeHits()
    ranked_rows = set(evenly_spaced(live, FINAL_RANKED[0]).tolist())
    ranked_columns = np.isin(live, evenly_spaced(live, FINAL_RANKED[1]))
    hits = 0
    losses: list[float] = []
    step = max(1, chunk_pairs // max(1, len(live)))
    for low in range(0, len(live), step):
        observers = live[low : low + step]
        estimate = estimates(samples, k, observers, live)
        actual = true_rows(run, observers, float(samples.t[k]))[:, live]
        self_pair = observers[:, None] == live[None, :]
        errors.add(estimate, actual, self_pair)
        ranges.add(estimate, actual, self_pair)
        hits += int(nearest_hits(estimate, actual, self_pair).sum())
        for row in np.flatnonzero([int(observer) in ranked_rows for observer in observers]):
            block = np.ix_([row], np.flatnonzero(ranked_columns))
            losses.append(rank_loss(estimate[block], actual[block], self_pair[block]))
    names = dict.fromkeys(ERROR_FIGURES)
    if errors.count == 0:
        return FinalErrors({**names}, {**names}, None, None, ranges.figures(), ratio(0, errors.pairs))
    relative, absolute = errors.figures()
    known = [loss for loss in losses if np.isfinite(loss)]
    return FinalErrors(
        dict(zip(ERROR_FIGURES, relative.tolist(), strict=True)),
        dict(zip(ERROR_FIGURES, absolute.tolist(), strict=True)),
        float(np.mean(known)) if known else None,
        hits / len(live),
        ranges.figures(),
        ratio(errors.count, errors.pairs),
    )


def converged_s(series: ErrorSeries) -> float | None:
    """Return the time of the first scored sample from which p50 stays within SETTLED of its final value.

    None if only the last sample qualifies, since nothing then shows that it stays.
    """
    rows = (series.t >= 0.0) & np.isfinite(series.relative[:, ERROR_FIGURES.index("p50")])
    t, p50 = series.t[rows], series.relative[rows, ERROR_FIGURES.index("p50")]
    if len(t) < 2:
        return None
    outside = np.flatnonzero(np.abs(p50 - p50[-1]) > SETTLED * p50[-1])
    first = int(outside[-1]) + 1 if len(outside) else 0
    return float(t[first]) if first < len(t) - 1 else None


def _last_steps(run: ScoredRun) -> list[tuple[int, int]]:
    """Return (earlier, later) samples for the last MOVING_SHARE of the steps between scored samples."""
    t = run.recording.coordinates.t
    steps = list(pairwise(np.flatnonzero((t >= 0.0) & (t <= run.end)).tolist()))
    return steps[-max(1, int(len(steps) * MOVING_SHARE)) :]


def drift_ms_per_s(run: ScoredRun) -> float | None:
    """Return the mean speed of the positions in ms/s over the last samples; None where there are none.

    Covers nodes that were live at both ends of a step, in the last MOVING_SHARE of the steps
    between scored samples.
    """
    samples = run.recording.coordinates
    places = coordinate_system(samples.system).positions(samples.vec)
    if places.shape[2] == 0:
        return None
    moved, seconds = 0.0, 0.0
    for earlier, later in _last_steps(run):
        both = samples.live[earlier] & samples.live[later]
        step = places[later][both] - places[earlier][both]
        moved += float(np.sqrt((step * step).sum(axis=1)).sum())
        seconds += float(samples.t[later] - samples.t[earlier]) * int(both.sum())
    return 1000.0 * moved / seconds if seconds > 0 else None


def estimate_drift_ms_per_s(run: ScoredRun) -> float | None:
    """Return how fast the estimates of pairs still change, in ms/s, over the samples of `drift_ms_per_s`.

    Covers at most MOVING_NODES evenly spaced nodes, and the pairs with an estimate at both ends of a step.
    """
    samples = run.recording.coordinates
    chosen = evenly_spaced(np.arange(run.n, dtype=np.int64), MOVING_NODES)
    moved, seconds = 0.0, 0.0
    for earlier, later in _last_steps(run):
        both = chosen[samples.live[earlier][chosen] & samples.live[later][chosen]]
        with np.errstate(invalid="ignore"):  # an infinite coordinate, which a check reports
            step = estimates(samples, later, both, both) - estimates(samples, earlier, both, both)
        known = np.isfinite(step) & ~np.eye(len(both), dtype=np.bool_)
        moved += float(np.abs(step[known]).sum())
        seconds += float(samples.t[later] - samples.t[earlier]) * int(known.sum())
    return 1000.0 * moved / seconds if seconds > 0 else None


def believed_error(run: ScoredRun) -> dict[str, float | None]:
    """Return the live nodes' error estimates of their coordinates, in the last sample.

    Vivaldi weighs observations by this estimate (spec coordinate.md section 3); `relative_error` shows how
    far it is right. `drift_per_s`: the relative change of the estimate per second, over the same samples as
    `drift_ms_per_s`.
    """
    samples = run.recording.coordinates
    figures: dict[str, float | None] = dict.fromkeys(("p50", "p90", "drift_per_s"))
    scored = np.flatnonzero((samples.t >= 0.0) & (samples.t <= run.end))
    last = samples.error[scored[-1]][samples.live[scored[-1]]] if len(scored) else np.empty(0)
    if last.any():  # a system without such estimates has zeros
        p50, p90 = np.quantile(last, (0.5, 0.9))
        figures.update(p50=float(p50), p90=float(p90))
    changed, seconds = 0.0, 0.0
    for earlier, later in _last_steps(run):
        both = samples.live[earlier] & samples.live[later] & (samples.error[[earlier, later]] > 0).all(axis=0)
        changed += float(np.abs(np.log(samples.error[later][both] / samples.error[earlier][both])).sum())
        seconds += float(samples.t[later] - samples.t[earlier]) * int(both.sum())
    if seconds > 0:
        figures["drift_per_s"] = changed / seconds
    return figures


def coordinates(run: ScoredRun, series: ErrorSeries) -> dict[str, Any]:
    """Return all figures under `coordinates`."""
    samples = run.recording.coordinates
    scored = np.flatnonzero((samples.t >= 0.0) & (samples.t <= run.end))
    names = dict.fromkeys(ERROR_FIGURES)
    last = (
        final_errors(run, int(scored[-1]))
        if len(scored)
        else FinalErrors(names, names, None, None, RangeHits().figures(), None)
    )
    told = samples.told_bytes
    absolute_ms = {name: None if value is None else 1000.0 * value for name, value in last.absolute.items()}
    return {
        "relative_error": last.relative,
        "absolute_error_ms": absolute_ms,
        "believed_error": believed_error(run),
        "converged_s": converged_s(series),
        "rank_loss": last.rank_loss,
        "nearest_accuracy": last.nearest_accuracy,
        **last.within,
        "coverage": last.coverage,
        "drift_ms_per_s": drift_ms_per_s(run),
        "estimate_drift_ms_per_s": estimate_drift_ms_per_s(run),
        "bytes_per_node_s": None if told is None else ratio(told, run.node_seconds),
        "resets": len(run.of_kind(COORDINATE_RESET).t),
    }
