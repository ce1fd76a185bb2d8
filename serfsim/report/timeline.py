"""The course of a run for the page: timeline in words, crashes, and views wrong at the end.

The timeline comes from the scenario. If the scenario can no longer be read, it comes from the stored
truth: crashes, leaves, and the times of faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from serfsim.base.english import format_count
from serfsim.protocol.events import FAILED, SUSPECT
from serfsim.report.tables import NONE, format_number
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import EventTable, Floats
from serfsim.results.scoring.scored_run import rows_of_kind, select
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import Fault
from serfsim.scenario.model import Scenario
from serfsim.scenario.phrases import MOST_NAMED, format_duration, format_names
from serfsim.scenario.selection import Selector

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult
    from serfsim.results.stored_truth import StoredTruth

MOST_ROWS = 24  # per table; the rest is omitted
SAME_TIME_S = 1e-6


class TimelineEntry(NamedTuple):
    """One line of the timeline."""

    when: str
    what: str


@dataclass(frozen=True)
class CrashRow:
    """The detection of one crash: seconds from the crash, NONE if it never came.

    `known_to`: number of observers that declared it failed.
    """

    node: str
    at_s: str
    suspected: str
    first: str
    last: str
    known_to: str


@dataclass(frozen=True)
class ViewRow:
    """Live nodes with the same wrong view at the end: the live members they miss, the dead ones they keep."""

    nodes: list[str]
    misses: str
    keeps: str


def timeline(result: RunResult, scenario: Scenario | None) -> list[TimelineEntry]:
    """Return the steps in order of time, faults before the workload; empty if nothing was scheduled."""
    truth = result.truth
    if scenario is None:
        return timeline_from_truth(truth)
    entries: list[Entry] = sorted([*scenario.faults, *scenario.workload], key=lambda entry: entry.at)
    return [
        TimelineEntry(entry.describe_times(), entry.describe_with_pool() + outcome(entry, scenario, truth))
        for entry in entries
    ]


def outcome(entry: Entry, scenario: Scenario, truth: StoredTruth) -> str:
    """Return what the run adds to the words of an entry: that it ended before, or the nodes picked."""
    if entry.at > truth.end_s or entry.at >= scenario.duration:
        return " (the run ended first)"
    return describe_picked(entry, scenario, truth)


def describe_picked(entry: Entry, scenario: Scenario, truth: StoredTruth) -> str:
    """Return the nodes picked at random, if the truth shows them: those whose fault began at that time."""
    if not isinstance(entry, Fault) or not entry.strikes_at_once or not is_random(entry.selector):
        return ""
    if others_begin_with(entry, scenario):
        return ""
    nodes: set[int] = set()
    for start, _ in entry.occurrences(scenario.duration)[:1]:
        for spans in (truth.faulted_spans, truth.down_spans):
            nodes.update(spans.node[abs(spans.start - start) < SAME_TIME_S].tolist())
    return f" ({format_names([truth.names[node] for node in sorted(nodes)])})" if nodes else ""


def is_random(selector: Selector) -> bool:
    return isinstance(selector, int) or (isinstance(selector, str) and selector.endswith("%"))


def others_begin_with(entry: Entry, scenario: Scenario) -> bool:
    return any(other is not entry and other.at == entry.at for other in scenario.faults)


def timeline_from_truth(truth: StoredTruth) -> list[TimelineEntry]:
    """Return crashes, leaves and fault windows from the stored truth alone."""
    steps = [(t, f"{truth.names[node]} crashes") for t, node in truth.crashes]
    steps += [(t, f"{truth.names[node]} leaves") for t, node in truth.leaves]
    steps += [
        (window.start, f"some node is down or under a fault for {format_number(window.end - window.start)} s")
        for window in truth.fault_windows(most=MOST_ROWS)
    ]
    return [
        TimelineEntry(f"at {format_duration(round(t, 3))}", words) for t, words in sorted(steps)[:MOST_ROWS]
    ]


# Crashes -----------------------------------------------------------------------------------------


def scored_crashes(truth: StoredTruth) -> list[tuple[float, int]]:
    """Return (time, node) of the crashes in the scored time, in order."""
    return sorted((t, node) for t, node in truth.crashes if 0.0 <= t <= truth.end_s)


def crash_rows(result: RunResult) -> list[CrashRow]:
    """Return the detection of each scored crash, until the member restarts; at most MOST_ROWS."""
    crashes = scored_crashes(result.truth)[:MOST_ROWS]
    if not crashes:
        return []
    events = select(result.events, rows_of_kind(result.events, (SUSPECT, FAILED)))
    return [crash_row(result.truth, events, t, node) for t, node in crashes]


def crash_row(truth: StoredTruth, events: EventTable, t: float, node: int) -> CrashRow:
    """Return the detection of one crash, given the suspect and failed `events`."""
    down = truth.down_spans
    ends = down.end[(down.node == node) & (down.start <= t) & (t < down.end)]
    until = float(ends[0]) if len(ends) else np.inf
    about = (events.subject == node) & (events.t >= t) & (events.t < until)
    suspect, failed = about & (events.kind == SUSPECT), about & (events.kind == FAILED)
    by, first_rows = np.unique(events.observer[failed], return_index=True)
    first = events.t[failed][first_rows]
    return CrashRow(
        truth.names[node],
        f"{t:g}",
        since(t, events.t[suspect]),
        since(t, first),
        since(t, first, last=True),
        format_number(len(by)),
    )


def since(t: float, times: Floats, last: bool = False) -> str:
    if len(times) == 0:
        return NONE
    return format_number(float(times.max() if last else times.min()) - t)


# Views -------------------------------------------------------------------------------------------


def view_rows(result: RunResult) -> list[ViewRow]:
    """Return the live nodes whose view at the end is wrong, grouped by view.

    At most MOST_ROWS. Empty if the result does not hold enough: one of many nodes is stored
    without its first joins.
    """
    disagreeing = result.summary["convergence"]["views_disagreeing"]
    if not disagreeing:
        return []
    truth = result.truth
    down, names = truth.down_spans, truth.names
    last = result.views.last
    up = ~down.covered_at(truth.end_s)
    wrong = np.flatnonzero(up & (last.differing(up) > 0))
    if len(wrong) != disagreeing:
        return []
    alike: dict[tuple[str, str], list[str]] = {}
    for node in wrong.tolist():
        present = last.of(node)
        present[node] = True  # the node itself is up
        misses, keeps = list_nodes(names, up & ~present), list_nodes(names, ~up & present)
        alike.setdefault((misses, keeps), []).append(names[node])
    return [ViewRow(nodes, misses, keeps) for (misses, keeps), nodes in alike.items()][:MOST_ROWS]


def list_nodes(names: list[str], which: Booleans) -> str:
    """Name some nodes; of many, only the first."""
    nodes = np.flatnonzero(which)
    return (
        format_names([names[node] for node in nodes[:MOST_NAMED].tolist()], len(nodes))
        if len(nodes)
        else NONE
    )


def more_than_shown(count: int | None, shown: int, one: str) -> str:
    """Return 'and 6 nodes more', or '' if all are shown."""
    return f"and {format_count(count - shown, one)} more" if count is not None and count > shown else ""
