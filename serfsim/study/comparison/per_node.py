"""Each node's contribution to a figure of one run, for resampling nodes.

Contributions are scaled so that their mean over the n nodes is the figure. For a count, a node contributes n
times its own count. For a ratio R of two sums, node i contributes R + (a_i - R b_i) / mean(b): the mean is R,
and the spread is that of the ratio to first order (the infinitesimal jackknife).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.protocol.events import (
    FAILED,
    REFUTE_ALIVE,
    REFUTE_DEAD,
    REFUTE_SUSPECT,
    SUSPECT,
    TCP_FALLBACK_OK,
)
from serfsim.results.scoring.detection import about_up, flaps, node_health_seconds
from serfsim.results.scoring.recording import Integers
from serfsim.results.scoring.scored_run import ScoredRun, select
from serfsim.study.statistics.intervals import Floats

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult


def scored_run_of(result: RunResult) -> ScoredRun:
    """Return the scored parts of a result, including one read from a folder."""
    if result.recording is not None:
        return ScoredRun(result.recording)
    truth = result.truth
    # The parts of a recording that scoring reads; the folder keeps no others.
    kept: Any = SimpleNamespace(
        names=truth.names,
        duration=truth.end_s,
        interrupted_at=None,
        truth=SimpleNamespace(down=truth.down, faulted=truth.faulted),
        events=result.events,
        flap_timeout=np.array(truth.flap_timeout),
    )
    return ScoredRun(kept)


def parts(result: RunResult) -> dict[str, Floats]:
    """Return {figure: contribution of every node}, each of shape (n,)."""
    run = scored_run_of(result)
    failed, suspect = run.of_kind(FAILED), run.of_kind(SUSPECT)
    wrong = select(failed, about_up(run, failed))
    healthy = select(wrong, ~run.faulted.covers(wrong.observer.astype(np.int64), wrong.t))
    counts = {
        "detection.false_positives": wrong.observer,
        "detection.false_positives_at_healthy": healthy.observer,
        "detection.suspicions": suspect.observer,
        "detection.unjust_suspicions": select(suspect, about_up(run, suspect)).observer,
        "detection.refutations": run.of_kind(REFUTE_SUSPECT, REFUTE_DEAD, REFUTE_ALIVE).observer,
        "detection.tcp_fallbacks": run.of_kind(TCP_FALLBACK_OK).observer,
        "detection.flaps": flaps(run),
    }
    each = {name: of_observers(observers, run.n) for name, observers in counts.items()}
    found = {name: run.n * count for name, count in each.items()}
    hours = run.up_seconds / 3600.0
    for name in ("detection.false_positives", "detection.flaps"):
        found[f"{name}_per_node_hour"] = of_ratio(each[name], hours)
    found["health.score.mean"] = of_ratio(node_health_seconds(run), run.up_seconds)
    return found


def of_observers(observers: Integers, n: int) -> Floats:
    """Count how often each of the n nodes occurs in `observers`, scaled by n."""
    return np.bincount(observers.astype(np.int64), minlength=n).astype(np.float64)


def of_ratio(above: Floats, below: Floats) -> Floats:
    """Return the contributions to sum(above) / sum(below); empty where sum(below) is 0."""
    if below.sum() <= 0:
        return np.empty(0)
    ratio = above.sum() / below.sum()
    shares: Floats = ratio + (above - ratio * below) / below.mean()
    return shares
