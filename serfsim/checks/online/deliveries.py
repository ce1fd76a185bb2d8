"""Delivery of user events and queries."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol.serf.application import DELIVERED, RECEIVED
from serfsim.protocol.serf.messages import GossipedItem
from serfsim.protocol.serf.query_messages import Query


class DeliveredOnce(Checker):
    """Count the receptions and deliveries of each item at each process."""

    name = "delivered_once"
    rule = "a process receives and delivers each user event and each query at most once"
    of_serf = False

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._seen: set[tuple[int, int, int, int, str, object]] = set()

    def delivered(self, member: i64, kind: i64, item: GossipedItem) -> None:
        if kind not in (RECEIVED, DELIVERED):
            return
        own = item.id if isinstance(item, Query) else item.payload
        key = (member, self.run.life(member), kind, item.ltime, item.name, own)
        if key in self._seen:
            verb = "received" if kind == RECEIVED else "delivered"
            self.report(member, f"{verb} {item.name!r} of Lamport time {item.ltime} a second time")
        self._seen.add(key)
