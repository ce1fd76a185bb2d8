"""What is measured of a run, real or simulated alike.

`figures(golden, recording)` gives every figure by its name as a list of values: one of the run, or
one of each victim or leave, or none where the run had nothing to measure. `golden` says what was done
to the cluster and when; only `recording` is measured.
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
    """All figures of a recording's kind; of a kind not known here, what can be measured of any."""
    measured = Measured(golden, recording)
    found = OF_KIND.get(golden.kind, general.figures)(measured)
    return {**found, **measured.message_sizes(), **coordinates.figures(measured)}
