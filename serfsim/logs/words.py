"""Log messages of real agents, by release.

Wording and levels are memberlist's and Serf's, so that searches for operators' logs work here too (spec
memberlist.md section 14, serf.md section 17, releases.md M6). A line describes an entry: a number of
`protocol.events` with its detail as `a`, or a number of `protocol.log_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Final, NamedTuple, Protocol

from serfsim.protocol import events
from serfsim.protocol import log_lines as line
from serfsim.protocol.rules import MEMBERLIST
from serfsim.protocol.versions import reaches
from serfsim.protocol.vivaldi.texts import reject_text

REAP_FORCED: Final = -2  # stands for REAP where a member was pruned

# By the release of memberlist that brought the words.
FALLBACK: Final = {
    "9a1e242": "[WARN] memberlist: Was able to reach {subject} via TCP but not UDP, "
    "network may be misconfigured and not allowing bidirectional UDP",
    "0.1.5": "[WARN] memberlist: Was able to connect to {subject} but other probes failed, "
    "network may be misconfigured",
    "0.3.2": "[WARN] memberlist: Was able to connect to {subject} over TCP but UDP probes failed, "
    "network may be misconfigured",
}
FAILED_PING: Final = {
    "9a1e242": "[DEBUG] memberlist: Failed ping: {subject} (timeout reached)",
    "0.3.2": "[DEBUG] memberlist: Failed UDP ping: {subject} (timeout reached)",
}
PING_REFUSED: Final = {
    "9a1e242": "[ERR] memberlist: Failed to send ping: {text}",
    "0.3.2": "[ERR] memberlist: Failed to send UDP ping: {text}",
}
HELPER_PING_REFUSED: Final = {
    "9a1e242": "[ERR] memberlist: Failed to send indirect ping: {text}",
    "0.3.2": "[ERR] memberlist: Failed to send indirect UDP ping: {text}",
}
FALLBACK_FAILED: Final = {
    "9a1e242": "[ERR] memberlist: Failed fallback ping: {text}",
    "0.3.2": "[ERR] memberlist: Failed fallback TCP ping: timeout {b}: {text}",
}

LINES: Final[dict[int, str]] = {
    events.JOIN: "[INFO] serf: EventMemberJoin: {subject} {ip}",
    events.FAILED: "[INFO] serf: EventMemberFailed: {subject} {ip}",
    events.LEFT: "[INFO] serf: EventMemberLeave: {subject} {ip}",
    events.LEFT_FORCED: "[INFO] serf: EventMemberLeave (forced): {subject} {ip}",
    events.UPDATE: "[INFO] serf: EventMemberUpdate: {subject}",
    events.REAP: "[INFO] serf: EventMemberReap: {subject}",
    REAP_FORCED: "[INFO] serf: EventMemberReap (forced): {subject} {ip}",
    events.QUEUE_DEEP: "[WARN] serf: {a}",
    events.QUEUE_PRUNED: "[WARN] serf: {a}, dropping messages!",
    events.CONFLICT_WON: "[INFO] serf: majority in name conflict resolution {a}",
    events.CONFLICT_LOST: "[WARN] serf: minority in name conflict resolution, quitting {a}",
    events.REJOIN_FAILED: "[WARN] serf: Failed to re-join any previously known node",
    events.SUSPECT: "[INFO] memberlist: Suspect {subject} has failed, no acks received",
    events.REFUTE_SUSPECT: "[WARN] memberlist: Refuting a suspect message (from: {subject})",
    events.REFUTE_DEAD: "[WARN] memberlist: Refuting a dead message (from: {subject})",
    events.SUSPICION_TIMEOUT: "[INFO] memberlist: Marking {subject} as failed, suspect timeout reached "
    "({a} peer confirmations)",
    events.RECONNECT: "[INFO] serf: attempting reconnect to {subject} {endpoint}",
    events.RECONNECT_FORGONE: "[DEBUG] serf: forgoing reconnect for random throttling",
    line.MESSAGE_JOIN: "[DEBUG] serf: messageJoinType: {subject}",
    line.MESSAGE_LEAVE: "[DEBUG] serf: messageLeaveType: {subject}",
    line.MESSAGE_EVENT: "[DEBUG] serf: messageUserEventType: {text}",
    line.MESSAGE_QUERY: "[DEBUG] serf: messageQueryType: {text}",
    line.MESSAGE_RESPONSE: "[DEBUG] serf: messageQueryResponseType: {subject}",
    line.RELAYING: "[DEBUG] serf: Relaying response to addr: {text}",
    line.REFUTING_LEAVE: "[DEBUG] serf: Refuting an older leave intent",
    line.BAD_STATE: "[WARN] serf: Bad state when leave: {a}",
    line.NO_LEAVE: "[WARN] serf: Shutdown without a Leave",
    line.OLD_EVENT: "[WARN] serf: received old event {text} from time {a} (current: {b})",
    line.OLD_QUERY: "[WARN] serf: received old query {text} from time {a} (current: {b})",
    line.STRAY_RESPONSE: "[WARN] serf: reply for non-running query (LTime: {a}, ID: {b}) From: {subject}",
    line.WRONG_RESPONSE: "[WARN] serf: query reply ID mismatch (Local: {a}, Response: {b})",
    line.ACK_UNWANTED: "[WARN] serf: Failed to deliver query ack, dropping",
    line.UNKNOWN_QUERY: "[WARN] serf: Unhandled internal query '{text}'",
    line.CONFLICT_ASKED: "[DEBUG] serf: Got conflict resolution query for '{text}'",
    line.NAME_CONFLICT: "[WARN] serf: Name conflict for '{subject}' both {text} are claiming",
    line.OWN_NAME_CONFLICT: "[ERR] serf: Node name conflicts with another node at {text}. "
    "Names must be unique! (Resolution enabled: {a})",
    line.REJOINING: "[INFO] serf: Attempting re-join to previously known node: {text}",
    line.REJOINED: "[INFO] serf: Re-joined to previously known node: {text}",
    line.COORDINATE_REJECTED: "[TRACE] serf: Rejected coordinate from {subject}: {text}",
    line.KEY_QUERY: "[INFO] serf: Received {text} query",
    line.KEY_ERROR: "[ERR] serf: {text}",
    line.KEY_WARNING: "[WARN] serf: {text}",
    line.STREAM_FROM: "[DEBUG] memberlist: Stream connection from={text}",
    line.PUSH_PULL: "[DEBUG] memberlist: Initiating push/pull sync with: {subject} {text}",
    line.PUSH_PULL_FAILED: "[ERR] memberlist: Push/Pull with {subject} failed: {text}",
    line.JOIN_FAILED: "[DEBUG] memberlist: {text}",
    line.MERGE_FAILED: "[ERR] memberlist: Failed push/pull merge: {text}",
    line.TOO_MANY_PUSH_PULLS: "[ERR] memberlist: Too many pending push/pull requests",
    line.STRANGE_PING: "[WARN] memberlist: Got ping for unexpected node '{subject}' from={text}",
    line.STRANGE_STREAM_PING: "[WARN] memberlist: Got ping for unexpected node {subject} from={text}",
    line.CONFLICTING_ADDRESS: "[ERR] memberlist: Conflicting address for {subject}. {text} Old state: {a}",
    line.REFUTING_ALIVE: "[WARN] memberlist: Refuting an alive message for '{observer}' ({own}) {text}",
    line.HANDLER_FULL: "[WARN] memberlist: handler queue full, dropping message ({a}) from={text}",
    line.STREAM_TIMEOUT: "[ERR] memberlist: {text}",
    line.ACK_REFUSED: "[ERR] memberlist: Failed to send ack: {text}",
    line.NOT_ADMITTED: "[ERR] memberlist: {text}",
    line.GOSSIP_REFUSED: "[ERR] memberlist: Failed to send gossip to {text}",
    line.ALIVE_REFUSED: "[WARN] memberlist: ignoring alive message for '{subject}': {text}",
    line.LARGE_STATE: "[WARN] memberlist: Remote node state size is ({a}) limit is ({b})",
    line.ZONE_WITHOUT_BRIDGE: "[WARN] memberlist zone-aware routing is skipped because a zone has no alive"
    " bridge zone={text}",
    line.PACKET_FAILED: "[WARN] memberlist TCPTransport: WriteTo failed {text}",
    line.STARTING: "[INFO] agent: Serf agent starting",
    line.JOINING_CLUSTER: "[INFO] agent: Joining cluster...(replay: {a})",
    line.JOINING: "[INFO] agent: joining: [{text}] replay: {a}",
    line.JOINED: "[INFO] agent: joined: {a} nodes",
    line.JOIN_ERROR: "[WARN] agent: error joining: {text}",
    line.JOIN_COMPLETED: "[INFO] agent: Join completed. Synced with {a} initial agents",
    line.JOIN_RETRY: "[WARN] agent: Join failed: {text}, retrying in {a}",
    line.JOIN_GIVEN_UP: "[ERR] agent: maximum retry join attempts made, exiting",
    line.KEY_COMMAND: "[INFO] agent: Initiating {text}",
    line.RECEIVED_MEMBERS: "[INFO] agent: Received event: {a}",
    line.RECEIVED_EVENT: "[INFO] agent: Received event: user-event: {text}",
    line.RECEIVED_QUERY: "[INFO] agent: Received event: query: {text}",
    line.SENDING_EVENT: "[DEBUG] agent: Requesting user event send: {text}. Coalesced: {a}. Payload: {b}",
    line.SENDING_QUERY: "[DEBUG] agent: Requesting query send: {text}. Payload: {b}",
    line.REMOVING: "[INFO] agent: Force leaving node: {subject}",
    line.PRUNING: "[INFO] agent: Force leaving node (prune): {subject}",
    line.LEAVING: "[INFO] agent: requesting graceful leave from Serf",
    line.SHUTTING_DOWN: "[INFO] agent: requesting serf shutdown",
    line.SHUT_DOWN: "[INFO] agent: shutdown complete",
    line.QUITTING: "[WARN] agent: Serf shutdown detected, quitting",
}

MEMBER_EVENTS: Final = {
    events.JOIN: "member-join",
    events.LEFT: "member-leave",
    events.FAILED: "member-failed",
    events.UPDATE: "member-update",
    events.REAP: "member-reap",
}
SUBJECT: Final = frozenset(("subject", "ip", "endpoint"))  # slots that describe the member a line is about
QUEUES: Final = ("Intent", "Query", "Event")


class Names(Protocol):
    """Names and addresses of members in a log."""

    def name(self, member: int) -> str: ...

    def ip(self, member: int, observer: int) -> str:
        """Return the address at which an observer knows a member."""

    def endpoint(self, member: int, observer: int) -> str:
        """Return the address with its port."""


class Entry(NamedTuple):
    """A line's data: `number` of `protocol.events` or `protocol.log_lines`, then as those say."""

    number: int
    observer: int
    subject: int
    a: int
    b: int = 0
    text: str = ""


