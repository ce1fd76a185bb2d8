"""Blocked UDP with working TCP, and all traffic blocked, for one node or between all."""

from __future__ import annotations

import math

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Window, spread


def figures(measured: Measured) -> Figures:
    golden = measured.golden
    window = Window(golden.fault_start, golden.fault_end)
    flaps, quick = measured.flaps()
    found = {
        **measured.per_minute(window),
        **measured.rates(window),
        "flaps": [float(flaps)],
        "quick_flaps": [float(quick)],
        "mean_health": [measured.health(window, range(measured.n))],
    }
    node = golden.params.get("node")
    if node is not None:
        found.update(of_node(measured, window, int(node)))
    else:
        found.update(of_all(measured, window))
    if golden.healed:
        found["pairs_not_alive_at_end"] = [float(measured.pairs_not_alive(math.inf, range(measured.n)))]
    return found


def of_node(measured: Measured, window: Window, node: int) -> Figures:
    """Measure the blocked node X against the others."""
    others = [other for other in range(measured.n) if other != node]
    found: Figures = {}
    for name, kind in (
        ("failed_ping", events.FAILED_PING),
        ("tcp_saved", events.TCP_FALLBACK_OK),
        ("suspect", events.SUSPECT),
    ):
        rows = measured.rows(kind).within(window)
        found[f"{name}_by_x_per_min"] = [len(rows.by([node])) / window.minutes]
        found[f"{name}_about_x_per_min"] = [len(rows.about([node])) / window.minutes]
    found["health_of_x"] = [measured.health(window, [node])]
    found["health_of_others"] = [measured.health(window, others)]
    failed = measured.rows(events.FAILED)
    during = failed.within(window)
    found.update(spread("x_failed", during.about([node]).t - window.start))
    found.update(spread("others_failed_at_x", during.by([node]).t - window.start))
    found["others_failed_at_x"] = [float(len(during.by([node])))]
    found["failed_not_involving_x"] = [float(len(failed.not_about([node]).not_by([node])))]
    if measured.golden.healed:
        joins = measured.rows(events.JOIN).within(Window(window.end, math.inf))
        found.update(spread("x_rejoins", joins.about([node]).not_by([node]).t - window.end))
        found.update(spread("others_rejoin_at_x", joins.by([node]).not_about([node]).t - window.end))
    return found


def of_all(measured: Measured, window: Window) -> Figures:
    """Measure a cluster in which every node is isolated."""
    failed = measured.rows(events.FAILED).within(window)
    found: Figures = {"pairs_failed": [float(len(failed))]}
    found.update(spread("pair_failed", failed.t - window.start))
    if measured.golden.healed:
        joins = measured.rows(events.JOIN).within(Window(window.end, math.inf))
        found.update(spread("rejoin", joins.t - window.end))
    return found
