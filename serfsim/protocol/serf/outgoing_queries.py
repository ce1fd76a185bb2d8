"""Broadcasts of user events and queries, and the responses to this node's own queries.

Spec serf.md sections 6, 7 and 10. An ack or answer counts once a member. The sender is taken to read them
as they come, so that the library's channels, as long as there were members at the start, never overflow.
Where two members bear one name, a query asks the others which of them they know, and the minority goes.
"""

from __future__ import annotations

import math

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.core import QUERIES, QUERY_CLOSE, USER_EVENTS, SerfCore
from serfsim.protocol.serf.events import encoded_too_long, too_long
from serfsim.protocol.serf.messages import SerfState, UserEvent
from serfsim.protocol.serf.queries import CONFLICT
from serfsim.protocol.serf.query_messages import ACK_FLAG, Filter, Query, QueryResponse

# Serf protocol from which on queries may be started.
QUERY_PROTOCOL = 4


def default_query_timeout(gossip_interval: float, query_timeout_mult: i64, n: i64) -> float:
    """Seconds that a query stays open in a cluster of `n` members that are up."""
    interval_ns: i64 = i64(gossip_interval * 1e9 + 0.5)
    steps: i64 = i64(math.ceil(math.log10(float(n + 1))))
    return float(interval_ns * query_timeout_mult * steps) / 1e9


class QueryParams:
    """Parameters of a query: `timeout` in seconds, 0 for the default; `no_broadcast` is for tests."""

    def __init__(
        self,
        filters: list[Filter] | None = None,
        request_ack: bool = False,
        relay_factor: i64 = 0,
        timeout: float = 0.0,
    ) -> None:
        self.filters: list[Filter] = [] if filters is None else filters
        self.request_ack = request_ack
        self.relay_factor: i64 = relay_factor
        self.timeout = timeout


class OpenQuery:
    """A query under way, and who has acked and answered it so far."""

    def __init__(self, query: Query, deadline: float) -> None:
        self.query = query
        self.deadline = deadline
        self.acks: dict[int, float] = {}  # by member: when
        self.answers: dict[int, QueryResponse] = {}


@mypyc_attr(allow_interpreted_subclasses=True)
class OutgoingQueries:
    """Queries that this node sent; QUERY_CLOSE calls `close` with a Lamport time."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.open: dict[int, OpenQuery] = {}  # by Lamport time
        self.last_error = ""

    def default_timeout(self) -> float:
        core = self.core
        gossip_interval = core.memberlist.core.config.gossip_interval
        n = core.memberlist.core.members.alive
        return default_query_timeout(gossip_interval, core.config.query_timeout_mult, n)

    def make(self, name: str, payload: bytes, params: QueryParams, now: float) -> OpenQuery | None:
        """Return a new query open for responses, or None where it is refused; `last_error` then says why."""
        core = self.core
        if core.config.protocol_version < QUERY_PROTOCOL:
            self.last_error = "Feature not supported"
            return None
        timeout = params.timeout if params.timeout > 0.0 else self.default_timeout()
        flags: i64 = ACK_FLAG if params.request_ack else 0
        number = core.rng.randrange(0x80000000)
        ltime = core.queries.clock.time()
        factor = params.relay_factor if core.config.features.relay else 0
        query = Query(
            core.record(),
            ltime,
            number,
            name,
            payload,
            params.filters,
            flags,
            factor,
            timeout,
            core.config.features.names_in_queries,
            core.config.features.serf_signed_integers,
        )
        if query.size - 1 > core.config.query_size_limit:
            self.last_error = f"query exceeds limit of {core.config.query_size_limit} bytes"
            return None
        self.last_error = ""
        opened = OpenQuery(query, now + timeout)
        self.open[ltime] = opened
        core.runtime.call_at(opened.deadline, QUERY_CLOSE, ltime, 0)
        return opened

    def take(self, response: QueryResponse, now: float) -> None:
        """Handle an ack or answer."""
        core = self.core
        opened = self.open.get(response.ltime)
        if opened is None:
            core.runtime.notify(now, events.STRAY_RESPONSE, response.node, response.ltime)
            core.log(now, log_lines.STRAY_RESPONSE, response.node, response.ltime, response.id)
            return
        if opened.query.id != response.id:
            core.runtime.notify(now, events.MISMATCHED_RESPONSE, response.node, response.id)
            core.log(now, log_lines.WRONG_RESPONSE, response.node, opened.query.id, response.id)
            return
        if now > opened.deadline:
            return
        source = response.node
        if response.is_ack():
            if not opened.query.wants_ack():
                # There is nobody to take it.
                core.log(now, log_lines.ACK_UNWANTED, source)
            elif source not in opened.acks:
                opened.acks[source] = now
                core.application.acked(opened.query, source, now)
        elif source not in opened.answers:
            opened.answers[source] = response
            core.internal_queries.keys.answered(opened.query.name, source, response.payload, now)
            core.application.answered(opened.query, source, response.payload, now)

    def close(self, ltime: i64, now: float) -> OpenQuery | None:
        """Close a query at its deadline and return it with its responses."""
        opened = self.open.pop(ltime, None)
        if opened is not None:
            core = self.core
            core.application.closed(opened.query, now)
        return opened


@mypyc_attr(allow_interpreted_subclasses=True)
class ConflictVote:
    """Counts the answers to a conflict query."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def is_lost(self, opened: OpenQuery, now: float) -> bool:
        """Do fewer than the majority know us by our name? Without any answer they do."""
        core = self.core
        own = core.record()
        answers: i64 = len(opened.answers)
        matching: i64 = 0
        for response in opened.answers.values():
            member = response.member
            if member is not None and member.address == own.address and member.port == own.port:
                matching += 1
        won = matching >= answers // 2 + 1
        event: i64 = events.CONFLICT_WON if won else events.CONFLICT_LOST
        core.runtime.notify(now, event, core.me, matching * 65536 + answers)
        return not won


