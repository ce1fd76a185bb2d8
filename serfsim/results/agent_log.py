"""The log of a run, `log.txt`, in the words of real agents (`serfsim.logs.words`).

A line is

    <seconds> <node> [LEVEL] memberlist: ...

Continuation lines of a multi-line entry have no level. Events that a real agent does not log (a changed
health score, a confirmation) have no line. Node i has the i-th address of 10.0.0.0/8 unless it has
another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from serfsim.base.english import printable
from serfsim.logs.names import SimulatedNames
from serfsim.logs.words import Entry, Words
from serfsim.protocol import events as kind
from serfsim.protocol import log_lines as line
from serfsim.results.scoring.recording import EventTable, Floats, Integers, LogTable, Recording, no_log
from serfsim.results.scoring.rows import Column, in_pieces
from serfsim.results.scoring.scored_run import is_of, pieces, rows_of

Releases = Sequence[tuple[float, int, str]]

EARLY_JOINS = 100_000  # one line replaces more joins than this before t = 0
MOST_LINES = 1_000_000
CHUNK = 100_000
# Lines whose text is a name from outside, which may hold any character.
NAMED = frozenset(
    (
        *(line.MESSAGE_EVENT, line.MESSAGE_QUERY, line.OLD_EVENT, line.OLD_QUERY, line.UNKNOWN_QUERY),
        *(line.RECEIVED_EVENT, line.RECEIVED_QUERY, line.CONFLICT_ASKED),
        *(line.SENDING_EVENT, line.SENDING_QUERY),
    )
)


def eras_of(t: Floats, node: Integers, releases: Releases) -> Integers:
    """Return the entry of `releases` in force for each row: its index plus 1, or 0 for none."""
    if not releases:
        return np.zeros(len(t), dtype=np.int64)
    since = np.array([begins for begins, _, _ in releases], dtype=np.float64)
    whose = np.array([member for _, member, _ in releases], dtype=np.int64)
    # Releases and rows by node and time, releases first: the last one before a row is in force.
    of_row = np.repeat([False, True], [len(releases), len(t)])
    members = np.concatenate([whose, node])
    order = np.lexsort((of_row, np.concatenate([since, t]), members))
    before = np.maximum.accumulate(np.where(of_row[order], 0, np.arange(1, len(order) + 1)))
    rows = np.zeros(len(order), dtype=np.int64)
    rows[order] = np.where(before > 0, order[before - 1] + 1, 0)
    found = rows[len(releases) :]
    found[whose[found - 1] != node] = 0
    return found


def log_names(recording: Recording) -> SimulatedNames:
    """Return the names and addresses of the members of a run, and of those that forged messages made up."""
    known = recording.addresses or list(range(len(recording.names)))
    names = [*recording.names, *(name for name, _ in recording.strangers)]
    return SimulatedNames(names, [*known, *(address for _, address in recording.strangers)])


def log_lines(
    events: EventTable,
    names: Sequence[str] | SimulatedNames,
    version: str = "0.9",
    releases: Releases = (),
    log: LogTable | None = None,
) -> Iterator[str]:
    """Yield the lines of a run in order, without line ends.

    Each line is in the words of its observer's release: from `releases` (as in a Recording), else `version`.
    `log`: the lines that no event produces. `names` are those of the members, at their default addresses, or
    know more.
    """
    for text in _in_parts(events, names, version, releases, log):
        yield from text.split("\n")[:-1]


def _in_parts(
    events: EventTable,
    names: Sequence[str] | SimulatedNames,
    version: str,
    releases: Releases,
    log: LogTable | None,
) -> Iterator[str]:
    log = no_log() if log is None else log
    known = names if isinstance(names, SimulatedNames) else SimulatedNames(names)
    spoken = [version, *(release for _, _, release in releases)]
    different = list(dict.fromkeys(spoken))
    words = [Words(release, known) for release in different]
    spoken_by = np.array([different.index(release) for release in spoken])
    early = int(np.searchsorted(events.t, 0.0))
    numbers = [number for number in range(kind.COUNTED_ONLY) if words[0].has(number)]
    joins = sum(int((part.kind == kind.JOIN).sum()) for part in pieces(rows_of(events, 0, early)))
    hidden = early if joins > EARLY_JOINS else 0
    if hidden:
        yield f"# {joins} EventMemberJoin lines from before t = 0 are left out.\n"
    rows, logged = _rows_with_lines(events, numbers, hidden)
    total = logged + len(log.t)
    # A line precedes the first event recorded after it. Both sequences are in order already.
    place = np.concatenate([2 * rows + 1, 2 * log.mark[:MOST_LINES].astype(np.int64)])
    order = np.argsort(place, kind="stable")[:MOST_LINES]
    cache: dict[int, str] = {}
    for low in range(0, len(order), CHUNK):
        chunk = order[low : low + CHUNK]
        yield _format_lines(events, log, rows, chunk, words, known, spoken_by, releases, cache)
    if total > MOST_LINES:
        yield f"# {total - MOST_LINES} more lines are left out.\n"
    if log.left_out > 0:
        yield f"# {log.left_out} more lines about received messages are left out.\n"


def _rows_with_lines(events: EventTable, numbers: Sequence[int], hidden: int) -> tuple[Integers, int]:
    """Return the first MOST_LINES rows that have a line and the total of such rows.

    Joins among the first `hidden` rows do not count.
    """
    found, total = [np.zeros(0, dtype=np.int64)], 0
    for part in in_pieces((events.kind,)):
        kinds = events.kind[part]
        rows = part.start + np.flatnonzero(is_of(kinds, numbers))
        if part.start < hidden:
            rows = rows[(rows >= hidden) | (kinds[rows - part.start] != kind.JOIN)]
        if total < MOST_LINES:
            found.append(rows)
        total += len(rows)
    return np.concatenate(found)[:MOST_LINES], total


def _format_lines(
    events: EventTable,
    log: LogTable,
    rows: Integers,
    order: Integers,
    words: list[Words],
    names: SimulatedNames,
    spoken_by: Integers,
    releases: Releases,
    known: dict[int, str],
) -> str:
    """Format the lines at some places of the merged order: below len(rows) events, above the log's.

    `spoken_by`: index into `words` for each era (`eras_of`). `known` caches formatted texts.
    """
    is_event = order < len(rows)
    chosen, others = rows[order[is_event]], order[~is_event] - len(rows)

    def merge_columns(of_events: Column, of_log: Column) -> Column:
        column = np.empty(len(order), dtype=of_log.dtype)
        column[is_event], column[~is_event] = of_events, of_log[others]
        return column

    none = np.zeros(len(chosen), dtype=np.int64)
    t = merge_columns(events.t[chosen], log.t)
    observer = merge_columns(events.observer[chosen], log.node)
    number = merge_columns(events.kind[chosen], log.line).astype(np.int64)
    subject = merge_columns(events.subject[chosen], log.subject)
    a, b = merge_columns(events.detail[chosen], log.a), merge_columns(none, log.b)
    text = merge_columns(none - 1, log.text)
    spoken = spoken_by[eras_of(t, observer, releases)]
    joins = is_event & (number == kind.JOIN)
    moves = bool(names.moved) or bool((a[joins] != 0).any())

    def wording(place: int) -> str:
        what, node, at = int(number[place]), int(observer[place]), int(text[place])
        if moves and joins[place]:
            names.note_join(node, int(subject[place]), int(a[place]))
        shown = "" if at < 0 else _escape_text(what, log.texts[at])
        entry = Entry(what, node, int(subject[place]), int(a[place]), int(b[place]), shown)
        return words[int(spoken[place])].of(entry)

    # One datagram makes an observer log many lines at the same time.
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (t[1:] != t[:-1]) | (observer[1:] != observer[:-1])
    moments = zip(t[begins].tolist(), observer[begins].tolist(), strict=True)
    heads = [f"{when:12.3f} {names.labels[node]} " for when, node in moments]
    # Most lines differ only in head and subject, so their text is formatted once, unless addresses change.
    n = len(names.names)
    only_whom = np.array([[one.tells_only_whom(which) for which in range(256)] for one in words])
    whom = np.where((subject >= 0) & (subject < n), subject, n)
    keys = np.where(only_whom[spoken, number] & (not moves), (spoken * 256 + number) * (n + 1) + whom, -1)
    different, first, which = np.unique(keys, return_index=True, return_inverse=True)
    for key, place in zip(different.tolist(), first.tolist(), strict=True):
        if key >= 0 and key not in known:
            known[key] = wording(place) + "\n"
    texts = [known.get(key, "") for key in different.tolist()]
    # Each line is two parts, a head and a text, picked by numpy because there are up to MOST_LINES.
    parts = np.empty((len(order), 2), dtype=np.object_)
    parts[:, 0] = np.array(heads, dtype=np.object_)[np.cumsum(begins) - 1]
    parts[:, 1] = np.array(texts, dtype=np.object_)[which]
    for place in np.flatnonzero(keys < 0).tolist():
        found = wording(place)
        several = [part for part in found.splitlines() if part] if "\n" in found else [found]
        parts[place] = "".join(f"{parts[place, 0]}{part}\n" for part in several), ""
    return "".join(parts.reshape(-1).tolist())


def _escape_text(number: int, text: str) -> str:
    """Escape the text of a line; line breaks survive only where real agents write several lines."""
    return printable(text, keep="" if number in NAMED else "\n\t")


def write_log(
    stream: TextIO,
    events: EventTable,
    names: Sequence[str] | SimulatedNames,
    version: str = "0.9",
    releases: Releases = (),
    log: LogTable | None = None,
) -> None:
    """Write the lines of `log_lines` to a text stream."""
    for text in _in_parts(events, names, version, releases, log):
        stream.write(text)
