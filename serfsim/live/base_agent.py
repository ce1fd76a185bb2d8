"""The agent above one Serf node, live or simulated: its events, queries, log, and waiting callers.

node -> agent      a ReportingApplication calls `on_...`
agent -> user      `pass_on` takes events, a QueryReader the responses to a query, futures the rest
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from serfsim.base.expressions import is_match
from serfsim.live.views import MemberView, member_view
from serfsim.logs.lines import AgentLog
from serfsim.logs.words import MEMBER_EVENTS, format_words
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.errors import gathered
from serfsim.protocol.serf.application import Application, ReceivedQuery
from serfsim.protocol.serf.core import NO_TOKEN
from serfsim.protocol.serf.intents import STAYING
from serfsim.protocol.serf.joining import AFTER_LEAVE
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.serf.query_messages import Query

# A member's status after an event, where the event implies one.
STATUS_AFTER: Final = {events.JOIN: "alive", events.LEFT: "left", events.FAILED: "failed"}


QueryKey = tuple[int, int]
"""A query's Lamport time and id."""


class AgentEvent(NamedTuple):
    """An event passed on by an agent.

    `kind` is member-join, member-leave, member-failed, member-update, member-reap, user or query. A member
    event has `members`; a user event and a query have `name`, `payload` and the `message` itself.
    """

    kind: str
    name: str = ""
    members: tuple[MemberView, ...] = ()
    payload: bytes = b""
    message: UserEvent | ReceivedQuery | None = None

    @property
    def topic(self) -> str:
        """The event in the syntax of Serf's event filters: member-join, user:deploy, query:uptime."""
        return f"{self.kind}:{self.name}" if self.message is not None else self.kind


class JoinResult(NamedTuple):
    """The outcome of a join: the number of members that answered, and an error for each failed address."""

    contacted: int
    errors: list[str]


class QueryReader(Protocol):
    """Takes the responses to one of the node's queries, then its end."""

    def take_ack(self, source: str) -> None: ...

    def take_answer(self, source: str, payload: bytes) -> None: ...

    def end(self) -> None: ...


