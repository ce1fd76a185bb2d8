"""Serf's messages inside memberlist's user messages (spec serf.md section 2, sizes wire.md section 5)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr, vec
from serfsim.protocol.directory import Directory, Record, unsigned_size
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.wire.msgpack import array_header, boolean, map_header, text, unsigned

LEAVE: Final = 0
JOIN: Final = 1
PUSH_PULL: Final = 2
USER_EVENT: Final = 3
QUERY: Final = 4
QUERY_RESPONSE: Final = 5
CONFLICT_RESPONSE: Final = 6
KEY_REQUEST: Final = 7
KEY_RESPONSE: Final = 8
RELAY: Final = 9

EVENT_RING: Final = 512  # slots, nearly all of them empty


@mypyc_attr(acyclic=True)
class Intent(UserMessage):
    """A join or leave intent about a member at a Lamport time."""

    def __init__(self, kind: i64, record: Record, ltime: i64, prune: bool) -> None:
        body: i64 = 14 if kind == JOIN else 21
        super().__init__(kind, record.node, body + unsigned_size(ltime) + record.name_size)
        self.ltime: i64 = ltime
        self.prune = prune

    def encode(self, directory: Directory) -> bytes:
        name = text(directory.names[self.node])
        if self.user_kind == JOIN:
            return b"\x08\x01" + map_header(2) + text("LTime") + unsigned(self.ltime) + text("Node") + name
        parts = b"\x08\x00" + map_header(3) + text("LTime") + unsigned(self.ltime)
        return parts + text("Node") + name + text("Prune") + boolean(self.prune)


class SerfState(UserState):
    """Serf's part of a push/pull: every member's status time, and who has left.

    `nodes` and `ltimes` run in parallel; `left` lists members of any known status time.
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

    def encode(self, directory: Directory) -> bytes:
        """With an empty event ring; the map in another order than the entries, as Go writes it."""
        parts: list[bytes] = [b"\x02", map_header(6), text("EventLTime"), unsigned(self.event_ltime)]
        parts += [text("Events"), array_header(EVENT_RING), b"\xc0" * EVENT_RING]
        parts += [text("LTime"), unsigned(self.ltime), text("LeftMembers"), array_header(len(self.left))]
        for left in self.left:
            parts.append(text(directory.names[left]))
        n: i64 = len(self.nodes)
        parts += [text("QueryLTime"), unsigned(self.query_ltime), text("StatusLTimes"), map_header(n)]
        step = _step_through(n)
        at: i64 = 0
        for _ in range(n):
            parts.append(text(directory.names[self.nodes[at]]) + unsigned(self.ltimes[at]))
            at = (at + step) % n
        return b"".join(parts)


def _step_through(n: i64) -> i64:
    """A step that visits all of 0 .. n - 1 in an order that looks like none."""
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
