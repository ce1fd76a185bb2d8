"""The lines that real agents would have logged for the same happenings.

Wording and levels are memberlist's (0.2.2 unless told otherwise) and Serf's, so that a search that
finds something in an operator's log finds it here (spec memberlist.md section 14, serf.md section
17). A line is

    <seconds> <node> [LEVEL] memberlist: ...

Happenings that a real agent does not log (a changed health score, a confirmation) have no line.
Agents have no real addresses here; node i is given the i-th address of 10.0.0.0/8.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from serfsim.protocol import events as kind
from serfsim.protocol.memberlist.push_pull import REFUSED_DELEGATE
from serfsim.scoring.recording import EventTable, Integers

Releases = Sequence[tuple[float, int, str]]
Templates = dict[int, Callable[..., str]]

PORT = 7946
EARLY_JOINS = 100_000  # more joins than this before t = 0 are told in one line
MOST_LINES = 1_000_000
JOIN_ERROR = -1  # stands for JOINED where the call failed
REAP_FORCED = -2  # and for REAP where a member was pruned
UNNAMED_SYNC = -3  # and for PUSH_PULL where a join was given an address alone
CHUNK = 100_000

FALLBACK = {
    "0.7": "[WARN] memberlist: Was able to reach {subject} via TCP but not UDP, network may be misconfigured "
    "and not allowing bidirectional UDP",
    "0.9": "[WARN] memberlist: Was able to connect to {subject} but other probes failed, "
    "network may be misconfigured",
    "latest": "[WARN] memberlist: Was able to connect to {subject} over TCP but UDP probes failed, "
    "network may be misconfigured",
}
FAILED_PING = {
    "0.9": "[DEBUG] memberlist: Failed ping: {subject} (timeout reached)",
    "latest": "[DEBUG] memberlist: Failed UDP ping: {subject} (timeout reached)",
}
FALLBACK_ERROR = {
    "0.9": "[ERR] memberlist: Failed fallback ping: i/o timeout",
    "latest": "[ERR] memberlist: Failed fallback TCP ping: i/o timeout",
}

LINES = {
    kind.JOIN: "[INFO] serf: EventMemberJoin: {subject} {ip}",
    kind.FAILED: "[INFO] serf: EventMemberFailed: {subject} {ip}",
    kind.LEFT: "[INFO] serf: EventMemberLeave: {subject} {ip}",
    kind.LEFT_FORCED: "[INFO] serf: EventMemberLeave (forced): {subject} {ip}",
    kind.UPDATE: "[INFO] serf: EventMemberUpdate: {subject}",
    kind.REAP: "[INFO] serf: EventMemberReap: {subject}",
    REAP_FORCED: "[INFO] serf: EventMemberReap (forced): {subject} {ip}",
    kind.QUEUE_DEEP: "[WARN] serf: {detail}",
    kind.QUEUE_PRUNED: "[WARN] serf: {detail}, dropping messages!",
    kind.OLD_EVENT: "[WARN] serf: received old event from time {detail}",
    kind.OLD_QUERY: "[WARN] serf: received old query from time {detail}",
    kind.STRAY_RESPONSE: "[WARN] serf: reply for non-running query (LTime: {detail}) From: {subject}",
    kind.MISMATCHED_RESPONSE: "[WARN] serf: query reply ID mismatch (Response: {detail})",
    kind.UNKNOWN_QUERY: "[WARN] serf: Unhandled internal query",
    kind.CONFLICT_WON: "[INFO] serf: majority in name conflict resolution {detail}",
    kind.CONFLICT_LOST: "[WARN] serf: minority in name conflict resolution, quitting {detail}",
    kind.REJOIN_FAILED: "[WARN] serf: Failed to re-join any previously known node",
    kind.LEAVING: "[DEBUG] serf: messageLeaveType: {subject}",
    kind.SUSPECT: "[INFO] memberlist: Suspect {subject} has failed, no acks received",
    kind.REFUTE_SUSPECT: "[WARN] memberlist: Refuting a suspect message (from: {subject})",
    kind.REFUTE_DEAD: "[WARN] memberlist: Refuting a dead message (from: {subject})",
    kind.REFUTE_ALIVE: "[WARN] memberlist: Refuting an alive message for '{observer}' ({own_ip}:{port})",
    kind.SUSPICION_TIMEOUT: "[INFO] memberlist: Marking {subject} as failed, suspect timeout reached "
    "({detail} peer confirmations)",
    kind.PUSH_PULL: "[DEBUG] memberlist: Initiating push/pull sync with: {subject} {ip}:{port}",
    UNNAMED_SYNC: "[DEBUG] memberlist: Initiating push/pull sync with:  {ip}:{port}",
    kind.PUSH_PULL_FAILED: "[ERR] memberlist: Push/Pull with {subject} failed: "
    "dial tcp {ip}:{port}: i/o timeout",
    kind.RECONNECT: "[INFO] serf: attempting reconnect to {subject} {ip}:{port}",
    kind.RECONNECT_FORGONE: "[DEBUG] serf: forgoing reconnect for random throttling",
    kind.JOINED: "[INFO] agent: joined: {detail} nodes",
    JOIN_ERROR: "[WARN] agent: error joining: dial tcp {ip}:{port}: i/o timeout",
    kind.CONFLICT: "[ERR] memberlist: Conflicting address for {subject}.",
    kind.COORDINATE_REJECTED: "[TRACE] serf: Rejected coordinate from {subject}",
    kind.PROTOCOL_REFUSED: "[ERR] memberlist: Failed push/pull merge: Node '{subject}' {detail}",
    kind.QUEUE_FULL: "[WARN] memberlist: handler queue full, dropping message ({detail}) from={ip}:{port}",
}


QUEUES = ("Intent", "Query", "Event")
DETAILS: dict[int, Callable[[int], str]] = {
    kind.QUEUE_DEEP: lambda detail: f"{QUEUES[detail & 3]} queue depth: {detail >> 2}",
    kind.QUEUE_PRUNED: lambda detail: (
        f"{QUEUES[detail & 3]} queue depth ({detail >> 2 & 0xFFFFFFF}) exceeds limit ({detail >> 30})"
    ),
    kind.PROTOCOL_REFUSED: lambda detail: (
        f"{'delegate ' if detail & REFUSED_DELEGATE else ''}protocol version ({detail >> 16 & 255})"
        f" is incompatible: [{detail >> 8 & 255}, {detail & 255}]"
    ),
    kind.CONFLICT_WON: lambda detail: f"[{detail >> 16} / {detail & 0xFFFF}]",
    kind.CONFLICT_LOST: lambda detail: f"[{detail >> 16} / {detail & 0xFFFF}]",
}

RECEIPTS = {
    "event": "[DEBUG] serf: messageUserEventType",
    "query": "[DEBUG] serf: messageQueryType",
    "ack": "[DEBUG] serf: messageQueryResponseType",
    "response": "[DEBUG] serf: messageQueryResponseType",
}
RESPONSES = ("ack", "response")
HANDED_UP = {
    "event": "[INFO] agent: Received event: user-event",
    "query": "[INFO] agent: Received event: query",
}


def address(node: int) -> str:
    """The address that node number `node` has in logs: 10.0.0.1 for node 0."""
    host = node + 1
    return f"10.{host >> 16 & 255}.{host >> 8 & 255}.{host & 255}"


def wording(version: str) -> dict[int, str]:
    """The lines of a Serf release."""
    era = "latest" if version == "latest" else "0.9"
    older = version.startswith(("0.7", "0.8"))
    suspicion = LINES[kind.SUSPICION_TIMEOUT]
    return {
        **LINES,
        # Before 0.8 nobody confirmed.
        kind.SUSPICION_TIMEOUT: suspicion.partition(" (")[0] if version in ("0.6", "0.7") else suspicion,
        kind.TCP_FALLBACK_OK: FALLBACK["0.7" if older else era],
        kind.FAILED_PING: FAILED_PING[era],
        kind.TCP_FALLBACK_ERROR: FALLBACK_ERROR[era],
    }


def templates_of(version: str) -> Templates:
    return {number: line.format_map(Slots()).format for number, line in wording(version).items()}


def releases_of(events: EventTable, version: str, releases: Releases) -> tuple[Integers, list[str]]:
    """Which release each row was logged by: the number of one in a list of them."""
    found = [version, *sorted({release for _, _, release in releases} - {version})]
    rows = np.zeros(len(events.t), dtype=np.int64)
    for t, node, release in releases if len(found) > 1 else ():
        rows[(events.observer == node) & (events.t >= t)] = found.index(release)
    return rows, found


def log_lines(
    events: EventTable, names: list[str], version: str = "0.9", releases: Releases = ()
) -> Iterator[str]:
    """The lines of an event table in its order, without line ends.

    They are in the words of each observer's release: `releases` as a Recording has them, else `version`.
    """
    eras, found = releases_of(events, version, releases)
    templates = [templates_of(release) for release in found]
    addresses = [address(node) for node in range(len(names))]
    numbers = np.where((events.kind == kind.JOINED) & (events.detail == 0), JOIN_ERROR, events.kind)
    numbers = np.where((events.kind == kind.REAP) & (events.detail == 1), REAP_FORCED, numbers)
    numbers = np.where((events.kind == kind.PUSH_PULL) & (events.detail > 0), UNNAMED_SYNC, numbers)
    logged = np.isin(numbers, list(templates[0]))
    # An agent that leaves does not log its own leave intent.
    logged &= ~((events.kind == kind.LEAVING) & (events.observer == events.subject))
    early = int(np.searchsorted(events.t, 0.0))
    joins = np.flatnonzero(events.kind[:early] == kind.JOIN)
    if len(joins) > EARLY_JOINS:
        logged[joins] = False
        yield f"# {len(joins)} EventMemberJoin lines from before t = 0 are left out."
    rows = np.flatnonzero(logged)
    for low in range(0, min(len(rows), MOST_LINES), CHUNK):
        chunk = rows[low : min(low + CHUNK, MOST_LINES)]
        yield from formatted(events, numbers, eras, chunk, names, addresses, templates)
    if len(rows) > MOST_LINES:
        yield f"# {len(rows) - MOST_LINES} more lines are left out."


class Slots(dict[str, str]):
    """Leaves the slots of a template as positions, so that a row fills them without a dictionary."""

    ORDER = ("observer", "own_ip", "subject", "ip", "detail", "port")

    def __missing__(self, name: str) -> str:
        return str(PORT) if name == "port" else "{" + str(self.ORDER.index(name)) + "}"


def formatted(
    events: EventTable,
    numbers: Integers,
    eras: Integers,
    rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    names: list[str],
    addresses: list[str],
    templates: list[Templates],
) -> Iterator[str]:
    count = len(names)
    for t, era, observer, subject, number, detail in zip(
        events.t[rows].tolist(),
        eras[rows].tolist(),
        events.observer[rows].tolist(),
        events.subject[rows].tolist(),
        numbers[rows].tolist(),
        events.detail[rows].tolist(),
        strict=True,
    ):
        who, where = (names[subject], addresses[subject]) if 0 <= subject < count else ("?", "0.0.0.0")
        shown = DETAILS[number](detail) if number in DETAILS else detail
        text = templates[era][number](names[observer], addresses[observer], who, where, shown)
        yield f"{t:12.3f} {names[observer]} {text}"


def delivery_lines(deliveries: Mapping[str, Any]) -> list[str]:
    """The lines about user events and queries, in order of time; of all copies only the first is told."""
    lines = []
    numbers = (deliveries[name].tolist() for name in ("t_received_s", "t_delivered_s", "name"))
    coded = (deliveries[name].values() for name in ("kind", "source", "node"))
    for received, delivered, name, sort, source, node in zip(*numbers, *coded, strict=True):
        if sort in RESPONSES:
            lines.append((received, node, f"{RECEIPTS[sort]}: {source}"))
            continue
        if source != node:
            lines.append((received, node, f"{RECEIPTS[sort]}: {name}"))
        if not math.isnan(delivered):
            lines.append((delivered, node, f"{HANDED_UP[sort]}: {name}"))
    lines.sort(key=lambda line: line[0])
    return [f"{t:12.3f} {node} {text}" for t, node, text in lines]


def time_of(line: str) -> float:
    """When a line was logged; remarks come at once."""
    return -math.inf if line.startswith("#") else float(line[:12])


def write_log(
    stream: TextIO,
    events: EventTable,
    names: list[str],
    version: str = "0.9",
    deliveries: Mapping[str, Any] | None = None,
    releases: Releases = (),
) -> None:
    """`deliveries`: the columns of that table of the result, for the lines about user events and queries."""
    told = [] if deliveries is None else delivery_lines(deliveries)
    lines = log_lines(events, names, version, releases)
    for line in heapq.merge(lines, told, key=time_of) if told else lines:
        stream.write(line)
        stream.write("\n")