def format_words(number: int, **slots: object) -> str:
    """Return the line of a number that all releases word alike, with the slots filled in as given."""
    return LINES[number].format(**slots)


def duration(seconds: float) -> str:
    """Write a duration as Go does: 30s, 1m30s, 1.5s, 500ms."""
    if 0.0 < seconds < 1.0:
        return f"{seconds * 1e3:.9g}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.9g}µs"
    minutes, rest = divmod(round(seconds, 9), 60.0)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{round(rest, 9):.12g}s"
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text


def _payload(size: int) -> str:
    """Describe a payload by its length: a simulated one has no content of interest."""
    return '""' if size == 0 else f'"{size} bytes"'


AS: Final[dict[int, Callable[[int], str]]] = {
    events.QUEUE_DEEP: lambda a: f"{QUEUES[a & 3]} queue depth: {a >> 2}",
    events.QUEUE_PRUNED: lambda a: (
        f"{QUEUES[a & 3]} queue depth ({a >> 2 & 0xFFFFFFF}) exceeds limit ({a >> 30})"
    ),
    events.CONFLICT_WON: lambda a: f"[{a >> 16} / {a & 0xFFFF}]",
    events.CONFLICT_LOST: lambda a: f"[{a >> 16} / {a & 0xFFFF}]",
    line.OWN_NAME_CONFLICT: lambda a: "true" if a else "false",
    line.JOINING_CLUSTER: lambda a: "true" if a else "false",
    line.JOINING: lambda a: "true" if a else "false",
    line.SENDING_EVENT: lambda a: "true" if a else "false",
    line.RECEIVED_MEMBERS: lambda a: MEMBER_EVENTS[a],
    line.JOIN_RETRY: lambda a: duration(a / 1e3),
}


