"""Serf's messages inside memberlist's user messages (spec serf.md section 2, sizes wire.md section 5)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr, vec
from serfsim.protocol.converged import ConvergedStatuses
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.wire import serf_fields as wire
from serfsim.protocol.wire.msgpack import (
    array_header,
    header_size,
    map_header,
    string_size,
    unsigned,
    unsigned_size,
)
from serfsim.protocol.wire.serf_fields import CONFLICT_RESPONSE as CONFLICT_RESPONSE
from serfsim.protocol.wire.serf_fields import JOIN as JOIN
from serfsim.protocol.wire.serf_fields import KEY_RESPONSE as KEY_RESPONSE
from serfsim.protocol.wire.serf_fields import LEAVE as LEAVE
from serfsim.protocol.wire.serf_fields import PUSH_PULL as PUSH_PULL
from serfsim.protocol.wire.serf_fields import QUERY as QUERY
from serfsim.protocol.wire.serf_fields import QUERY_RESPONSE as QUERY_RESPONSE
from serfsim.protocol.wire.serf_fields import RELAY as RELAY
from serfsim.protocol.wire.serf_fields import USER_EVENT as USER_EVENT

PRUNE_SIZE: Final[i64] = wire.LEAVE_FIELDS.extra("prune")

EVENT_RING: Final = 512  # slots, nearly all of them empty


@mypyc_attr(acyclic=True)
class Intent(UserMessage):
    """A join or leave intent about a member at a Lamport time."""

    def __init__(
        self, kind: i64, record: NodeIdentity, ltime: i64, prune: bool, has_prune: bool = True
    ) -> None:
        size = wire.JOIN_FIELDS.size + unsigned_size(ltime) + record.name_size
        super().__init__(kind, record.node, size + PRUNE_SIZE if kind == LEAVE and has_prune else size)
        self.ltime: i64 = ltime
        self.prune = prune
        self.has_prune = has_prune  # the field is there, as it is from Serf 0.8.4 on

    def encode(self, directory: Directory) -> bytes:
        name = directory.written_names[self.node]
        if self.user_kind == JOIN:
            return wire.JOIN_FIELDS.encode([self.ltime, name])
        return wire.LEAVE_FIELDS.encode([self.ltime, name, self.prune if self.has_prune else None])


def bytes_size(data: bytes) -> i64:
    """Bytes that msgpack needs for a payload; one that is empty takes as many as nil."""
    return string_size(len(data))


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class GossipedItem(UserMessage):
    """A gossiped user event or query; `node` is its sender, as far as is known.

    `number` identifies it in the recording of deliveries; -1 until it has one.
    """

    def __init__(self, kind: i64, node: i64, size: i64, ltime: i64, name: str, payload: bytes) -> None:
        super().__init__(kind, node, size)
        self.ltime: i64 = ltime
        self.name = name
        self.payload = payload
        self.number: i64 = -1


@mypyc_attr(acyclic=True)
class UserEvent(GossipedItem):
    """`coalesce` is the CC flag: the agent may hold it back and pass on only the newest of the name."""

    def __init__(self, node: i64, ltime: i64, name: str, payload: bytes, coalesce: bool) -> None:
        size = wire.USER_EVENT_FIELDS.size + unsigned_size(ltime)
        size += string_size(len(name.encode())) + bytes_size(payload)
        super().__init__(USER_EVENT, node, size, ltime, name, payload)
        self.coalesce = coalesce

    def is_same(self, other: UserEvent) -> bool:
        """Return whether two events of one Lamport time are the same."""
        return self.name == other.name and self.payload == other.payload

    def uncoalesced(self) -> UserEvent:
        """Return the event as a push/pull carries it, without the coalesce flag."""
        if not self.coalesce:
            return self
        bare = UserEvent(self.node, self.ltime, self.name, self.payload, False)
        bare.number = self.number
        return bare

    def ring_size(self) -> i64:
        """Bytes of the event within a push/pull's ring."""
        return wire.RING_EVENT_FIELDS.size + string_size(len(self.name.encode())) + bytes_size(self.payload)

    def encode(self, directory: Directory) -> bytes:
        return wire.USER_EVENT_FIELDS.encode([self.coalesce, self.ltime, self.name, self.payload])

    def encode_for_ring(self) -> bytes:
        """Encode the event within a push/pull's ring."""
        return wire.RING_EVENT_FIELDS.encode([self.name, self.payload])


@mypyc_attr(acyclic=True)
class EventSlot:
    """The user events of one Lamport time in the ring of recent ones."""

    def __init__(self, ltime: i64) -> None:
        self.ltime: i64 = ltime
        self.events: list[UserEvent] = []

    def copy(self) -> EventSlot:
        made = EventSlot(self.ltime)
        made.events = self.events.copy()
        return made

    def size(self) -> i64:
        """Bytes in a push/pull, of which an empty slot would have taken one."""
        size: i64 = wire.SLOT_FIELDS.size + header_size(len(self.events)) + unsigned_size(self.ltime)
        for event in self.events:
            size += event.ring_size()
        return size

    def encode(self) -> bytes:
        events = array_header(len(self.events))
        for event in self.events:
            events += event.encode_for_ring()
        return wire.SLOT_FIELDS.encode([events, self.ltime])


class SerfState(UserState):
    """Serf's part of a push/pull: every member's status time, and who has left.

    `nodes` and `ltimes` run in parallel; `left` lists members of any known status time. `events` are
    the slots in use of the sender's ring, in its order, which has `ring` slots in all.
    """

    def __init__(
        self,
        ltime: i64,
        event_ltime: i64,
        query_ltime: i64,
        nodes: vec[i64],
        ltimes: vec[i64],
        left: list[int],
        size: i64,
    ) -> None:
        super().__init__(size)
        self.ltime: i64 = ltime
        self.event_ltime: i64 = event_ltime
        self.query_ltime: i64 = query_ltime
        self.nodes: vec[i64] = nodes
        self.ltimes: vec[i64] = ltimes
        self.left = left
        self.events: list[EventSlot] = []
        self.ring: i64 = EVENT_RING
        self.base: ConvergedStatuses | None = None  # the sender's view, where it is that of a converged start

    def encode(self, directory: Directory) -> bytes:
        """Encode the map in Go's random order of iteration, and each slot of the ring in its place."""
        names = directory.written_names
        left = [array_header(len(self.left))]
        for node in self.left:
            left.append(names[node])
        n: i64 = len(self.nodes)
        ltimes = [map_header(n)]
        step = step_through(n)
        at: i64 = 0
        for _ in range(n):
            ltimes += [names[self.nodes[at]], unsigned(self.ltimes[at])]
            at = (at + step) % n
        values: list[object] = [self.event_ltime, self._encode_ring(), self.ltime, b"".join(left)]
        values += [self.query_ltime, b"".join(ltimes)]
        return wire.STATE_FIELDS.encode(values)

    def _encode_ring(self) -> bytes:
        slots = [b"\xc0"] * self.ring
        for slot in self.events:
            slots[slot.ltime % self.ring] = slot.encode()
        return array_header(self.ring) + b"".join(slots)


def step_through(n: i64) -> i64:
    """Return a step that visits all of 0 .. n - 1 in an apparently random order."""
    step = n * 5 // 8 + 1
    while True:
        a = n
        b = step
        while b > 0:
            rest = a % b
            a = b
            b = rest
        if a == 1 or n == 0:
            return step
        step += 1
