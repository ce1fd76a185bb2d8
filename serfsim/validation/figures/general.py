"""Figures of any recording, whatever its faults."""

from __future__ import annotations

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Window


def figures(measured: Measured) -> Figures:
    """Return counts and rates from the first fault, or the end of the join, to the end of the recording."""
    golden = measured.golden
    window = Window(min([golden.scenario_start, *(t for t, _, _ in golden.actions)]), measured.end)
    flaps, quick = measured.flaps()
    failed = measured.rows(events.FAILED)
    return {
        **measured.per_minute(window),
        **measured.rates(window),
        "failed_events": [float(len(failed))],
        "failed_subjects": [float(len(set(failed.subject.tolist())))],
        "flaps": [float(flaps)],
        "quick_flaps": [float(quick)],
        "mean_health": [measured.health(window, range(measured.n))],
    }