@mypyc_attr(allow_interpreted_subclasses=True)
class Broadcaster:
    """`last_error` is the library's message about what was refused last."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.vote = ConflictVote(core)
        self.last_error = ""

    # User events -------------------------------------------------------------------------------

    def send_event(self, name: str, payload: bytes, coalesce: bool, now: float) -> UserEvent | None:
        """Tell all members; None if it is too long."""
        core = self.core
        limit = core.config.user_event_size_limit
        clock = self.core.user_events.clock
        self.last_error = too_long(name, payload, limit)
        if self.last_error != "":
            return None
        event = UserEvent(core.me, clock.time(), name, payload, coalesce)
        if core.config.features.checks_encoded_size:
            self.last_error = encoded_too_long(event, limit)
        if self.last_error != "":
            return None
        clock.increment()
        core.application.sent(event, now)
        self._take_event(event, now)
        core.queues.add(USER_EVENTS, event, now)
        return event

    def event_came(self, event: UserEvent, now: float) -> None:
        """Handle a gossiped user event, and rebroadcast it unchanged if it is new."""
        if self._take_event(event, now):
            self.core.queues.add(USER_EVENTS, event, now)

    def _take_event(self, event: UserEvent, now: float) -> bool:
        if not self.core.user_events.take(event, now):
            return False
        self.core.application.received(event, now)
        self.core.pipeline.user_event(event, now)
        return True

    def merge(self, state: SerfState, join: bool, now: float) -> None:
        """Merge the recent user events of a push/pull, without rebroadcasting them."""
        if join and self.core.user_events.ignores_old:
            self.core.user_events.forget_before(state.event_ltime)
        for slot in state.events:
            for event in slot.events:
                self._take_event(event.uncoalesced(), now)

    # Queries -----------------------------------------------------------------------------------

    def send_query(self, name: str, payload: bytes, params: QueryParams, now: float) -> OpenQuery | None:
        """Ask all members; None if that may not be."""
        opened = self.core.outgoing_queries.make(name, payload, params, now)
        self.last_error = self.core.outgoing_queries.last_error
        if opened is not None:
            query = opened.query
            self.core.application.sent(query, now)
            self._take_query(query, now)
            self.core.queues.add(QUERIES, query, now)
        return opened

    def query_came(self, query: Query, now: float) -> None:
        """Handle a gossiped query, and rebroadcast it unchanged if it is new, unless it asks not to be."""
        if self._take_query(query, now) and query.may_be_passed_on():
            self.core.queues.add(QUERIES, query, now)

    def _take_query(self, query: Query, now: float) -> bool:
        if not self.core.queries.is_new(query, now):
            return False
        self.core.application.received(query, now)
        received = self.core.queries.receive(query, now)
        if received is not None:
            self.core.pipeline.query(received, now)
        return True

    def name_contested(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        """Another address claims a member's name; if it is ours, the others shall decide (section 10)."""
        core = self.core
        theirs = core.directory.endpoint(other.address)
        if existing.node != core.me:
            text = f"{core.directory.endpoint(existing.address)} and {theirs}"
            core.log(now, log_lines.NAME_CONFLICT, existing.node, 0, 0, text)
            return
        resolves = core.config.enable_name_conflict_resolution
        core.log(now, log_lines.OWN_NAME_CONFLICT, core.me, 1 if resolves else 0, 0, theirs)
        if resolves:
            self.send_query(CONFLICT, core.name().encode(), QueryParams(), now)

    def close_query(self, ltime: i64, now: float) -> bool:
        """Close a query at its deadline; return False if its answers cost this node its name."""
        opened = self.core.outgoing_queries.close(ltime, now)
        if opened is None or opened.query.name != CONFLICT:
            return True
        return not self.vote.is_lost(opened, now)
