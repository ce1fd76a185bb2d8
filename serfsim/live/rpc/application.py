"""What is put into the served node so that its agent hears of everything; the node itself is as ever.

`ServedApplication` takes the place of the agent above the node, `ServedDelegate` that of the layer between
Serf and memberlist: it catches how the joins and tag changes ended that the RPC protocol asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from serfsim.protocol.serf.delegate import SerfDelegate
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import UPDATING, SerfNode
from serfsim.protocol.serf.queries import ReceivedQuery
from serfsim.protocol.serf.query_messages import Query
from serfsim.simulation.application import AgentApplication

if TYPE_CHECKING:
    from serfsim.simulation.agents import Agents

# The token of a join that the RPC protocol asked for: none of Serf's own, which are small.
RPC_JOIN: Final = 1 << 40


class Listener(Protocol):
    """Who is told what happens at the served node; times are the engine's."""

    def on_user_event(self, event: UserEvent, now: float) -> None: ...

    def on_query(self, received: ReceivedQuery, now: float) -> None: ...

    def on_member_event(self, kind: int, members: list[int], now: float) -> None: ...

    def on_ack(self, query: Query, source: int) -> None: ...

    def on_answer(self, query: Query, source: int, payload: bytes) -> None: ...

    def on_query_end(self, query: Query) -> None: ...

    def on_removal_told(self, in_time: bool) -> None: ...

    def on_tags_told(self, in_time: bool) -> None: ...

    def on_joined(self, contacted: int) -> None: ...


class ServedApplication(AgentApplication):
    """The agent above the served node, which tells `listener` what it hears."""

    def __init__(self, agents: Agents, number: int, listener: Listener) -> None:
        super().__init__(agents, number)
        self.listener = listener

    def user_event(self, event: UserEvent, now: float) -> None:
        super().user_event(event, now)
        self.listener.on_user_event(event, now)

    def query(self, received: ReceivedQuery, now: float) -> None:
        super().query(received, now)
        self.listener.on_query(received, now)

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        self.listener.on_member_event(kind, members, now)

    def acked(self, query: Query, source: int, now: float) -> None:
        super().acked(query, source, now)
        self.listener.on_ack(query, source)

    def answered(self, query: Query, source: int, payload: bytes, now: float) -> None:
        super().answered(query, source, payload, now)
        self.listener.on_answer(query, source, payload)

    def closed(self, query: Query, now: float) -> None:
        super().closed(query, now)
        self.listener.on_query_end(query)

    def removal_told(self, in_time: bool, now: float) -> None:
        self.listener.on_removal_told(in_time)


class ServedDelegate(SerfDelegate):
    """Everything goes on to the Serf node, but for the ends of what the RPC protocol began."""

    listener: Listener

    def notify_joined(self, token: int, contacted: int, now: float) -> None:
        if token == RPC_JOIN:
            self.listener.on_joined(int(contacted))
        else:
            super().notify_joined(token, contacted, now)

    def notify_finished(self, token: int, in_time: bool, now: float) -> None:
        super().notify_finished(token, in_time, now)
        if token == UPDATING:
            self.listener.on_tags_told(bool(in_time))


def listen_below(node: SerfNode, listener: Listener) -> None:
    """Have the node's memberlist report to a ServedDelegate, if it does not yet."""
    core: Any = node.memberlist.core
    if not isinstance(core.delegate, ServedDelegate):
        delegate = ServedDelegate()
        delegate.node = node
        delegate.listener = listener
        core.delegate = delegate