class BaseAgent(ABC):
    """Base of live and simulated agents.

    `directory` names members, `log` takes lines.
    """

    def __init__(self, directory: Directory, log: AgentLog) -> None:
        self.directory = directory
        self.log = log
        self.queries: dict[QueryKey, QueryReader] = {}
        self._waits: dict[Hashable, list[asyncio.Future[Any]]] = defaultdict(list)
        self._results: dict[int, Any] | None = None  # results by token, while a call is in progress
        self._last_status: dict[int, str] = {}  # by member, according to the events

    @property
    @abstractmethod
    def node(self) -> SerfNode:
        """The protocol node."""

    @property
    @abstractmethod
    def now(self) -> float:
        """The current time of the node's clock, in seconds."""

    @abstractmethod
    def pass_on(self, event: AgentEvent) -> None:
        """Pass an event to the listeners."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Log a line now; the text begins with its level in brackets."""

    def members(self) -> list[MemberView]:
        """Return the members the node knows, in the order of their numbers."""
        return [self.view_of(int(member)) for member in self.node.members.known()]

    def view_of(self, member: int, status: str | None = None) -> MemberView:
        """Return a member as Serf knows it; `status` is for one that Serf has just forgotten."""
        return member_view(self.node, member, status)

    # User events and queries -----------------------------------------------------------------------

    def send_event(self, name: str, payload: bytes, coalesce: bool) -> str:
        """Send a user event to all members; return "", or the library's error."""
        node = self.node
        return "" if node.user_event(name, payload, coalesce, self.now) is not None else node.last_error

    def send_query(self, name: str, payload: bytes, params: QueryParams) -> QueryKey | None:
        """Send a query; return the key under which `queries` takes its reader.

        None where the query is refused, with the reason in the node's `last_error`.
        """
        opened = self.node.query(name, payload, params, self.now)
        return None if opened is None else (int(opened.query.ltime), int(opened.query.id))

    # Joining ---------------------------------------------------------------------------------------

    async def join_through(
        self, given: Sequence[str], contacts: Sequence[int | str], replay: bool
    ) -> tuple[int, str]:
        """Join through members; return the number that answered and, where none did, the library's error.

        `given` is the caller's text, for the log; `contacts` are the numbers of these addresses, or the error
        of one that cannot be resolved. `replay`: deliver earlier user events too.
        """
        self.say(format_words(log_lines.JOINING, text=" ".join(given), a="true" if replay else "false"))
        node, addresses = self.node, [contact for contact in contacts if isinstance(contact, int)]
        if node.leave_phase != STAYING:
            return 0, AFTER_LEAVE
        result: JoinResult = await self.completion(
            lambda: node.join(addresses, self.now, not replay, once=True)
        )
        if result.contacted > 0:
            self.say(format_words(log_lines.JOINED, a=result.contacted))
            return result.contacted, ""
        failed = iter(result.errors)
        error = gathered([contact if isinstance(contact, str) else next(failed) for contact in contacts])
        if error:
            self.say(format_words(log_lines.JOIN_ERROR, text=error))
        return 0, error

    # Waiting ---------------------------------------------------------------------------------------

    def completion_of(self, what: Hashable) -> asyncio.Future[Any]:
        """Return a future for the next completion of `what`."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waits[what].append(future)
        return future

    def resolve(self, what: Hashable, value: Any) -> None:
        """Give `value` to all waiters for `what`."""
        for future in self._waits.pop(what, ()):
            if not future.done():
                future.set_result(value)

    def completion(self, begin: Callable[[], int]) -> asyncio.Future[Any]:
        """Start a join, leave, removal or update; return a future for its result (see `on_done`).

        `begin` calls the node and returns the call's token. The result is None where the node starts nothing.
        """
        self._results = {NO_TOKEN: None}
        try:
            token = int(begin())
            future = self.completion_of(token)
            if token in self._results:
                self.resolve(token, self._results[token])
        finally:
            self._results = None
        return future

    def on_done(self, token: int, result: Any) -> None:
        """Complete a call of the node, possibly before it has returned its token.

        `result` is a JoinResult, the outcome of a leave, or True if a removal or an update was broadcast in
        time.
        """
        if self._results is not None:
            self._results[int(token)] = result
        self.resolve(int(token), result)

    def end_waits(self, error: Exception | None = None) -> None:
        """End all waits with `error`, or cancel them, since the node no longer answers."""
        for waits in self._waits.values():
            for future in waits:
                if error is None:
                    future.cancel()
                elif not future.done():
                    future.set_exception(error)
        self._waits.clear()
        self.queries.clear()

    # The node's reports ----------------------------------------------------------------------------

    def on_user_event(self, event: UserEvent, now: float) -> None:
        self.pass_on(AgentEvent("user", event.name, payload=event.payload, message=event))

    def on_query(self, received: ReceivedQuery, now: float) -> None:
        query = received.query
        self.pass_on(AgentEvent("query", query.name, payload=query.payload, message=received))

    def on_member_event(self, kind: int, members: list[int], now: float) -> None:
        status = STATUS_AFTER.get(kind)
        if status is not None:
            self._last_status.update(dict.fromkeys(members, status))
        views = [self.view_of(member, self._last_status.get(member)) for member in members]
        self.pass_on(AgentEvent(MEMBER_EVENTS[kind], members=tuple(views)))

    def on_ack(self, query: Query, source: int) -> None:
        reader = self.queries.get((int(query.ltime), int(query.id)))
        if reader is not None:
            reader.take_ack(self.directory.names[source])

    def on_answer(self, query: Query, source: int, payload: bytes) -> None:
        reader = self.queries.get((int(query.ltime), int(query.id)))
        if reader is not None:
            reader.take_answer(self.directory.names[source], payload)

    def on_query_end(self, query: Query) -> None:
        key = (int(query.ltime), int(query.id))
        reader = self.queries.pop(key, None)
        if reader is not None:
            reader.end()
        self._waits.pop(key, None)

    @abstractmethod
    def on_name_lost(self) -> None:
        """Handle the loss of the node's name to another member, which ends its process."""


class ReportingApplication(Application):
    """Reports the node's callbacks to `agent`."""

    agent: BaseAgent

    def wants_member_events(self) -> bool:
        return True

    def matches(self, expression: str, value: str) -> bool:
        return is_match(expression, value)

    def user_event(self, event: UserEvent, now: float) -> None:
        super().user_event(event, now)
        self.agent.on_user_event(event, now)

    def query(self, received: ReceivedQuery, now: float) -> None:
        super().query(received, now)
        self.agent.on_query(received, now)

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        super().member_event(kind, members, now)
        self.agent.on_member_event(kind, members, now)

    def acked(self, query: Query, source: int, now: float) -> None:
        super().acked(query, source, now)
        self.agent.on_ack(query, source)

    def answered(self, query: Query, source: int, payload: bytes, now: float) -> None:
        super().answered(query, source, payload, now)
        self.agent.on_answer(query, source, payload)

    def closed(self, query: Query, now: float) -> None:
        super().closed(query, now)
        self.agent.on_query_end(query)

    def join_done(self, token: int, contacted: int, now: float) -> None:
        super().join_done(token, contacted, now)
        self.agent.on_done(token, JoinResult(int(contacted), list(self.agent.node.memberlist.join_errors)))

    def leave_done(self, token: int, outcome: int, now: float) -> None:
        super().leave_done(token, outcome, now)
        self.agent.on_done(token, int(outcome))

    def removal_done(self, token: int, in_time: bool, now: float) -> None:
        super().removal_done(token, in_time, now)
        self.agent.on_done(token, in_time)

    def update_done(self, token: int, in_time: bool, now: float) -> None:
        super().update_done(token, in_time, now)
        self.agent.on_done(token, in_time)

    def shut_down(self, now: float) -> None:
        super().shut_down(now)
        self.agent.on_name_lost()
