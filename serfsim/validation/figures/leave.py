"""Members that leave, or are removed after they failed. One value each, in seconds since the command."""

from __future__ import annotations

import math

from serfsim.protocol import events
from serfsim.validation.figures.crash import firsts, of_victim
from serfsim.validation.figures.measures import Figures, Measured, Window

TAKEN_WITHIN_S = 5.0
Departures = list[tuple[float, int]]


def figures(measured: Measured) -> Figures:
    leaves = measured.golden.actions_of("leave")
    gone = sorted([*leaves, *measured.golden.actions_of("kill")])
    found = report_times(measured, "leave", leaves, gone, events.LEFT)
    found.update(report_times(measured, "force_leave", measured.golden.removals, gone, events.LEFT_FORCED))
    found["leave_done_s"] = []
    found["leave_seen_as_failed"] = []
    found["leave_gap_s"] = []
    for t, node in leaves:
        after = Window(t, math.inf)
        done = measured.rows(events.LEAVE_DONE).by([node]).within(after)
        found["leave_done_s"].extend((done.t[:1] - t).tolist())
        found["leave_gap_s"].extend(gap(measured, t, node))
        wrong = measured.rows(events.FAILED).about([node]).within(after)
        found["leave_seen_as_failed"].append(float(len(wrong)))
    window = Window(min(t for t, _ in leaves) - 1.0, max(t for t, _ in leaves) + TAKEN_WITHIN_S)
    intents, _ = measured.column(measured.recording.traffic_counts, "udp/leave_intent", window)
    takers = sum(count_passed_on(measured, t, node, gone) for t, node in leaves)
    found["leave_intent_copies"] = [intents / takers]
    found["suspect_to_failed_s"] = []
    kills = measured.golden.actions_of("kill")
    for t, node in kills:
        seen = of_victim(measured, t, node, {other for _, other in gone})
        if "suspect_to_failed_s" in seen:
            found["suspect_to_failed_s"].append(seen["suspect_to_failed_s"])
    return found


def gap(measured: Measured, t: float, node: int) -> list[float]:
    """Return the time between the first receipts of the leave intent and of the leaver's `dead`."""
    others = [other for other in range(measured.n) if other != node]
    intents = firsts(measured, node, others, t, events.LEAVING)
    deaths = firsts(measured, node, others, t, events.LEFT)
    return [deaths[0] - intents[0]] if intents and deaths else []


def report_times(measured: Measured, name: str, about: Departures, gone: Departures, kind: int) -> Figures:
    """Return the first, median and last time of a running member's report, and the count missing."""
    found: Figures = {f"{name}_{what}": [] for what in ("first_s", "median_s", "last_s", "observers_missing")}
    for t, node in about:
        absent = {other for when, other in gone if when <= t}
        live = [other for other in range(measured.n) if other not in absent]
        times = firsts(measured, node, live, t, kind)
        found[f"{name}_observers_missing"].append(float(len(live) - len(times)))
        if times:
            found[f"{name}_first_s"].append(times[0])
            found[f"{name}_median_s"].append(times[len(times) // 2])
            found[f"{name}_last_s"].append(times[-1])
    return found


def count_passed_on(measured: Measured, t: float, node: int, gone: Departures) -> int:
    """Count the running members that accepted and so passed on a leave intent, including the leaver.

    A member that knew of the departure before accepts the intent too: failed becomes left.
    """
    absent = {other for when, other in gone if when < t}
    rows = measured.rows(events.LEAVING, events.LEFT_FORCED).about([node])
    takers = set(rows.within(Window(t, t + TAKEN_WITHIN_S)).observer.tolist())
    return len((takers | {node}) - absent)