def _in_force(words: Mapping[str, str], release: str) -> str:
    """Return the newest words that the release's memberlist has."""
    return [text for first, text in words.items() if reaches(release, first, MEMBERLIST)][-1]


class Words:
    """Log messages of one release's agents.

    `names` supplies names and addresses.
    """

    def __init__(self, release: str, names: Names) -> None:
        self.names = names
        suspicion = LINES[events.SUSPICION_TIMEOUT]
        lines = {
            **LINES,
            # Before Lifeguard there were no confirmations.
            events.SUSPICION_TIMEOUT: suspicion
            if reaches(release, "b2053e3", MEMBERLIST)
            else suspicion.partition(" (")[0],
            events.TCP_FALLBACK_OK: _in_force(FALLBACK, release),
            events.FAILED_PING: _in_force(FAILED_PING, release),
            line.FALLBACK_FAILED: _in_force(FALLBACK_FAILED, release),
            line.PING_REFUSED: _in_force(PING_REFUSED, release),
            line.HELPER_PING_REFUSED: _in_force(HELPER_PING_REFUSED, release),
        }
        # Each template with the functions that fill its slots, in order: no dictionary per row.
        self._lines = {number: self._prepared(number, template) for number, template in lines.items()}
        self._about_subject = frozenset(
            number
            for number, template in lines.items()
            if number != events.REAP and SUBJECT.issuperset(re.findall(r"{(\w+)}", template))
        )

    def _prepared(self, number: int, template: str) -> tuple[str, list[Callable[[Entry], object]]]:
        slots = self._slots(number)
        pieces = list(Formatter().parse(template))
        return (
            "{}".join(literal for literal, *_ in pieces) + ("{}" if pieces[-1][1] is not None else ""),
            [slots[name] for _, name, *_ in pieces if name is not None],
        )

    def _slots(self, number: int) -> dict[str, Callable[[Entry], object]]:
        names, show = self.names, AS.get(number, str)
        b: Callable[[Entry], object] = lambda entry: entry.b  # noqa: E731
        if number == line.FALLBACK_FAILED:
            b = lambda entry: duration(entry.b / 1e9)  # noqa: E731
        elif number in (line.SENDING_EVENT, line.SENDING_QUERY):
            b = lambda entry: _payload(entry.b)  # noqa: E731
        return {
            "observer": lambda entry: names.name(entry.observer),
            "own": lambda entry: names.endpoint(entry.observer, entry.observer),
            # A push/pull may start with an address only.
            "subject": lambda entry: (
                "" if number == line.PUSH_PULL and entry.subject < 0 else names.name(entry.subject)
            ),
            "ip": lambda entry: names.ip(entry.subject, entry.observer),
            "endpoint": lambda entry: names.endpoint(entry.subject, entry.observer),
            "a": lambda entry: show(entry.a),
            "b": b,
            "text": (
                (lambda entry: reject_text(entry.a, entry.b))
                if number == line.COORDINATE_REJECTED
                else (lambda entry: entry.text)
            ),
        }

    def has(self, number: int) -> bool:
        """Return True if agents log entries of that number."""
        return number in self._lines

    def tells_only_whom(self, number: int) -> bool:
        """Return True if the lines of that number differ only by their subject."""
        return number in self._about_subject

    def of(self, entry: Entry) -> str:
        """Return the line of an entry, starting with its level in brackets; "" if agents do not log it."""
        number = entry.number
        if number == events.REAP and entry.a == 1:
            number = REAP_FORCED
        prepared = self._lines.get(number)
        if prepared is None:
            return ""
        template, slots = prepared
        return template.format(*[slot(entry) for slot in slots])
