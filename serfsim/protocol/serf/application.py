"""The program above a Serf node, as the node sees it: the agent, a user's own, or a simulation's.

The methods of this class do nothing, so that a node runs alone and an application overrides only
what it needs.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.messages import GossipedItem, UserEvent
from serfsim.protocol.serf.query_messages import Query

# What becomes of a user event or query, for those who keep a record: the calls by number.
SENT: Final = 0
RECEIVED: Final = 1
DELIVERED: Final = 2
ACKED: Final = 3
ANSWERED: Final = 4
CLOSED: Final = 5


@mypyc_attr(acyclic=True)
class ReceivedQuery:
    """A query that this node may answer, once and until its deadline."""

    def __init__(self, query: Query, deadline: float) -> None:
        self.query = query
        self.deadline = deadline
        self.is_answered = False


@mypyc_attr(allow_interpreted_subclasses=True)
class Application:
    """The application above a node, which receives events and queries in order and matches expressions."""

    def wants_member_events(self) -> bool:
        """Only then are member events gathered for it (`member_event`). Asked once, when the node is made."""
        return False

    def wants_merges(self) -> bool:
        """Only then is it asked about members (`merge`). Asked once, when the node is made."""
        return False

    def merge(self, records: list[NodeIdentity]) -> str:
        """Return "" to let these members in, or the error that refuses them (Serf's MergeDelegate)."""
        return ""

    def matches(self, expression: str, value: str) -> bool:
        """Return whether a regular expression (RE2) matches anywhere in `value`.

        False if it is none; also here, where there is nobody who could read it.
        """
        return False

    def sent(self, message: GossipedItem, now: float) -> None:
        """Handle a user event or query that this node made, before the node handles it itself."""

    def received(self, message: GossipedItem, now: float) -> None:
        """Handle the first reception of a user event or query, this node's own included."""

    def user_event(self, event: UserEvent, now: float) -> None:
        """Handle a user event that the coalescer released."""

    def query(self, received: ReceivedQuery, now: float) -> None:
        """Handle a query for this node, which may answer until its deadline (`SerfNode.respond`)."""

    def member_event(self, kind: i64, members: list[int], now: float) -> None:
        """Members to whom the same happened (a number of `protocol.events`), once coalesced."""

    def acked(self, query: Query, source: i64, now: float) -> None:
        """Handle a member's first ack of one of this node's queries."""

    def answered(self, query: Query, source: i64, payload: bytes, now: float) -> None:
        """Handle a member's first answer to one of this node's queries."""

    def closed(self, query: Query, now: float) -> None:
        """Handle the end of one of this node's queries."""

    # The ends of calls, each with the token that the call returned. A call that has nothing to wait for
    # may end before it returns.

    def join_done(self, token: i64, contacted: i64, now: float) -> None:
        """Handle the end of a join, to which `contacted` members answered."""

    def leave_done(self, token: i64, outcome: i64, now: float) -> None:
        """Handle the end of this node's leave: `outcome` is LEFT_WELL, INTENT_UNTOLD or LEAVE_UNTOLD."""

    def removal_done(self, token: i64, in_time: bool, now: float) -> None:
        """Handle the end of a forced leave: its intent was broadcast, or the broadcast timed out."""

    def update_done(self, token: i64, in_time: bool, now: float) -> None:
        """Handle the end of an update of tags: they were broadcast, or the broadcast timed out."""

    def shut_down(self, now: float) -> None:
        """End the process: another node won this node's name."""
