"""Queries as they come in: taken once, filtered, acked, handed up, answered (spec serf.md section 7).

    received at Lamport time t              passed on     acked, delivered
    before the least time, or too old       no            no
    with an id known for t                  no            no
    new, filtered out                       unless flag   no
    new, for this node                      unless flag   yes

Acks and answers go straight to the asker, by a datagram even where that is this node itself, and if
the query has a relay factor, by that many other members besides.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.lamport import LamportClock
from serfsim.protocol.serf.query_messages import ACK_FLAG, Query, QueryResponse
from serfsim.protocol.serf.relay import ResponseRelay


@mypyc_attr(acyclic=True)
class QuerySlot:
    """The queries of one Lamport time, by their ids."""

    def __init__(self, ltime: i64) -> None:
        self.ltime: i64 = ltime
        self.ids: list[int] = []


@mypyc_attr(acyclic=True)
class ReceivedQuery:
    """A query that this node may answer, once and until its deadline."""

    def __init__(self, query: Query, deadline: float) -> None:
        self.query = query
        self.deadline = deadline
        self.is_answered = False


@mypyc_attr(allow_interpreted_subclasses=True)
class Queries:
    """One node's clock for queries and its ring of recent ones. `min_time`: older ones are not wanted."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.clock = LamportClock()
        self.relay = ResponseRelay(core)
        self.min_time: i64 = 0
        self._slots: list[QuerySlot | None] = []  # empty until the first query

    def is_new(self, query: Query, now: float) -> bool:
        """Note a query; False if it was known, is too old or not wanted."""
        ltime = query.ltime
        self.clock.witness(ltime)
        if ltime < self.min_time:
            return False
        core = self.core
        ring = core.config.query_buffer
        current = self.clock.time()
        if current > ring and ltime < current - ring:
            core.runtime.notify(now, events.OLD_QUERY, core.me, ltime)
            core.log(now, log_lines.OLD_QUERY, -1, ltime, current, query.name)
            return False
        if len(self._slots) == 0:
            self._slots = [None] * ring
        slot = self._slots[ltime % ring]
        if slot is None or slot.ltime != ltime:
            slot = QuerySlot(ltime)
            self._slots[ltime % ring] = slot
        elif query.id in slot.ids:
            return False
        slot.ids.append(query.id)
        return True

    def receive(self, query: Query, now: float) -> ReceivedQuery | None:
        """Ack a new query that is for this node; None if it is for others."""
        if not self.is_for_us(query):
            return None
        if query.wants_ack():
            ack = QueryResponse(self.core.record(), query.ltime, query.id, ACK_FLAG, b"")
            self.core.send(query.source, ack, now)
            self.relay.send(query, ack, now)
        return ReceivedQuery(query, now + query.timeout)

    def is_for_us(self, query: Query) -> bool:
        """Do all filters let this node through?"""
        if len(query.filters) == 0:
            return True
        core = self.core
        name = core.name()
        return all(one.lets_through(name, core.tags, core.application) for one in query.filters)

    def response(self, received: ReceivedQuery, payload: bytes) -> QueryResponse:
        query = received.query
        return QueryResponse(self.core.record(), query.ltime, query.id, 0, payload)

    def fits(self, response: QueryResponse) -> bool:
        """Is a response, without memberlist's byte, within the limit?"""
        return response.size - 1 <= self.core.config.query_response_size_limit

    def respond(self, received: ReceivedQuery, response: QueryResponse, now: float) -> str:
        """Send an answer; "" or the library's message why not."""
        if not self.fits(response):
            return f"response exceeds limit of {self.core.config.query_response_size_limit} bytes"
        if received.is_answered:
            return "response already sent"
        if now > received.deadline:
            return "response is past the deadline"
        self.core.send(received.query.source, response, now)
        trouble = self.relay.send(received.query, response, now)
        received.is_answered = trouble == ""
        return trouble
