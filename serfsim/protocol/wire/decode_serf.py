"""Serf's messages, from bytes to objects (spec serf.md section 2); they come as memberlist's user messages.

What this Serf does not know, and what is no Serf message at all, stays as it is (`Opaque`).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.serf.messages import (
    JOIN,
    LEAVE,
    PUSH_PULL,
    QUERY,
    QUERY_RESPONSE,
    RELAY,
    USER_EVENT,
    EventSlot,
    Intent,
    SerfState,
    UserEvent,
    step_through,
)
from serfsim.protocol.wire.decode_queries import read_query, read_relayed, read_response
from serfsim.protocol.wire.interning import mentioned, node_of
from serfsim.protocol.wire.reader import Reader, WireError

NOBODY: Final = -1  # who sent an event is not said


@mypyc_attr(acyclic=True)
class Opaque(UserMessage):
    """A user message that is passed over; `data` begins with memberlist's type byte."""

    def __init__(self, data: bytes) -> None:
        super().__init__(i64(data[1]) if len(data) > 1 else -1, NOBODY, len(data))
        self.data = data

    def encode(self, directory: Directory) -> bytes:
        return self.data


def decode_user(data: bytes, directory: Directory) -> UserMessage:
    """A user message of memberlist's, type byte included. Raises WireError."""
    if len(data) < 2:
        return Opaque(data)
    message = _known(i64(data[1]), Reader(data, 2), directory)
    if message is None:
        return Opaque(data)
    message.size = len(data)
    return message


def _known(kind: i64, reader: Reader, directory: Directory) -> UserMessage | None:
    if kind in (LEAVE, JOIN):
        return _intent(kind, reader, directory)
    if kind == USER_EVENT:
        return _event(reader)
    if kind == QUERY:
        return read_query(reader, directory)
    if kind == QUERY_RESPONSE:
        return read_response(reader, directory)
    if kind == RELAY:
        return read_relayed(reader, directory)
    return None


def _intent(kind: i64, reader: Reader, directory: Directory) -> Intent:
    ltime: i64 = 0
    name = ""
    prune = False
    has_prune = False
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"LTime":
            ltime = reader.ltime()
        elif key == b"Node":
            name = reader.text()
        elif key == b"Prune":
            prune = reader.boolean()
            has_prune = True
        else:
            reader.skip()
    return Intent(kind, mentioned(directory, name), ltime, prune, has_prune)


def _event(reader: Reader) -> UserEvent:
    """A user event: a message of its own, or within a push/pull, where time and flag are missing."""
    ltime: i64 = 0
    name = ""
    payload = b""
    coalesce = False
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"LTime":
            ltime = reader.ltime()
        elif key == b"Name":
            name = reader.text()
        elif key == b"Payload":
            payload = reader.raw()
        elif key == b"CC":
            coalesce = reader.boolean()
        else:
            reader.skip()
    return UserEvent(NOBODY, ltime, name, payload, coalesce)


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
    if kind != PUSH_PULL:
        raise WireError(f"Remote state has bad type prefix: {kind}")
    state = SerfState(0, 0, 0, vec[i64](), vec[i64](), [], len(data))
    state.ring = 0
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"LTime":
            state.ltime = reader.ltime()
        elif key == b"EventLTime":
            state.event_ltime = reader.ltime()
        elif key == b"QueryLTime":
            state.query_ltime = reader.ltime()
        elif key == b"StatusLTimes":
            _read_status_times(reader, state, directory)
        elif key == b"LeftMembers":
            count = reader.array_entries()
            while count > 0:
                count -= 1
                state.left.append(int(node_of(directory, reader.text())))
        elif key == b"Events":
            _read_ring(reader, state)
        else:
            reader.skip()
    return state


def _read_status_times(reader: Reader, state: SerfState, directory: Directory) -> None:
    """Keep them where `SerfState.encode`, which jumps about, will come upon them in this order."""
    n = reader.map_entries()
    nodes: vec[i64] = vec[i64]([0] * n)
    ltimes: vec[i64] = vec[i64]([0] * n)
    step = step_through(n)
    at: i64 = 0
    i: i64 = 0
    while i < n:
        nodes[at] = node_of(directory, reader.text())
        ltimes[at] = reader.ltime()
        at = (at + step) % n
        i += 1
    state.nodes = nodes
    state.ltimes = ltimes


def _read_ring(reader: Reader, state: SerfState) -> None:
    slots = reader.array_entries()
    state.ring = slots
    while slots > 0:
        slots -= 1
        entries = reader.map_entries()
        if entries == 0:
            continue
        slot = EventSlot(0)
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"LTime":
                slot.ltime = reader.ltime()
            elif key == b"Events":
                count = reader.array_entries()
                while count > 0:
                    count -= 1
                    slot.events.append(_event(reader))
            else:
                reader.skip()
        for event in slot.events:
            event.ltime = slot.ltime
        state.events.append(slot)
