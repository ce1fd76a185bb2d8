"""Serf's messages, from bytes to objects (spec serf.md section 2); they come as memberlist's user messages.

What this Serf does not know, and what is no Serf message at all, stays as it is (`Opaque`).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.serf.messages import EventSlot, Intent, SerfState, UserEvent, step_through
from serfsim.protocol.serf.query_messages import Filter, NodeFilter, Query, QueryResponse, Relayed, TagFilter
from serfsim.protocol.wire import serf_fields as wire
from serfsim.protocol.wire.interning import located, mentioned, node_of
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.schema import Values

NOBODY: Final = -1  # who sent an event is not said
LONGEST_TIMEOUT_NS: Final = 9_000_000_000_000_000_000


@mypyc_attr(acyclic=True)
class Opaque(UserMessage):
    """A user message that is passed over; `data` begins with memberlist's type byte."""

    def __init__(self, data: bytes) -> None:
        super().__init__(i64(data[1]) if len(data) > 1 else -1, NOBODY, len(data))
        self.data = data

    def encode(self, directory: Directory) -> bytes:
        return self.data


def decode_user(data: bytes, directory: Directory) -> UserMessage:
    """Decode a user message of memberlist's, type byte included. Raise WireError."""
    if len(data) < 2:
        return Opaque(data)
    message = _known(i64(data[1]), Reader(data, 2), directory)
    if message is None:
        return Opaque(data)
    message.size = len(data)
    return message


def _known(kind: i64, reader: Reader, directory: Directory) -> UserMessage | None:
    if kind in (wire.LEAVE, wire.JOIN):
        return _intent(kind, reader, directory)
    if kind == wire.USER_EVENT:
        found = wire.USER_EVENT_FIELDS.decode(reader)
        return _event(found, found.number("LTime"), found.boolean("CC"))
    if kind == wire.QUERY:
        return _query(reader, directory)
    if kind == wire.QUERY_RESPONSE:
        return _response(reader, directory)
    if kind == wire.RELAY:
        return _relayed(reader, directory)
    return None


def _intent(kind: i64, reader: Reader, directory: Directory) -> Intent:
    found = (wire.LEAVE_FIELDS if kind == wire.LEAVE else wire.JOIN_FIELDS).decode(reader)
    member = mentioned(directory, found.text("Node"))
    has_prune = kind == wire.LEAVE and found.has("Prune")
    return Intent(kind, member, found.number("LTime"), has_prune and found.boolean("Prune"), has_prune)


def _event(found: Values, ltime: i64, coalesce: bool) -> UserEvent:
    """Decode a user event; one in a push/pull has neither Lamport time nor flag."""
    return UserEvent(NOBODY, ltime, found.text("Name"), found.raw("Payload"), coalesce)


# Queries -----------------------------------------------------------------------------------------


def _query(reader: Reader, directory: Directory) -> Query:
    reader.saw_signed = False
    found = wire.QUERY_FIELDS.decode(reader)
    timeout_ns = max(0, min(LONGEST_TIMEOUT_NS, found.integer("Timeout")))  # below nothing is none
    query = Query(
        located(directory, found.text("SourceNode"), found.raw("Addr"), found.number("Port")),
        found.number("LTime"),
        found.number("ID"),
        found.text("Name"),
        found.raw("Payload"),
        [decode_filter(data) for data in found.raws("Filters")],
        found.number("Flags"),
        found.number("RelayFactor"),
        float(timeout_ns) / 1e9,
        found.has("SourceNode"),
        reader.saw_signed,
    )
    query.has_relay_factor = found.has("RelayFactor")
    return query


@mypyc_attr(acyclic=True)
class OpaqueFilter(Filter):
    """One that cannot be read, or of an unknown kind: it lets nobody through."""

    def __init__(self, data: bytes) -> None:
        super().__init__(i64(data[0]) if len(data) > 0 else -1)
        self.data = data

    def size(self) -> i64:
        return len(self.data)

    def encode(self, directory: Directory) -> bytes:
        return self.data


