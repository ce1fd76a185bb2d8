"""Sending and taking what goes to all members: user events and queries (spec serf.md sections 6 and 7)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.serf.asking import Asking, OpenQuery, QueryParams
from serfsim.protocol.serf.conflict import ConflictVote
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.events import UserEvents, encoded_too_long, too_long
from serfsim.protocol.serf.internal import CONFLICT
from serfsim.protocol.serf.messages import SerfState, UserEvent
from serfsim.protocol.serf.pipeline import EventPipeline
from serfsim.protocol.serf.queries import Queries
from serfsim.protocol.serf.query_messages import Query
from serfsim.protocol.serf.queues import QUERIES, USER_EVENTS


@mypyc_attr(allow_interpreted_subclasses=True)
class Announcing:
    """`trouble` is the library's message about what was refused last."""

    def __init__(
        self,
        core: SerfCore,
        user_events: UserEvents,
        queries: Queries,
        asking: Asking,
        pipeline: EventPipeline,
    ) -> None:
        self.core = core
        self.user_events = user_events
        self.queries = queries
        self.asking = asking
        self.pipeline = pipeline
        self.vote = ConflictVote(core)
        self.trouble = ""

    # User events -------------------------------------------------------------------------------

    def send_event(self, name: str, payload: bytes, coalesce: bool, now: float) -> UserEvent | None:
        """Tell all members; None if it is too long."""
        core = self.core
        limit = core.config.user_event_size_limit
        clock = self.user_events.clock
        self.trouble = too_long(name, payload, limit)
        if self.trouble != "":
            return None
        event = UserEvent(core.me, clock.time(), name, payload, coalesce)
        if core.config.mechanisms.checks_encoded_size:
            self.trouble = encoded_too_long(event, limit)
        if self.trouble != "":
            return None
        clock.increment()
        core.application.sent(event, now)
        self._take_event(event, now)
        core.queues.add(USER_EVENTS, event, now)
        return event

    def event_came(self, event: UserEvent, now: float) -> None:
        """A gossiped user event; what is new is passed on unchanged."""
        if self._take_event(event, now):
            self.core.queues.add(USER_EVENTS, event, now)

    def _take_event(self, event: UserEvent, now: float) -> bool:
        if not self.user_events.take(event, now):
            return False
        self.core.application.received(event, now)
        self.pipeline.user_event(event, now)
        return True

    def merge(self, state: SerfState, join: bool, now: float) -> None:
        """The recent user events that a push/pull brought; they are not passed on."""
        if join and self.user_events.ignores_old:
            self.user_events.forget_before(state.event_ltime)
        for slot in state.events:
            for event in slot.events:
                self._take_event(event.uncoalesced(), now)

    # Queries -----------------------------------------------------------------------------------

    def send_query(self, name: str, payload: bytes, params: QueryParams, now: float) -> OpenQuery | None:
        """Ask all members; None if that may not be."""
        opened = self.asking.make(name, payload, params, now)
        self.trouble = self.asking.trouble
        if opened is not None:
            query = opened.query
            self.core.application.sent(query, now)
            self._take_query(query, now)
            self.core.queues.add(QUERIES, query, now)
        return opened

    def query_came(self, query: Query, now: float) -> None:
        """A gossiped query; what is new is passed on unchanged, unless it asks not to be."""
        if self._take_query(query, now) and query.may_be_passed_on():
            self.core.queues.add(QUERIES, query, now)

    def _take_query(self, query: Query, now: float) -> bool:
        if not self.queries.is_new(query, now):
            return False
        self.core.application.received(query, now)
        received = self.queries.receive(query, now)
        if received is not None:
            self.pipeline.query(received, now)
        return True

    def resolve_conflict(self, now: float) -> None:
        """Ask the others who it is that bears our name."""
        self.send_query(CONFLICT, self.core.name().encode(), QueryParams(), now)

    def close_query(self, ltime: i64, now: float) -> bool:
        """The time of a query is over; False if by its answers this node has lost its name."""
        opened = self.asking.close(ltime, now)
        if opened is None or opened.query.name != CONFLICT:
            return True
        return not self.vote.is_lost(opened, now)
