"""When an entry of the scenario happens in a run: its occurrences."""

from __future__ import annotations

from serfsim.scenario.timed import Timed
from serfsim.scenario.units import LARGEST_COUNT

MOST_OCCURRENCES = 1_000_000  # of all entries of a scenario together

Occurrence = tuple[float, float | None]
"""(start, end) in seconds from the end of the warm-up; end None: no end of its own."""


def count_occurrences(entry: Timed, duration: float) -> int:
    """How many `occurrences` has, LARGEST_COUNT at most, without making them."""
    limit = _limit(entry, duration)
    if entry.at >= limit:
        return 0
    if entry.every is None:
        return 1
    count = int(min((limit - entry.at) / entry.every, LARGEST_COUNT))
    if count < LARGEST_COUNT and entry.at + count * entry.every < limit:
        count += 1
    return count if entry.times is None else min(count, entry.times)


def _limit(entry: Timed, duration: float) -> float:
    """Before when an occurrence begins."""
    return min(duration, entry.until) if entry.every is not None and entry.until is not None else duration


def occurrences(entry: Timed, duration: float) -> list[Occurrence]:
    """All of them that begin before the run ends, in order.

    Without `every` there is one. With it the k-th begins at `at + k * every`, for `times` of them, or
    while before `until`, or to the end of the run. An end may lie after the end of the run.
    """
    limit = _limit(entry, duration)
    found: list[Occurrence] = []
    start = entry.at
    while start < limit and (entry.times is None or len(found) < entry.times):
        found.append((start, entry.end_of(start)))
        if entry.every is None:
            break
        start = entry.at + len(found) * entry.every
    return found
