"""Members that leave as they should. One value a leave, in seconds since the command."""

from __future__ import annotations

import math

from serfsim.protocol import events
from serfsim.validation.figures.crash import firsts
from serfsim.validation.figures.measures import Figures, Measured, Window

TAKEN_WITHIN_S = 5.0


def figures(measured: Measured) -> Figures:
    leaves = measured.golden.when("leave")
    gone = sorted([*leaves, *measured.golden.when("kill")])
    found: Figures = {
        name: []
        for name in (
            "leave_first_s",
            "leave_median_s",
            "leave_last_s",
            "leave_done_s",
            "leave_observers_missing",
            "leave_seen_as_failed",
        )
    }
    for t, node in leaves:
        absent = {other for when, other in gone if when <= t}
        live = [other for other in range(measured.n) if other not in absent]
        left = firsts(measured, node, live, t, events.LEFT)
        if left:
            found["leave_first_s"].append(left[0])
            found["leave_median_s"].append(left[len(left) // 2])
            found["leave_last_s"].append(left[-1])
        found["leave_observers_missing"].append(float(len(live) - len(left)))
        done = measured.rows(events.LEAVE_DONE).by([node]).within(Window(t, math.inf))
        if len(done):
            found["leave_done_s"].append(float(done.t[0]) - t)
        wrong = measured.rows(events.FAILED).about([node]).within(Window(t, math.inf))
        found["leave_seen_as_failed"].append(float(len(wrong)))
    window = Window(min(t for t, _ in leaves) - 1.0, max(t for t, _ in leaves) + 5.0)
    intents, _ = measured.column(measured.recording.traffic_counts, "udp/leave_intent", window)
    takers = sum(passed_on(measured, t, node, gone) for t, node in leaves)
    found["leave_intent_copies"] = [intents / takers]
    return found


def passed_on(measured: Measured, t: float, node: int, gone: list[tuple[float, int]]) -> int:
    """How many running members took a leave intent and so passed it on, the leaver among them.

    Who had heard of the departure before the intent takes it too: what was failed becomes left.
    """
    absent = {other for when, other in gone if when < t}
    rows = measured.rows(events.LEAVING, events.LEFT_FORCED).about([node])
    takers = set(rows.within(Window(t, t + TAKEN_WITHIN_S)).observer.tolist())
    return len((takers | {node}) - absent)
