"""Killed agents: detection times. One value per victim, in seconds since its death."""

from __future__ import annotations

import math

import numpy as np

from serfsim.protocol import events
from serfsim.protocol.memberlist.suspicion import suspicion_timeout
from serfsim.scenario.settings import Settings, complete
from serfsim.validation.figures.measures import Figures, Measured, Window

AT_ONCE_S = 1e-6  # seconds; scenario times are rounded, so events at the instant itself count as after it
LATE_S = 0.020  # seconds beyond the minimum; a later timer had waited for a confirmation
WATCHED = (
    "first_failed_ping_s",
    "first_suspect_s",
    "suspecters",
    "seen_50_s",
    "seen_all_s",
    "first_failed_s",
    "median_failed_s",
    "last_failed_s",
    "failed_spread_s",
    "suspect_to_failed_s",
    "late_share",
    "observers_missing",
)


def minimum_timeout(n: int, profile: str) -> float:
    """Return the minimum suspicion timeout in seconds, in a cluster of n with a profile's settings."""
    settings = complete(profile, Settings())
    return suspicion_timeout(settings.suspicion_mult, n, settings.probe_interval)


def figures(measured: Measured) -> Figures:
    kills = measured.golden.actions_of("kill")
    victims = {node for _, node in kills}
    found: Figures = {name: [] for name in WATCHED}
    for t, victim in kills:
        for name, value in of_victim(measured, t, victim, victims).items():
            found[name].append(value)
    failed = measured.rows(events.FAILED)
    found["false_positives"] = [float(len(failed.not_about(victims)))]
    timeouts = measured.rows(events.SUSPICION_TIMEOUT).about(victims)
    found["confirmations_at_timeout"] = [float(value) for value in timeouts.detail]
    return found


def of_victim(measured: Measured, t: float, victim: int, victims: set[int]) -> dict[str, float]:
    """Measure one death; missing events are left out."""
    live = [node for node in range(measured.n) if node not in victims]
    after = Window(t, math.inf)
    pings = measured.rows(events.FAILED_PING).about([victim]).within(after)
    suspects = measured.rows(events.SUSPECT).about([victim]).within(after)
    found: dict[str, float] = {}
    if len(pings):
        found["first_failed_ping_s"] = float(pings.t[0]) - t
    if len(suspects):
        found["first_suspect_s"] = float(suspects.t[0]) - t
        found["suspecters"] = float(len(np.unique(suspects.observer)))
    known = firsts(measured, victim, live, t, events.SUSPECT, events.SUSPECT_HEARD)
    if len(known) > len(live) // 2:
        found["seen_50_s"] = known[len(live) // 2]
    if len(known) == len(live):
        found["seen_all_s"] = known[-1]
    failed = firsts(measured, victim, live, t, events.FAILED)
    if failed:
        found["first_failed_s"] = failed[0]
        found["median_failed_s"] = failed[len(failed) // 2]
        found["last_failed_s"] = failed[-1]
        found["failed_spread_s"] = failed[-1] - failed[0]
    if failed and len(suspects):
        waited = failed[0] - found["first_suspect_s"]
        found["suspect_to_failed_s"] = waited
        late = waited > minimum_timeout(measured.n, measured.golden.profile) + LATE_S
        found["late_share"] = float(late)
    found["observers_missing"] = float(len(live) - len(failed))
    return found


def firsts(measured: Measured, subject: int, observers: list[int], since: float, *kinds: int) -> list[float]:
    """Return the time at which each observer first reported the subject, from `since`, in order."""
    rows = measured.rows(*kinds).about([subject]).by(observers)
    rows = rows.within(Window(since - AT_ONCE_S, math.inf))
    first: dict[int, float] = {}
    for t, observer in zip(rows.t, rows.observer, strict=True):
        first.setdefault(int(observer), max(0.0, float(t) - since))
    return sorted(first.values())
