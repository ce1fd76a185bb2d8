"""Serf's messages inside memberlist's user messages (spec serf.md section 2, sizes wire.md section 5)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr, vec
from serfsim.protocol.directory import Record, unsigned_size
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.messages import UserMessage

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


@mypyc_attr(acyclic=True)
class Intent(UserMessage):
    """A join or leave intent about a member at a Lamport time."""

    def __init__(self, kind: i64, record: Record, ltime: i64, prune: bool) -> None:
        body: i64 = 14 if kind == JOIN else 21
        super().__init__(kind, record.node, 1 + body + unsigned_size(ltime) + record.name_size)
        self.ltime: i64 = ltime
        self.prune = prune


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
