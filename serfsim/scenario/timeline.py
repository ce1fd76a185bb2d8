"""When an entry of the scenario happens in a run: its occurrences."""

from __future__ import annotations

from serfsim.scenario.timed import Timed

Occurrence = tuple[float, float | None]
"""(start, end) in seconds from the end of the warm-up; end None: no end of its own."""


def occurrences(entry: Timed, duration: float) -> list[Occurrence]:
    """All of them that begin before the run ends, in order.

    Without `every` there is one. With it the k-th begins at `at + k * every`, for `times` of them, or
    while before `until`, or to the end of the run. An end may lie after the end of the run.
    """
    limit = duration
    if entry.every is not None and entry.until is not None:
        limit = min(duration, entry.until)
    found: list[Occurrence] = []
    start = entry.at
    while start < limit and (entry.times is None or len(found) < entry.times):
        found.append((start, entry.end_of(start)))
        if entry.every is None:
            break
        start = entry.at + len(found) * entry.every
    return found
