"""What stands above the node of a running agent: it tells the agent what it hears."""

from __future__ import annotations

from typing import Protocol

from serfsim.base.expressions import is_match
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.queries import ReceivedQuery
from serfsim.protocol.serf.query_messages import Query


class Listener(Protocol):
    """Who is told. Members are numbers of the directory."""

    def on_user_event(self, event: UserEvent) -> None: ...

    def on_query(self, received: ReceivedQuery, now: float) -> None: ...

    def on_member_event(self, kind: int, members: list[int]) -> None: ...

    def on_response(self, query: Query, source: int, payload: bytes | None) -> None:
        """An answer, or an ack where there is no payload."""

    def on_query_end(self, query: Query) -> None: ...

    def on_name_lost(self) -> None: ...


class AgentApplication(Application):
    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def wants_member_events(self) -> bool:
        return True

    def matches(self, expression: str, value: str) -> bool:
        return is_match(expression, value)

    def user_event(self, event: UserEvent, now: float) -> None:
        self.listener.on_user_event(event)

    def query(self, received: ReceivedQuery, now: float) -> None:
        self.listener.on_query(received, now)

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        self.listener.on_member_event(kind, members)

    def acked(self, query: Query, source: int, now: float) -> None:
        self.listener.on_response(query, source, None)

    def answered(self, query: Query, source: int, payload: bytes, now: float) -> None:
        self.listener.on_response(query, source, payload)

    def closed(self, query: Query, now: float) -> None:
        self.listener.on_query_end(query)

    def shut_down(self, now: float) -> None:
        self.listener.on_name_lost()