def decode_filter(data: bytes) -> Filter:
    """Decode a query's filter, type byte first."""
    if len(data) == 0:
        return OpaqueFilter(data)
    try:
        reader = Reader(data, 1)
        if data[0] == wire.NODE_FILTER:
            names: list[str] = []
            count = reader.array_entries()
            while count > 0:
                count -= 1
                names.append(reader.text())
            return NodeFilter(names)
        if data[0] == wire.TAG_FILTER:
            found = wire.TAG_FILTER_FIELDS.decode(reader)
            return TagFilter(found.text("Tag"), found.text("Expr"))
    except WireError:
        pass
    return OpaqueFilter(data)


def _response(reader: Reader, directory: Directory) -> QueryResponse:
    found = wire.RESPONSE_FIELDS.decode(reader)
    source = mentioned(directory, found.text("From"))
    payload = found.raw("Payload")
    made = QueryResponse(source, found.number("LTime"), found.number("ID"), found.number("Flags"), payload)
    if len(payload) > 0 and payload[0] == wire.CONFLICT_RESPONSE:
        made.member = _member(payload, directory)
    return made


def _member(payload: bytes, directory: Directory) -> NodeIdentity | None:
    """Decode the member in an answer to a conflict query; None where it is nil."""
    try:
        reader = Reader(payload, 1)
        entries = reader.map_entries()
        if entries == 0:
            return None
        found = wire.CONFLICT_FIELDS.decode_entries(entries, reader)
        return located(directory, found.text("Name"), found.raw("Addr"), found.number("Port"))
    except WireError:
        return None


def _relayed(reader: Reader, directory: Directory) -> Relayed:
    reader.saw_signed = False
    found = wire.RELAY_FIELDS.decode(reader)
    is_signed = reader.saw_signed
    if reader.byte() != wire.QUERY_RESPONSE:
        raise WireError("found a relay of something that is no response to a query")
    start = reader.at
    response = _response(reader, directory)
    response.size = reader.at - start + 2
    address = found.struct("DestAddr", wire.ADDRESS_FIELDS)
    target = located(directory, found.text("DestName"), address.raw("IP"), _port(address))
    return Relayed(response, target, found.has("DestName"), is_signed)


def _port(address: Values) -> i64:
    """Return the port of an address, which is of a signed type."""
    port = address.integer("Port")
    if port < 0 or port > 65535:
        raise WireError(f"found {port}; expected a port")
    return i64(port)


# Push/pull ---------------------------------------------------------------------------------------


class OpaqueState(UserState):
    """A user state that is no Serf's, or that cannot be read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(len(data))
        self.data = data

    def encode(self, directory: Directory) -> bytes:
        return self.data


def decode_serf_state(data: bytes, directory: Directory) -> SerfState:
    """Serf's part of a push/pull. Raises WireError."""
    reader = Reader(data)
    kind = reader.byte()
    if kind != wire.PUSH_PULL:
        raise WireError(f"Remote state has bad type prefix: {kind}")
    found = wire.STATE_FIELDS.decode(reader)
    ltime, event_ltime = found.number("LTime"), found.number("EventLTime")
    left = [int(node_of(directory, name)) for name in found.texts("LeftMembers")]
    nodes, ltimes = _status_times(found.ltimes("StatusLTimes"), directory)
    query_ltime = found.number("QueryLTime")
    state = SerfState(ltime, event_ltime, query_ltime, nodes, ltimes, left, len(data))
    ring = found.slots("Events")
    state.ring = ring.count
    state.events = [_slot(one) for one in ring.filled]
    return state


def _status_times(found: dict[str, int], directory: Directory) -> tuple[vec[i64], vec[i64]]:
    """Members and times as `SerfState.encode`, which jumps about, will come upon them in the order read."""
    n: i64 = len(found)
    nodes: vec[i64] = vec[i64]([0] * n)
    ltimes: vec[i64] = vec[i64]([0] * n)
    step = step_through(n)
    at: i64 = 0
    for name, ltime in found.items():
        nodes[at] = node_of(directory, name)
        ltimes[at] = ltime
        at = (at + step) % n
    return nodes, ltimes


def _slot(found: Values) -> EventSlot:
    slot = EventSlot(found.number("LTime"))
    for event in found.slots("Events").filled:
        slot.events.append(_event(event, slot.ltime, False))
    return slot
