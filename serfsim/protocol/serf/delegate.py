"""The layer above memberlist, as memberlist sees it: everything goes on to the Serf node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.delegate import Delegate, UserState
from serfsim.protocol.memberlist.ledger import Filling
from serfsim.protocol.memberlist.messages import Message, UserMessage
from serfsim.protocol.serf.messages import SerfState
from serfsim.protocol.vivaldi.coordinate import Coordinate

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfDelegate(Delegate):
    """One class cannot be both machine and delegate; `node` is set by the node that makes this."""

    def __init__(self) -> None:
        self.node: SerfNode | None = None

    def serf(self) -> SerfNode:
        node = self.node
        assert node is not None
        return node

    def notify_join(self, record: NodeIdentity, now: float) -> None:
        self.serf().member_joined(record, now)

    def notify_leave(self, record: NodeIdentity, now: float) -> None:
        self.serf().member_left(record, now)

    def notify_update(self, record: NodeIdentity, now: float) -> None:
        self.serf().member_updated(record, now)

    def notify_conflict(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        self.serf().broadcaster.name_contested(existing, other, now)

    def notify_message(self, message: UserMessage, now: float) -> None:
        self.serf().on_message(message, now)

    def fill(self, overhead: i64, limit: i64, filling: Filling, now: float) -> i64:
        return self.serf().fill(overhead, limit, filling, now)

    def is_settled(self, message: Message) -> bool:
        return self.serf().intents.is_settled(message)

    def local_state(self, join: bool) -> UserState | None:
        return self.serf().exchange.local_state()

    def merge_remote_state(self, state: UserState, join: bool, now: float) -> None:
        # What is no state of Serf's came from a stranger.
        if isinstance(state, SerfState):
            self.serf().merge_remote_state(state, now, join)

    def ack_payload(self) -> Coordinate | None:
        node = self.serf()
        return node.core.vivaldi.coordinate if node.has_coordinates() else None

    def notify_ping_complete(
        self, record: NodeIdentity, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        if payload is not None and self.serf().has_coordinates():
            self.serf().measured(record.node, rtt, payload, now)

    def notify_joined(self, token: i64, contacted: i64, now: float) -> None:
        self.serf().join_ended(token, contacted, now)

    def notify_finished(self, token: i64, in_time: bool, now: float) -> None:
        self.serf().wait_ended(token, in_time, now)
