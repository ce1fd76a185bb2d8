"""A cluster without faults: exact rates and sizes, no suspicion."""

from __future__ import annotations

import math

import numpy as np

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Window

STEADY_S = 60.0
LATEST_S = 295.0
# Sequence numbers below 128 take one byte; after 90 s of probes they take more.
SMALL_NUMBERS = Window(10.0, 60.0)


def steady(measured: Measured) -> Window:
    """Return the window from 60 s after the join to a second before the end, at most to 295 s."""
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
    """Return the median IP bytes of a packet of this kind, by second: few packets carry gossip."""
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
    """Return the push/pulls initiated per node and minute, as the initiators report them."""
    window = steady(measured)
    return len(measured.rows(events.PUSH_PULL).within(window)) / (measured.n * window.minutes)


def one_view(measured: Measured) -> float:
    """Return the time of the last (observer, subject) join, in seconds since the join command."""
    joins = measured.rows(events.JOIN)
    first: dict[tuple[int, int], float] = {}
    for t, observer, subject in zip(joins.t, joins.observer, joins.subject, strict=True):
        first.setdefault((int(observer), int(subject)), float(t))
    return max(first.values()) if len(first) == measured.n**2 else math.nan
