"""A real cluster as far as something tells of it: members, their events, and what can be counted of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from serfsim._version import __version__
from serfsim.protocol import events
from serfsim.replays.tables import Arrays, event_arrays
from serfsim.results.scoring.recording import EventTable

COUNTED: Final = {
    events.SUSPECT: "suspicions by own probes",
    events.REFUTE_SUSPECT: "refutations of suspicions",
    events.REFUTE_DEAD: "refutations of deaths",
    events.SUSPICION_TIMEOUT: "failures declared",
    events.FAILED: "members seen to fail",
    events.JOIN: "members seen to join",
    events.TCP_FALLBACK_OK: "probes that only TCP saved",
    events.FAILED_PING: "pings without an ack in time",
}
MOMENT: Final = 1e-6  # seconds; for which the view of a process that ends and begins anew is empty

Event = tuple[float, int, int, int, int]  # Unix time, observer, subject, kind, detail


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The observations of some members of a real cluster; times are Unix seconds.

    `observers` are the members whose views are known. `starts` are the times at which one begins anew with
    an empty view, without the first of those whose views are known from their beginning.
    """

    members: list[str]
    observers: list[int]
    events: list[Event]
    start: float
    end: float
    begins_with_start: bool
    starts: list[tuple[float, int]]

    @property
    def texts(self) -> Sequence[str]:
        """The lines of logs without dates, if these are what is known."""
        return ()

    def counts(self) -> dict[str, int]:
        """Count what can be scored without a truth, in words."""
        kinds = Counter(kind for _, _, _, kind, _ in self.events)
        found = {words: kinds[kind] for kind, words in COUNTED.items() if kinds[kind]}
        flaps = self.flaps()
        if flaps:
            found["flaps, by pair"] = sum(flaps.values())
        return found

    def flaps(self) -> Counter[tuple[str, str]]:
        """Count, by observer and subject, each failed that a join follows."""
        failed: set[tuple[int, int]] = set()
        found: Counter[tuple[str, str]] = Counter()
        starts = sorted(self.starts, reverse=True)
        for t, observer, subject, kind, _ in self.events:
            while starts and starts[-1][0] <= t:
                _, anew = starts.pop()
                failed = {pair for pair in failed if pair[0] != anew}
            pair = observer, subject
            if kind == events.FAILED:
                failed.add(pair)
            elif kind == events.JOIN and pair in failed:
                failed.remove(pair)
                found[self.members[observer], self.members[subject]] += 1
        return found

    def heading(self, name: str, without: str) -> Mapping[str, Any]:
        """Return the heading of the page. `without`: what is not known, in words."""
        none: list[list[float]] = [[] for _ in self.members]
        down: list[list[list[float]]] = [[] for _ in self.members]
        for t, member in self.starts:
            down[member].append([t - self.start - MOMENT, t - self.start])
        return {
            "version": __version__,
            "name": name,
            "question": f"{datetime.fromtimestamp(self.start, UTC)}, {without}",
            "seed": 0,
            "digest": "",
            "start_s": 0.0,
            "end_s": max(self.end - self.start, 1.0),
            "members": self.members,
            "groups": ["" for _ in self.members],
            "converged": not self.begins_with_start,
            "observers": self.observers,
            "down": down,
            "faulted": none,
            "crashes": [],
            "leaves": [],
            "map": None,
            "faults": [],
            "captions": [],
        }


def observed_events(observed: Observed) -> Arrays:
    """Return the events as a table's arrays, their times from the start."""
    columns = np.array(observed.events, dtype=np.float64).reshape(-1, 5)
    observer, subject, kind, detail = columns[:, 1:].astype(np.int64).T
    t = columns[:, 0] - observed.start
    return event_arrays(EventTable(t, observer, subject, kind, detail), len(observed.members))
