"""Responses to a query take detours too, so that one may get through where the direct one is lost.

Spec serf.md section 7.1. The asker gets up to relay_factor + 1 copies and takes the first.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Record
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.members import STATUS_ALIVE
from serfsim.protocol.serf.query_messages import Query, QueryResponse, Relayed
from serfsim.protocol.versions import RELAY_VERSION


@mypyc_attr(allow_interpreted_subclasses=True)
class ResponseRelay:
    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def send(self, query: Query, response: QueryResponse, now: float) -> str:
        """Send copies by other members, as many as the query asks for; "" or why it could not be done."""
        core = self.core
        factor = query.relay_factor
        can = core.config.mechanisms
        if factor == 0 or not can.relay or core.members.count < factor + 1:
            return ""
        wrapped = Relayed(response, query.source, can.names_in_queries)
        limit = core.config.query_response_size_limit
        if wrapped.size - 1 > limit:
            return f"relayed response exceeds limit of {limit} bytes"
        for target in self._choose(factor):
            core.send(target, wrapped, now)
        return ""

    def _choose(self, k: i64) -> list[Record]:
        """Up to `k` distinct members that are alive and can relay; at most 3n draws."""
        core = self.core
        members = core.members
        known = members.known()
        n: i64 = len(known)
        chosen: list[int] = []
        records: list[Record] = []
        draws: i64 = 0
        while draws < 3 * n and len(chosen) < k:
            draws += 1
            node = known[core.rng.randrange(n)]
            if members.status(node) != STATUS_ALIVE or node == core.me or node in chosen:
                continue
            record = core.memberlist.members.record(node)
            if record.protocol_max < RELAY_VERSION:
                continue
            chosen.append(node)
            records.append(record)
        return records

    def forward(self, message: Relayed, now: float) -> None:
        """A relay message came: send what is in it where it belongs."""
        self.core.send(message.target, message.inner, now)
