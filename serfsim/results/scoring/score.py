"""From a recording to the figures of a result's summary.

Only t >= 0 is scored: what happened during start and join counts only as the state it left
behind. A figure that does not exist, such as a detection time without a crash, is None.
"""

from __future__ import annotations

from typing import Any

from serfsim.results.scoring.convergence import convergence
from serfsim.results.scoring.coordinates import ErrorSeries, coordinates, error_series
from serfsim.results.scoring.detection import detection
from serfsim.results.scoring.dissemination import dissemination
from serfsim.results.scoring.health import health
from serfsim.results.scoring.membership import changes, membership
from serfsim.results.scoring.queues import queues
from serfsim.results.scoring.recording import Recording
from serfsim.results.scoring.scope import Scope
from serfsim.results.scoring.traffic import traffic
from serfsim.results.scoring.views import ViewHistory, view_history


def scope_views(scope: Scope) -> ViewHistory:
    """The views of a recording during the scored time."""
    recording = scope.recording
    return view_history(recording.events, scope.down, scope.end, recording.converged_start)


def score(
    recording: Recording, series: ErrorSeries | None = None, views: ViewHistory | None = None
) -> dict[str, Any]:
    """The figures, nested: `detection`, `coordinates`, `dissemination`, and so on.

    `series` is what `coordinates.error_series` gave, and `views` what `scope_views` did, where the caller
    has them already.
    """
    scope = Scope(recording)
    history = scope_views(scope) if views is None else views
    truth = recording.truth
    found = changes(history, scope.down, truth.crashes, truth.leaves, scope.end)
    return {
        "detection": detection(scope, history, found),
        "coordinates": coordinates(scope, error_series(scope) if series is None else series),
        "dissemination": {**dissemination(scope), "membership": membership(found)},
        "convergence": convergence(scope, history),
        "traffic": traffic(scope),
        "health": health(scope),
        "queues": queues(scope),
    }
