"""Figures measured on a run, real or simulated alike.

`figures(golden, recording)` returns every figure by name as a list of values: one for the run, one per victim
or leave, or none where there was nothing to measure. `golden` describes the faults and their times; only
`recording` is measured.
"""

from __future__ import annotations

from collections.abc import Callable

from serfsim.results.scoring.recording import Recording
from serfsim.validation.figures import (
    baseline,
    blocked,
    coordinates,
    crash,
    dissemination,
    general,
    leave,
    loss,
    partition,
    pause,
)
from serfsim.validation.figures.measures import Figures, Measured
from serfsim.validation.golden import Golden

__all__ = ["figures"]

OF_KIND: dict[str, Callable[[Measured], Figures]] = {
    "baseline": baseline.figures,
    "crash": crash.figures,
    "udp_blocked": blocked.figures,
    "isolated": blocked.figures,
    "loss": loss.figures,
    "pause": pause.figures,
    "partition": partition.figures,
    "dissemination": dissemination.figures,
    "leave": leave.figures,
    "no_route": blocked.figures,
}


def figures(golden: Golden, recording: Recording) -> Figures:
    """Return all figures for a recording's kind; for an unknown kind the general ones."""
    measured = Measured(golden, recording)
    found = OF_KIND.get(golden.kind, general.figures)(measured)
    return {**found, **measured.message_sizes(), **coordinates.figures(measured)}
