"""Errors of Serf's round-trip estimates, at fixed times after the join."""

from __future__ import annotations

from serfsim.validation.figures.measures import Figures, Measured

TIMES_S = (10, 20, 30, 45, 60, 90, 120, 150, 178, 240, 295)
NEAR_S = 10.0  # seconds; a more distant sample does not represent the time


def figures(measured: Measured) -> Figures:
    """Return median and p90 relative error and median error in ms, at the sample nearest to each time."""
    found: Figures = {}
    for at in TIMES_S:
        sample = measured.sample_at(at)
        if sample is None or abs(measured.sample_time(sample) - at) > NEAR_S:
            continue
        median, p90, absolute = measured.coordinate_errors(sample)
        found[f"coordinate_error_p50_at_{at}s"] = [median]
        found[f"coordinate_error_p90_at_{at}s"] = [p90]
        found[f"coordinate_error_ms_at_{at}s"] = [absolute]
        found[f"vivaldi_error_at_{at}s"] = [measured.vivaldi_error(sample)]
    return found
