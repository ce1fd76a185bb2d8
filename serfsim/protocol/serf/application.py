"""The program above a Serf node, as the node sees it: the agent, a user's own, or a simulation's.

The methods of this class do nothing, so that a node runs alone and an application overrides only
what it needs.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
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
    """What it is told, in the order in which it happens; and the one thing that it is asked."""

    def wants_member_events(self) -> bool:
        """Only then are member events gathered for it (`member_event`). Asked once, when the node is made."""
        return False

    def matches(self, expression: str, value: str) -> bool:
        """Is there a match of a regular expression (RE2) anywhere in `value`?

        False if it is none; also here, where there is nobody who could read it.
        """
        return False

    def sent(self, message: GossipedItem, now: float) -> None:
        """The node has made a user event or query and will handle it itself first."""

    def received(self, message: GossipedItem, now: float) -> None:
        """The node has taken a user event or query, its own too, for the first time."""

    def user_event(self, event: UserEvent, now: float) -> None:
        """A user event, once the coalescer has let it go."""

    def query(self, received: ReceivedQuery, now: float) -> None:
        """A query for this node, which may answer until its deadline (`SerfNode.respond`)."""

    def member_event(self, kind: i64, members: list[int], now: float) -> None:
        """Members to whom the same happened (a number of `protocol.events`), once coalesced."""

    def acked(self, query: Query, source: i64, now: float) -> None:
        """A member's first ack of a query of this node's."""

    def answered(self, query: Query, source: i64, payload: bytes, now: float) -> None:
        """A member's first answer to a query of this node's."""

    def closed(self, query: Query, now: float) -> None:
        """The time of a query of this node's is over."""

    # The ends of calls, each with the token that the call returned. A call that has nothing to wait for
    # may end before it returns.

    def join_done(self, token: i64, contacted: i64, now: float) -> None:
        """A join has ended for good; `contacted` members answered."""

    def leave_done(self, token: i64, outcome: i64, now: float) -> None:
        """This node's leave has ended: `outcome` is LEFT_WELL, INTENT_UNTOLD or LEAVE_UNTOLD."""

    def removal_done(self, token: i64, in_time: bool, now: float) -> None:
        """The intent of a forced leave has been broadcast, or the time for it is over."""

    def update_done(self, token: i64, in_time: bool, now: float) -> None:
        """This node's new tags have been broadcast, or the time for it is over."""

    def shut_down(self, now: float) -> None:
        """The node has lost its name to another: its process must end."""
