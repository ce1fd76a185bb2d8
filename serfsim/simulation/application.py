"""The application above each simulated Serf node: records user events and queries, answers queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serfsim.base.expressions import is_match
from serfsim.protocol.memberlist.members import UNKNOWN
from serfsim.protocol.serf import application as action
from serfsim.protocol.serf.application import Application, ReceivedQuery
from serfsim.protocol.serf.messages import GossipedItem, UserEvent
from serfsim.protocol.serf.query_messages import Query
from serfsim.protocol.serf.tags import decode_tags
from serfsim.protocol.wire.msgpack import filler

if TYPE_CHECKING:
    from serfsim.network.host import Host
    from serfsim.protocol.directory import NodeIdentity
    from serfsim.protocol.serf.node import SerfNode
    from serfsim.scenario.merge import Merge
    from serfsim.simulation.agents import Agents


class RecordingApplication(Application):
    """The application of one process of one member; its creator sets `node`.

    A query is answered at once with as many bytes as `Agents.answers` gives for its name, if any: the
    run time of a handler script is not modelled.
    """

    node: SerfNode

    def __init__(self, agents: Agents, number: int) -> None:
        self.agents = agents
        self.number = number

    @property
    def _host(self) -> Host:
        return self.agents.network.hosts[self.number]

    def wants_member_events(self) -> bool:
        """Return True, because an agent logs them."""
        return True

    def wants_merges(self) -> bool:
        return self._merge is not None

    def merge(self, records: list[NodeIdentity]) -> str:
        """Refuse whom the scenario's merge delegate refuses: by name, tags, or the size of the cluster."""
        assert self._merge is not None
        rules, own, names = self._merge.refuse, self.node, self.agents.directory.names
        for record in records:
            error = rules.error(names[record.node], decode_tags(record.meta))
            if error and record.node != own.me:
                return error
        known = own.memberlist.core.members
        size = int(known.count) + sum(int(known.key(record.node)) == UNKNOWN for record in records)
        if rules.above is not None and size > max(rules.above, 1) and size > int(known.count):
            return f"Cluster of {size} members is larger than {rules.above}"
        return ""

    @property
    def _merge(self) -> Merge | None:
        return self.agents.members[self.number].merge

    def matches(self, expression: str, value: str) -> bool:
        return is_match(expression, value)

    def sent(self, message: GossipedItem, now: float) -> None:
        self._record(now, action.SENT, message)

    def received(self, message: GossipedItem, now: float) -> None:
        self._record(now, action.RECEIVED, message)

    def user_event(self, event: UserEvent, now: float) -> None:
        self._record(now, action.DELIVERED, event)

    def query(self, received: ReceivedQuery, now: float) -> None:
        self._record(now, action.DELIVERED, received.query)
        size = self.agents.answers.get(received.query.name)
        if size is not None:
            self.node.respond(received, filler(size, self.number), now)

    def acked(self, query: Query, source: int, now: float) -> None:
        self._record(now, action.ACKED, query, source)

    def answered(self, query: Query, source: int, payload: bytes, now: float) -> None:
        self._record(now, action.ANSWERED, query, source)

    def closed(self, query: Query, now: float) -> None:
        self._record(now, action.CLOSED, query)

    def shut_down(self, now: float) -> None:
        self.agents.end(self.number, self._host.when(now))

    def _record(self, now: float, kind: int, message: GossipedItem, peer: int = -1) -> None:
        self.agents.deliver(self._host.when(now), self.number, kind, message, peer)
