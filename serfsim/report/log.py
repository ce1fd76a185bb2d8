"""log.txt: the lines that real agents would have logged in a run, in their words (`serfsim.logs.words`).

A line is

    <seconds> <node> [LEVEL] memberlist: ...

and what a real agent logs on several lines goes on without a level. Happenings that a real agent does not
log (a changed health score, a confirmation) have no line. Node i has the i-th address of 10.0.0.0/8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from serfsim.logs.words import Entry, Words
from serfsim.protocol import events as kind
from serfsim.protocol import log_lines as line
from serfsim.protocol.directory import DEFAULT_PORT, ipv4_endpoint
from serfsim.scoring.recording import EventTable, Integers, LogTable, no_log
from serfsim.wording import printable

Releases = Sequence[tuple[float, int, str]]

EARLY_JOINS = 100_000  # more joins than this before t = 0 are told in one line
MOST_LINES = 1_000_000
CHUNK = 100_000
# Lines whose text is a name that somebody chose, with whatever characters.
NAMED = frozenset(
    (
        *(line.MESSAGE_EVENT, line.MESSAGE_QUERY, line.OLD_EVENT, line.OLD_QUERY, line.UNKNOWN_QUERY),
        *(line.RECEIVED_EVENT, line.RECEIVED_QUERY, line.CONFLICT_ASKED),
        *(line.SENDING_EVENT, line.SENDING_QUERY),
    )
)


class SimulatedNames:
    """What the members of a simulation are called; their addresses follow from their numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.endpoints = [ipv4_endpoint(member, DEFAULT_PORT) for member in range(len(names))]
        self.ips = [endpoint.partition(":")[0] for endpoint in self.endpoints]

    def name(self, member: int) -> str:
        return self.names[member] if 0 <= member < len(self.names) else "?"

    def endpoint(self, member: int) -> str:
        return self.endpoints[member] if 0 <= member < len(self.names) else "?"

    def ip(self, member: int) -> str:
        return self.ips[member] if 0 <= member < len(self.names) else "?"


def eras_of(
    t: np.ndarray[tuple[int, ...], np.dtype[np.float64]], node: Integers, releases: Releases
) -> Integers:
    """Which release each row was logged by: 0 for the cluster's own, else the place in `releases` plus 1."""
    rows = np.zeros(len(t), dtype=np.int64)
    for place, (since, member, _) in enumerate(releases, 1):
        rows[(node == member) & (t >= since)] = place
    return rows


def log_lines(
    events: EventTable,
    names: Sequence[str],
    version: str = "0.9",
    releases: Releases = (),
    log: LogTable | None = None,
) -> Iterator[str]:
    """The lines of a run in their order, without line ends.

    They are in the words of each observer's release: `releases` as a Recording has them, else `version`.
    `log`: the lines that no event stands for.
    """
    log = no_log() if log is None else log
    known = SimulatedNames(names)
    words = [Words(release, known) for release in (version, *(release for _, _, release in releases))]
    logged = np.isin(events.kind, [number for number in range(kind.COUNTED_ONLY) if words[0].has(number)])
    early = int(np.searchsorted(events.t, 0.0))
    joins = np.flatnonzero(events.kind[:early] == kind.JOIN)
    if len(joins) > EARLY_JOINS:
        logged[joins] = False
        yield f"# {len(joins)} EventMemberJoin lines from before t = 0 are left out."
    rows = np.flatnonzero(logged)
    # A line comes before the event that was the next one when it was logged.
    place = np.concatenate([2 * rows + 1, 2 * log.mark.astype(np.int64)])
    order = np.argsort(place, kind="stable")[:MOST_LINES]
    for low in range(0, len(order), CHUNK):
        yield from _formatted(events, log, rows, order[low : low + CHUNK], words, known, releases)
    if len(place) > MOST_LINES:
        yield f"# {len(place) - MOST_LINES} more lines are left out."
    if log.left_out > 0:
        yield f"# {log.left_out} more lines about received messages are left out."


def _formatted(
    events: EventTable,
    log: LogTable,
    rows: Integers,
    order: Integers,
    words: list[Words],
    names: SimulatedNames,
    releases: Releases,
) -> Iterator[str]:
    """The lines of some places: those below len(rows) are events, all others are the log's."""
    is_event = order < len(rows)
    chosen = rows[order[is_event]]
    entries: dict[int, tuple[float, Entry]] = {}
    for at, t, number, observer, subject, detail in zip(
        np.flatnonzero(is_event).tolist(),
        events.t[chosen].tolist(),
        events.kind[chosen].tolist(),
        events.observer[chosen].tolist(),
        events.subject[chosen].tolist(),
        events.detail[chosen].tolist(),
        strict=True,
    ):
        entries[at] = (t, Entry(number, observer, subject, detail))
    chosen = order[~is_event] - len(rows)
    for at, t, number, observer, subject, a, b, text in zip(
        np.flatnonzero(~is_event).tolist(),
        log.t[chosen].tolist(),
        log.line[chosen].tolist(),
        log.node[chosen].tolist(),
        log.subject[chosen].tolist(),
        log.a[chosen].tolist(),
        log.b[chosen].tolist(),
        log.text[chosen].tolist(),
        strict=True,
    ):
        entries[at] = (t, Entry(number, observer, subject, a, b, _shown(number, log.texts[text])))
    in_order = [entries[at] for at in range(len(order))]
    times = np.array([t for t, _ in in_order])
    eras = eras_of(times, np.array([entry.observer for _, entry in in_order]), releases)
    for (t, entry), era in zip(in_order, eras.tolist(), strict=True):
        head = f"{t:12.3f} {names.name(entry.observer)}"
        text = words[era].of(entry)
        if "\n" not in text:
            yield f"{head} {text}"
            continue
        for part in text.splitlines():
            if part:
                yield f"{head} {part}"


def _shown(number: int, text: str) -> str:
    """What fills in a line, with nothing in it that makes another line of it, unless agents write several."""
    return printable(text, keep="" if number in NAMED else "\n\t")


def write_log(
    stream: TextIO,
    events: EventTable,
    names: Sequence[str],
    version: str = "0.9",
    releases: Releases = (),
    log: LogTable | None = None,
) -> None:
    for text in log_lines(events, names, version, releases, log):
        stream.write(text)
        stream.write("\n")
