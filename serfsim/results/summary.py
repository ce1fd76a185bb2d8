"""The summary of a run, `summary.json`: heading and figures.

Only t >= 0 is scored: start and join count only through the state they left behind. A figure that
does not exist, such as a detection time without a crash, is None.
"""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy

from serfsim._version import __version__
from serfsim.protocol import runtime
from serfsim.protocol.versions import layers_of
from serfsim.results.scoring.convergence import convergence
from serfsim.results.scoring.coordinates import ErrorSeries, coordinates, error_series
from serfsim.results.scoring.detection import detection, health
from serfsim.results.scoring.digest import digest
from serfsim.results.scoring.dissemination import (
    MembershipChanges,
    changes,
    dissemination,
    membership,
)
from serfsim.results.scoring.recording import Recording
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.security import security
from serfsim.results.scoring.traffic import is_settled, queues, traffic
from serfsim.results.scoring.views import ViewHistory, view_history
from serfsim.scenario.sections import SETTLE_LIMIT_S


def scored_views(run: ScoredRun) -> ViewHistory:
    """Return the views of a recording during the scored time."""
    return view_history(run.recording.events, run.down, run.end, run.recording.converged_start)


def scored_changes(run: ScoredRun, history: ViewHistory) -> MembershipChanges:
    """Return the changes of the membership during the scored time, and how the views followed."""
    truth = run.recording.truth
    return changes(history, run.down, truth.crashes, truth.leaves, run.end)


def score(
    recording: Recording,
    series: ErrorSeries | None = None,
    views: ViewHistory | None = None,
    followed: MembershipChanges | None = None,
) -> dict[str, Any]:
    """Compute the figures, nested: `detection`, `coordinates`, `dissemination`, and so on.

    `series`, `views` and `followed`: results of `coordinates.error_series`, `scored_views` and
    `scored_changes`, if the caller has them already.
    """
    run = ScoredRun(recording)
    history = scored_views(run) if views is None else views
    found = (scored_changes(run, history) if followed is None else followed).order
    return {
        "detection": detection(run, history, found),
        "coordinates": coordinates(run, error_series(run) if series is None else series),
        "dissemination": {**dissemination(run), "membership": membership(found)},
        "convergence": convergence(run, history),
        "traffic": traffic(run),
        "health": health(run),
        "security": security(run),
        "queues": queues(run),
    }


SCHEMA_VERSION = 1
SECTIONS: Final = (
    *("detection", "coordinates", "dissemination", "convergence", "traffic", "health", "queues"),
)
"""The keys of `score`."""


def heading(
    scenario: Any, recording: Recording, seed: int, claims: list[dict[str, Any]], pool: str = ""
) -> dict[str, Any]:
    """Return all of summary.json but the figures. `pool`: the pool it is of, "" for the cluster's own."""
    speed = recording.events_processed / recording.wall_s if recording.wall_s > 0 else None
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "question": getattr(scenario, "question", None) or "",
        "seed": seed,
        "digest": digest(recording),
        "versions": versions(),
        "serf_releases": releases_run(recording),
        "layers": layers_run(recording),
        "nodes": len(recording.names),
        "duration_s": recording.duration,
        "warm_up_s": recording.warm_up,
        "warm_up_settled": warm_up_settled(scenario, recording),
        "wall_s": recording.wall_s,
        "cpu_s": recording.cpu_s,
        "events_processed": recording.events_processed,
        "events_per_s": speed,
        "complete": recording.interrupted_at is None,
        "interrupted_at_s": recording.interrupted_at,
        "claims": claims,
        **({"pool": pool} if pool else {}),
    }


def figures_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the summary of a cluster says of a pool: its size, its digest and its figures."""
    return {name: summary[name] for name in ("nodes", "digest", *SECTIONS)}


def warm_up_settled(scenario: Any, recording: Recording) -> bool | None:
    """Return whether the join had been gossiped completely when scoring began; None if unknown."""
    if getattr(scenario, "warm_up", None) == "settled" and recording.warm_up >= SETTLE_LIMIT_S:
        return False
    return is_settled(recording.queues, 0.0) if recording.warm_up > 0.0 else None


def releases_run(recording: Recording) -> dict[str, dict[str, int]]:
    """Count the nodes by Serf release at the start and at the end."""
    start = {node: release for t, node, release in recording.releases if t == -math.inf}
    end = {node: release for _, node, release in recording.releases}
    return {
        when: dict(sorted(Counter(those.values()).items()))
        for when, those in (("start", start), ("end", end))
    }


def layers_run(recording: Recording) -> dict[str, dict[str, str]]:
    """Return the releases of both layers that the name of each release stands for."""
    names = sorted({release for _, _, release in recording.releases})
    return {name: dict(zip(("serf", "memberlist"), layers_of(name), strict=True)) for name in names}


def versions() -> dict[str, Any]:
    return {
        "serfsim": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "compiled": not str(runtime.__file__).endswith(".py"),
    }


def finite(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by None, and numpy's numbers by Python's, recursively."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def serf_version(scenario: Any) -> str:
    """Return the Serf release whose words the log uses: the scenario's, else 0.9."""
    return str(getattr(getattr(scenario, "cluster", None), "version", None) or "0.9")
