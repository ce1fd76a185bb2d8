"""A cluster that nothing happens to: exact rates, no suspicion, and coordinates that converge."""

from __future__ import annotations

import math

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Window

STEADY_S = 60.0
LATEST_S = 295.0
COORDINATE_TIMES_S = (10, 20, 30, 45, 60, 90, 120, 150, 178, 240, 295)


def steady(measured: Measured) -> Window:
    """From 60 s after the join to a second before the end, and not beyond 295 s."""
    return Window(STEADY_S, min(math.floor(measured.end) - 1.0, LATEST_S))


def figures(measured: Measured) -> Figures:
    window = steady(measured)
    whole = Window(-math.inf, math.inf)
    found = measured.rates(window)
    for kind in ("ping", "ack"):
        sent, _ = measured.column(measured.recording.traffic_counts, f"udp/{kind}", window)
        size, _ = measured.column(measured.recording.traffic_bytes, f"udp/{kind}", window)
        found[f"{kind}_bytes"] = [size / sent] if sent else []
    found["push_pulls_per_node_min"] = [push_pulls(measured)]
    for name, kind in (("suspects", events.SUSPECT), ("failed_pings", events.FAILED_PING)):
        found[name] = [float(len(measured.rows(kind).within(whole)))]
    found["failed_events"] = [float(len(measured.rows(events.FAILED)))]
    for at in COORDINATE_TIMES_S:
        if at <= measured.end:
            median, p90, absolute = measured.coordinate_errors(at)
            found[f"coordinate_error_p50_at_{at}s"] = [median]
            found[f"coordinate_error_p90_at_{at}s"] = [p90]
            found[f"coordinate_error_ms_at_{at}s"] = [absolute]
            found[f"vivaldi_error_at_{at}s"] = [measured.vivaldi_error(at)]
    found["one_view_s"] = [one_view(measured)]
    return found


def push_pulls(measured: Measured) -> float:
    """Initiated per node and minute, by the initiators' own report."""
    window = steady(measured)
    return len(measured.rows(events.PUSH_PULL).within(window)) / (measured.n * window.minutes)


def one_view(measured: Measured) -> float:
    """When the last of all (observer, subject) joins had come, seconds since the join."""
    joins = measured.rows(events.JOIN)
    first: dict[tuple[int, int], float] = {}
    for t, observer, subject in zip(joins.t, joins.observer, joins.subject, strict=True):
        first.setdefault((int(observer), int(subject)), float(t))
    return max(first.values()) if len(first) == measured.n**2 else math.nan
