"""How Serf 0.6 and 0.7 kept intents about members not known yet: two rings, of joins and of leaves.

As long as a ring holds any intent about a member, another of that kind is old news even if its Lamport
time is newer. Nothing expires; the 129th intent overwrites the first. (From 0.8 on: `RecentIntents`.)
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.serf.members import RecentIntents
from serfsim.protocol.serf.messages import JOIN

RING: Final = 128


class IntentRing:
    """The last intents of one kind."""

    def __init__(self) -> None:
        self.ltimes: dict[int, int] = {}  # by member
        self.order: list[int] = []  # the members concerned, in the order of their slots
        self.next: i64 = 0

    def put(self, node: i64, ltime: i64) -> None:
        if len(self.order) < RING:
            self.order.append(node)
        else:
            del self.ltimes[self.order[self.next]]
            self.order[self.next] = node
        self.next = (self.next + 1) % RING
        self.ltimes[node] = ltime


@mypyc_attr(allow_interpreted_subclasses=True)
class IntentRings(RecentIntents):
    def __init__(self) -> None:
        super().__init__()
        self.joins = IntentRing()
        self.leaves = IntentRing()

    def _ring(self, kind: i64) -> IntentRing:
        return self.joins if kind == JOIN else self.leaves

    def buffer(self, node: i64, kind: i64, ltime: i64, now: float) -> bool:
        ring = self._ring(kind)
        if node in ring.ltimes:
            return False
        ring.put(node, ltime)
        return True

    def find(self, node: i64, kind: i64) -> i64:
        return self._ring(kind).ltimes.get(node, -1)

    def reap(self, now: float, timeout: float) -> bool:
        """Nothing expires."""
        return False
