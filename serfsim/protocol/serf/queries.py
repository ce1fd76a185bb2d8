"""Incoming queries: recorded once, filtered, acked, delivered, answered (spec serf.md section 7).

`TRANSITIONS` has the states of one query, identified by its Lamport time and id, at one node.

Acks and answers go directly to the sender of the query, as a datagram even if that is this node itself.
With a relay factor, copies also go through that many other members, in case the direct one is lost
(section 7.1).

Serf itself answers internal queries, whose names begin with _serf_ (section 7.2):

    ping                                   nothing: its ack says it all
    conflict                               the member of the name in the payload, or nil; not from its bearer
    install-key, use-key, remove-key       whether the keys could be changed (`key_queries`)
    list-keys                              the keys
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.serf.core import LamportClock, SerfCore
from serfsim.protocol.serf.key_queries import KEY_QUERIES, KeyQueries
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_NONE
from serfsim.protocol.serf.query_messages import ACK_FLAG, Query, QueryResponse, Relayed
from serfsim.protocol.serf.tags import decode_tags
from serfsim.protocol.transitions import Transition
from serfsim.protocol.versions import RELAY_VERSION
from serfsim.protocol.wire.msgpack import BYTES, NIL_VALUE, map_header, text
from serfsim.protocol.wire.serf_fields import CONFLICT_FIELDS, CONFLICT_RESPONSE

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("new", "query", "known", "pass it on; ack it; deliver it"),
    Transition("new", "query not to be passed on", "known", "ack it; deliver it"),
    Transition("new", "query for others", "known", "pass it on"),
    Transition("new", "query for others, not to be passed on", "known", "drop it"),
    Transition("known", "query", "known", "drop it"),
    Transition("too old", "query", "too old", "drop it; warn"),
    Transition("unwanted", "query", "unwanted", "drop it"),
)


@mypyc_attr(allow_interpreted_subclasses=True)
class ResponseRelay:
    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def send(self, query: Query, response: QueryResponse, now: float) -> str:
        """Send copies by other members, as many as the query asks for; "" or why it could not be done."""
        core = self.core
        factor = query.relay_factor
        features = core.config.features
        if factor == 0 or not features.relay or core.members.count < factor + 1:
            return ""
        wrapped = Relayed(response, query.source, features.names_in_queries, features.serf_signed_integers)
        limit = core.config.query_response_size_limit
        if wrapped.size - 1 > limit:
            return f"relayed response exceeds limit of {limit} bytes"
        for target in self._choose(factor):
            core.send(target, wrapped, now)
        return ""

    def _choose(self, k: i64) -> list[NodeIdentity]:
        """Up to `k` distinct members that are alive and can relay; at most 3n draws."""
        core = self.core
        members = core.members
        known = members.known()
        n: i64 = len(known)
        chosen: list[int] = []
        records: list[NodeIdentity] = []
        draws: i64 = 0
        while draws < 3 * n and len(chosen) < k:
            draws += 1
            node = known[core.rng.randrange(n)]
            if members.status(node) != STATUS_ALIVE or node == core.me or node in chosen:
                continue
            record = core.memberlist.core.members.record(node)
            if record.protocol_max < RELAY_VERSION:
                continue
            chosen.append(node)
            records.append(record)
        return records

    def forward(self, message: Relayed, now: float) -> None:
        """Forward the response inside a relay message to its destination."""
        self.core.send(message.target, message.inner, now)


@mypyc_attr(acyclic=True)
class QuerySlot:
    """The queries of one Lamport time, by their ids."""

    def __init__(self, ltime: i64) -> None:
        self.ltime: i64 = ltime
        self.ids: list[int] = []


@mypyc_attr(allow_interpreted_subclasses=True)
class Queries:
    """One node's clock for queries and its ring of recent ones. `min_time`: older ones are not wanted."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.clock = LamportClock()
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
            self.core.relay.send(query, ack, now)
        return ReceivedQuery(query, now + query.timeout)

    def is_for_us(self, query: Query) -> bool:
        """Return whether all filters match this node."""
        if len(query.filters) == 0:
            return True
        core = self.core
        name = core.name()
        return all(one.lets_through(name, core.tags, core.application.matches) for one in query.filters)

    def response(self, received: ReceivedQuery, payload: bytes) -> QueryResponse:
        query = received.query
        return QueryResponse(self.core.record(), query.ltime, query.id, 0, payload)

    def fits(self, response: QueryResponse) -> bool:
        """Return whether a response, without memberlist's byte, is within the limit."""
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
        last_error = self.core.relay.send(received.query, response, now)
        received.is_answered = last_error == ""
        return last_error


PREFIX: Final = "_serf_"
PING: Final = "_serf_ping"
CONFLICT: Final = "_serf_conflict"


def is_internal(name: str) -> bool:
    return name.startswith(PREFIX)


def encode_conflict_response(
    record: NodeIdentity | None, status: int, tags: dict[str, str], directory: Directory
) -> bytes:
    """Encode the payload of an answer to a conflict query: a member as Serf writes it, or nil."""
    if record is None:
        return BYTES[CONFLICT_RESPONSE] + NIL_VALUE
    values: list[object] = [directory.address_of(record)]
    values += [record.delegate_current, record.delegate_max, record.delegate_min]
    values += [directory.names[record.node], record.port]
    values += [record.protocol_current, record.protocol_max, record.protocol_min, status]
    written = map_header(len(tags))
    for key, value in tags.items():
        written += text(key) + text(value)
    values.append(written)
    return CONFLICT_FIELDS.encode(values)


@mypyc_attr(allow_interpreted_subclasses=True)
class InternalQueries:
    """Answers them; the application never sees them."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.keys = KeyQueries(core)

    def handle(self, received: ReceivedQuery, now: float) -> None:
        name = received.query.name
        if name == PING:
            return
        if name == CONFLICT:
            self._conflict(received, now)
        elif name in KEY_QUERIES:
            self.keys.handle(received, now)
        else:
            core = self.core
            core.runtime.notify(now, events.UNKNOWN_QUERY, core.me, received.query.ltime)
            core.log(now, log_lines.UNKNOWN_QUERY, -1, 0, 0, name.removeprefix(PREFIX))

    def _conflict(self, received: ReceivedQuery, now: float) -> None:
        """Say whom we know by the name in question, unless it is our own."""
        core = self.core
        # What is no text names nobody.
        asked = received.query.payload.decode("utf-8", "replace")
        node = core.directory.find(asked)
        if node == core.me:
            return
        core.log(now, log_lines.CONFLICT_ASKED, node, 0, 0, asked)
        record: NodeIdentity | None = None
        status = 0
        tags: dict[str, str] = {}
        if node >= 0 and core.members.status(node) != STATUS_NONE:
            record = core.memberlist.core.members.record(node)
            status = core.members.status(node)
            tags = decode_tags(record.meta)
        payload = encode_conflict_response(record, status, tags, core.directory)
        response = core.queries.response(received, payload)
        response.member = record
        core.queries.respond(received, response, now)
