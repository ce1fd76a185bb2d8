"""A cluster that nothing happens to: exact rates and sizes, and no suspicion."""

from __future__ import annotations

import math

import numpy as np

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Window

STEADY_S = 60.0
LATEST_S = 295.0
# Sequence numbers below 128 take one byte; after a minute and a half of probes they take more.
SMALL_NUMBERS = Window(10.0, 60.0)


def steady(measured: Measured) -> Window:
    """From 60 s after the join to a second before the end, and not beyond 295 s."""
    return Window(STEADY_S, min(math.floor(measured.end) - 1.0, LATEST_S))


def figures(measured: Measured) -> Figures:
    window = steady(measured)
    whole = Window(-math.inf, math.inf)
    found = measured.rates(window)
    for kind in ("ping", "ack"):
        found[f"{kind}_bytes"] = [usual_size(measured, f"udp/{kind}")]
    found["push_pulls_per_node_min"] = [push_pulls(measured)]
    for name, event in (("suspects", events.SUSPECT), ("failed_pings", events.FAILED_PING)):
        found[name] = [float(len(measured.rows(event).within(whole)))]
    found["failed_events"] = [float(len(measured.rows(events.FAILED)))]
    found["one_view_s"] = [one_view(measured)]
    return found


def usual_size(measured: Measured, column: str) -> float:
    """IP bytes of a packet of this kind in the median second: hardly any carries gossip."""
    sizes = []
    for second in range(int(SMALL_NUMBERS.start), int(SMALL_NUMBERS.end)):
        # Every window of just under two seconds holds exactly one whole second of the tables.
        window = Window(second, second + 2.0 - 1e-6)
        sent, _ = measured.column(measured.recording.traffic_counts, column, window)
        size, _ = measured.column(measured.recording.traffic_bytes, column, window)
        if sent:
            sizes.append(size / sent)
    return float(np.median(sizes)) if sizes else math.nan


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
