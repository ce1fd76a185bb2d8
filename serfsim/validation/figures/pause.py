"""Members stopped and continued repeatedly (SIGSTOP, SIGCONT)."""

from __future__ import annotations

from serfsim.protocol import events
from serfsim.validation.figures.loss import episodes
from serfsim.validation.figures.measures import Figures, Measured, Window

SETTLED_S = 50.0


def pauses(measured: Measured) -> list[tuple[float, float, int]]:
    """Return (stopped, continued, node) in order."""
    found = []
    resumed = measured.golden.actions_of("cont")
    for t, node in measured.golden.actions_of("stop"):
        until = min((back for back, other in resumed if other == node and back > t), default=measured.end)
        found.append((t, until, node))
    return found


def figures(measured: Measured) -> Figures:
    stops = pauses(measured)
    paused = {node for _, _, node in stops}
    healthy = [node for node in range(measured.n) if node not in paused]
    begin = measured.golden.scenario_start
    last = max(until for _, until, _ in stops)
    window = Window(begin, begin + float(measured.golden.params.get("until", last - begin)))
    failed = measured.rows(events.FAILED)
    suspects = measured.rows(events.SUSPECT).within(window)
    refutes = measured.rows(events.REFUTE_SUSPECT).within(window)
    about_healthy, about_paused = failed.not_about(paused), failed.about(paused)
    flaps, quick = measured.flaps()
    found = {**measured.per_minute(window), **measured.rates(window)}
    for name, count in (
        ("failed_about_healthy_at_healthy", len(about_healthy.by(healthy))),
        ("failed_about_healthy_at_paused", len(about_healthy.by(paused))),
        ("healthy_episodes", episodes(about_healthy)),
        ("failed_about_paused_at_healthy", len(about_paused.by(healthy))),
        ("failed_about_paused_at_paused", len(about_paused.by(paused))),
        ("paused_episodes", episodes(about_paused.by(healthy))),
        ("suspects_about_healthy_by_healthy", len(suspects.not_about(paused).by(healthy))),
        ("suspects_about_healthy_by_paused", len(suspects.not_about(paused).by(paused))),
        ("suspects_about_paused", len(suspects.about(paused))),
        ("refutes_by_healthy", len(refutes.by(healthy))),
        ("refutes_by_paused", len(refutes.by(paused))),
        ("flaps", flaps),
        ("quick_flaps", quick),
    ):
        found[name] = [float(count)]
    found["health_of_healthy"] = [measured.health(window, healthy)]
    found["pairs_not_alive_after"] = [float(measured.pairs_not_alive(last + SETTLED_S, range(measured.n)))]
    found["pause_to_first_failed_s"] = first_failed(measured, stops, healthy)
    return found


def first_failed(
    measured: Measured, stops: list[tuple[float, float, int]], healthy: list[int]
) -> list[float]:
    """Return the time from each pause to the first healthy member's failed, for pauses with one."""
    failed = measured.rows(events.FAILED).by(healthy)
    found = []
    for t, until, node in stops:
        rows = failed.about([node]).within(Window(t, until))
        if len(rows):
            found.append(float(rows.t[0]) - t)
    return found
