"""Logs of real Serf and Consul agents as a replay: events by the words of any release, without a truth.

A line has a date and a level, as Go's logger or hclog writes them, whatever precedes it; the lines of
`log.txt` have seconds and a member instead. Other lines are passed over, as are those of Consul's WAN pool,
whose members have other names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final, NamedTuple

import numpy as np

from serfsim.base.english import printable
from serfsim.base.errors import ResultError
from serfsim.logs import words
from serfsim.protocol import events
from serfsim.replays.document import pack
from serfsim.replays.observed import Event, Observed, observed_events
from serfsim.replays.tables import as_tables, line_arrays, no_arrays
from serfsim.scenario.phrases import format_names

LONGEST: Final = 256 * 1024 * 1024  # bytes of a file
LONGEST_RUN: Final = 1e8  # seconds; a later time is a date
LEVEL: Final = r"\[(?P<level>TRACE|DEBUG|INFO|WARN|ERR|ERROR)\] *"
DATED: Final = re.compile(
    r"(?P<date>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<time>\d\d:\d\d:\d\d(?:\.\d+)?)(?P<zone>Z|[+-]\d\d:?\d\d)? *"
    + LEVEL
    + "(?P<text>.*)"
)
SIMULATED: Final = re.compile(r"(?P<t> *-?\d+\.\d+) (?P<node>\S+) " + LEVEL + "(?P<text>.*)")
LOGGER: Final = re.compile(r"(?P<name>[a-z][\w.]*): (?=(?:memberlist|serf|agent)\b)")
OWN_NAME: Final = re.compile(r"Node name: +['\"]?(?P<name>[^\s'\"]+)")
SHOWN: Final = (
    *(events.JOIN, events.FAILED, events.LEFT, events.LEFT_FORCED, events.UPDATE, events.REAP),
    *(events.SUSPECT, events.REFUTE_SUSPECT, events.REFUTE_DEAD, events.SUSPICION_TIMEOUT, events.RECONNECT),
)
STARTS: Final = re.compile(r"agent: (?:Serf agent starting|Starting Consul agent|Consul agent running)")


class Line(NamedTuple):
    """A line of an agent: Unix time in seconds, and the text without date and level."""

    t: float
    level: str
    text: str
    node: str


@dataclass(frozen=True, kw_only=True)
class AgentLogs(Observed):
    """The logs of some agents. `observers` are the members whose logs these are."""

    lines: list[tuple[float, int, str]]

    @property
    def texts(self) -> Sequence[str]:
        return [text for _, _, text in self.lines]


@cache
def _patterns() -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Return the kinds of events with a pattern for their words in each release."""
    templates = [(kind, words.LINES[kind]) for kind in SHOWN]
    templates += [(events.TCP_FALLBACK_OK, text) for text in words.FALLBACK.values()]
    templates += [(events.FAILED_PING, text) for text in words.FAILED_PING.values()]
    return tuple((kind, _pattern(text)) for kind, text in templates)


def _pattern(template: str) -> re.Pattern[str]:
    slots = {"subject": r"(?P<subject>\S+)", "a": r"(?P<a>\d+)"}
    text = template.partition("] ")[2]
    parts = [
        re.escape(literal) + ("" if slot is None else slots.get(slot, ".*"))
        for literal, slot, *_ in Formatter().parse(text)
    ]
    return re.compile("".join(parts) + r"\s*$")


def read_agent_logs(paths: Sequence[Path]) -> AgentLogs:
    """Read the logs of some agents. Raises ResultError for a file that is none, or that cannot be read."""
    lines: list[Line] = []
    for path in paths:
        lines += _read_file(path)
    lines.sort(key=lambda line: line.t)
    numbers: dict[str, int] = {name: number for number, name in enumerate(sorted({x.node for x in lines}))}
    observers = list(numbers.values())
    found: list[Event] = []
    starts: list[tuple[float, int]] = []
    begun: dict[int, bool] = {}  # observer -> its log begins with its start
    fresh: set[int] = set()  # observers that have seen no other since they started
    for line in lines:
        event = _event_of(line.text)
        own = numbers[line.node]
        is_start = STARTS.search(line.text) is not None
        about = -1
        if event is not None:
            kind, subject, detail = event
            about = numbers.setdefault(subject, len(numbers)) if subject else -1
            is_start |= kind == events.JOIN and about == own
            found.append((line.t, own, about, kind, detail))
        if is_start:
            if own in begun and own not in fresh:
                starts.append((line.t, own))
            fresh.add(own)
        elif about >= 0:
            fresh.discard(own)
        if is_start or about >= 0:
            begun.setdefault(own, is_start)
    kept = [(line.t, numbers[line.node], f"[{line.level}] {line.text}") for line in lines]
    return AgentLogs(
        members=list(numbers),
        observers=observers,
        events=found,
        start=kept[0][0],
        end=kept[-1][0],
        begins_with_start=any(begun.values()),
        starts=starts,
        lines=kept,
    )


def _read_file(path: Path) -> list[Line]:
    try:
        if path.is_dir():
            raise ResultError(f"{path}: found a folder; expected the log of an agent")
        if path.stat().st_size > LONGEST:
            raise ResultError(
                f"{path}: found more than {LONGEST >> 20} MiB; expected a shorter part of the log"
            )
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from None
    lines = list(_lines_of(text))
    if not any(_event_of(line.text) for line in lines):
        raise ResultError(
            f"{path}: found no event of a Serf or Consul agent; expected its log, with lines such as"
            " '2026/11/30 12:00:00 [INFO] serf: EventMemberJoin: web-1 10.0.0.5'"
        )
    own = _own_name(path, text, lines)
    return [line if line.node else line._replace(node=own) for line in lines]


def _own_name(path: Path, text: str, lines: Sequence[Line]) -> str:
    """Return the name of the agent: as it says, as its first join does, or that of the file."""
    said = OWN_NAME.search(text)
    if said:
        return printable(said["name"])
    subjects = [event for event in (_event_of(line.text) for line in lines) if event is not None]
    if path.stem in {subject for _, subject, _ in subjects}:
        return path.stem
    kind, subject, _ = subjects[0]
    return subject if kind == events.JOIN else printable(path.stem)


def _lines_of(text: str) -> Iterator[Line]:
    for raw in text.splitlines():
        found = DATED.search(raw)
        if found:
            # Go's logger writes no zone: all files of one machine or fleet are taken to have the same.
            zone = (found["zone"] or "+00:00").replace("Z", "+00:00")
            when = f"{found['date'].replace('/', '-')}T{found['time']}"
            try:
                t = datetime.fromisoformat(when + zone).timestamp()
            except ValueError:
                continue
            node, message = "", found["text"]
        else:
            found = SIMULATED.match(raw)
            if not found:
                continue
            t, node, message = float(found["t"]), printable(found["node"]), found["text"]
        logger = LOGGER.match(message)
        if logger and logger["name"].endswith(".wan"):
            continue
        plain = LOGGER.sub("", message, count=1) if logger else message
        yield Line(t, found["level"], printable(plain), node)


def _event_of(text: str) -> tuple[int, str, int] | None:
    """Return kind, subject and detail of the event that a line tells of."""
    for kind, pattern in _patterns():
        found = pattern.search(text)
        if found:
            slots = found.groupdict()
            detail = int(slots.get("a") or 0)
            # No line tells whether a suspicion changed the view; at most it was one already.
            return kind, printable(slots.get("subject") or ""), 1 if kind == events.SUSPECT else detail
    return None


def logs_bytes(logs: AgentLogs) -> bytes:
    """Return the data of the page for some agents' logs, as `document.document_bytes` does for a result."""
    n = len(logs.members)
    of_lines = np.array([line[0] for line in logs.lines]) - logs.start
    nodes = np.array([line[1] for line in logs.lines])
    arrays = no_arrays(n) | {
        "events": observed_events(logs),
        "log": line_arrays(of_lines, nodes, [line[2] for line in logs.lines], n),
    }
    names = [logs.members[number] for number in logs.observers]
    heading = logs.heading(f"logs of {format_names(names)}", "without the truth, and without packets")
    return pack(heading, as_tables(arrays))
