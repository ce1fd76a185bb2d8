"""State that the parts of one Serf node share: settings, members, broadcast queues, the application.

Serf has three broadcast queues: intents first, then queries, then user events (spec serf.md section 8).
LamportClock is its logical clock (section 1.1); a node has one for members, user events and queries each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue
from serfsim.protocol.memberlist.config import CONTINUE
from serfsim.protocol.memberlist.core import FIRST_DELEGATE_TIMER
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.ledger import Filling
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import RecentIntents, SerfMembers
from serfsim.protocol.serf.merge import refusal
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient

if TYPE_CHECKING:
    from serfsim.protocol.serf.events import EventPipeline, UserEvents
    from serfsim.protocol.serf.exchange import StateExchange
    from serfsim.protocol.serf.intents import Departure, Intents, LeaveIntents
    from serfsim.protocol.serf.joining import Joining, Reconnector, Rejoin
    from serfsim.protocol.serf.membership import Membership, Reaper
    from serfsim.protocol.serf.outgoing_queries import Broadcaster, OutgoingQueries
    from serfsim.protocol.serf.queries import InternalQueries, Queries, ResponseRelay


@mypyc_attr(allow_interpreted_subclasses=True)
class LamportClock:
    def __init__(self) -> None:
        self.counter: i64 = 0

    def time(self) -> i64:
        return self.counter

    def increment(self) -> i64:
        """Step on; the new time."""
        self.counter += 1
        return self.counter

    def witness(self, seen: i64) -> None:
        """Never be behind what another clock has shown."""
        if seen >= self.counter:
            self.counter = seen + 1


# The timers of a Serf node, after memberlist's.
REAP_TICK: Final = FIRST_DELEGATE_TIMER
RECONNECT_TICK: Final = FIRST_DELEGATE_TIMER + 1
QUEUE_CHECK_TICK: Final = FIRST_DELEGATE_TIMER + 2
INTENT_END: Final = FIRST_DELEGATE_TIMER + 3  # a: token; b: 1 if it was broadcast, 0 if time is over
LEAVE_PROPAGATED: Final = FIRST_DELEGATE_TIMER + 4
PRUNE_DUE: Final = FIRST_DELEGATE_TIMER + 5
RETRY_JOIN: Final = FIRST_DELEGATE_TIMER + 6  # a: token
QUERY_CLOSE: Final = FIRST_DELEGATE_TIMER + 7  # a: Lamport time
USER_FLUSH: Final = FIRST_DELEGATE_TIMER + 8
MEMBER_FLUSH: Final = FIRST_DELEGATE_TIMER + 9
SNAPSHOT_TICK: Final = FIRST_DELEGATE_TIMER + 10

# The broadcast queues.
INTENTS: Final = 0
QUERIES: Final = 1
USER_EVENTS: Final = 2

NO_TOKEN: Final = 0
# Tokens of what a node does of itself, at most once at a time; those of calls follow.
RECONNECTING: Final = 2
LEAVING_MEMBERLIST: Final = 3
TELLING_LEAVE: Final = 5
REJOINING: Final = 6
LAST_FIXED_TOKEN: Final = 15


@mypyc_attr(allow_interpreted_subclasses=True)
class BroadcastQueues:
    """Queues of a class: `TransmitLimitedQueue`, or one that takes its place."""

    def __init__(self, core: SerfCore, queue_class: type[TransmitLimitedQueue]) -> None:
        self.core = core
        memberlist = core.memberlist.core
        mult = memberlist.config.retransmit_mult
        longest_first = core.config.features.longest_first
        ledger = memberlist.ledger
        self.intents = queue_class(mult, longest_first, ledger)
        self.queries = queue_class(mult, longest_first, ledger)
        self.user_events = queue_class(mult, longest_first, ledger)
        if memberlist.config.queue_ids == CONTINUE:
            for queue in (self.intents, self.queries, self.user_events):
                queue.restarts = False
        self._count()

    def _count(self) -> None:
        """Let memberlist know how much waits here, so that it need not ask before every packet."""
        depth = self.intents.depth + self.queries.depth + self.user_events.depth
        self.core.memberlist.core.delegate_depth = depth

    def add(self, which: i64, message: UserMessage, now: float, token: i64 = 0) -> None:
        self._queue(which).queue(message, UNNAMED, token)
        self._count()
        self.core.memberlist.core.wake_gossip(now)

    def _queue(self, which: i64) -> TransmitLimitedQueue:
        if which == INTENTS:
            return self.intents
        return self.queries if which == QUERIES else self.user_events

    def fill(self, overhead: i64, limit: i64, filling: Filling) -> i64:
        """Put in at most `limit` bytes, `overhead` a message included; the bytes used."""
        n = self.core.members.count
        used = self.intents.fill(n, overhead, limit, filling)
        used += self.queries.fill(n, overhead, limit - used, filling)
        used += self.user_events.fill(n, overhead, limit - used, filling)
        self._count()
        return used

    def take_finished(self) -> list[int]:
        """Return the tokens of finished or dropped broadcasts; only intents have tokens."""
        tokens = self.intents.finished
        if len(tokens) > 0:
            self.intents.finished = []
        return tokens

    def check_depths(self, now: float) -> None:
        """Warn of queues that have grown long, and drop what exceeds the limit."""
        config = self.core.config
        limit = config.queue_limit(self.core.members.count)
        which: i64 = INTENTS
        while which <= USER_EVENTS:
            queue = self._queue(which)
            depth = queue.depth
            if depth >= config.queue_depth_warning:
                self._warn(now, events.QUEUE_DEEP, which, depth)
            if depth > limit:
                self._warn(now, events.QUEUE_PRUNED, which, (limit << 28) | depth)
                queue.prune(limit)
                self._count()
            which += 1

    def _warn(self, now: float, event: i64, which: i64, numbers: i64) -> None:
        self.core.runtime.notify(now, event, self.core.me, numbers * 4 + which)


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfCore(Delegate):
    """State and parts of one Serf node.

    Each part holds its node as `core`, and reaches the others through it.
    memberlist knows it as its delegate, a runtime as its machine. `SerfNode` makes the parts.
    """

    # What every packet needs is declared first: it then shares a line of the cache.
    memberlist: Memberlist
    is_shut_down: bool
    caches_coordinates: bool  # nothing in the protocol reads them, only those who ask a node do
    vivaldi: CoordinateClient
    runtime: Runtime
    me: i64
    asks_merges: bool  # the application wants a word on who is let in

    config: SerfConfig
    directory: Directory
    rng: Random
    application: Application
    tags: dict[str, str]  # its own, all of them; the record says as much of them as the protocol allows
    coordinates: dict[int, Coordinate]  # of members that this node has probed itself
    members: SerfMembers
    recent_intents: RecentIntents
    queues: BroadcastQueues
    user_events: UserEvents
    queries: Queries
    relay: ResponseRelay
    internal_queries: InternalQueries
    outgoing_queries: OutgoingQueries
    pipeline: EventPipeline
    intents: Intents
    leave_intents: LeaveIntents
    departure: Departure
    broadcaster: Broadcaster
    membership: Membership
    exchange: StateExchange
    reaper: Reaper
    joining: Joining
    rejoin: Rejoin
    reconnector: Reconnector
    last_token: i64

    def new_token(self) -> i64:
        """Return a new token, which names the end of a call."""
        self.last_token += 1
        return self.last_token

    def record(self) -> NodeIdentity:
        """Return this node's own record."""
        return self.memberlist.core.record

    def has_coordinates(self) -> bool:
        """Return whether acks carry coordinates and update them."""
        return self.config.features.coordinates and not self.config.disable_coordinates

    def notify_alive(self, record: NodeIdentity) -> str:
        return refusal(self, [record]) if self.asks_merges else ""

    def notify_merge(self, records: list[NodeIdentity]) -> str:
        return refusal(self, records) if self.asks_merges else ""

    def ack_payload(self) -> Coordinate | None:
        return self.vivaldi.coordinate if self.has_coordinates() and self.vivaldi.is_told else None

    def told_by(self, payload: Coordinate | None) -> Coordinate | None:
        """Return the coordinate to learn from with an ack that brought `payload`; None to learn nothing."""
        if not self.has_coordinates():
            return None
        return payload if self.vivaldi.is_told else self.vivaldi.coordinate

    def name(self) -> str:
        return self.directory.names[self.me]

    def log(self, now: float, line: i64, subject: i64, a: i64 = 0, b: i64 = 0, text: str = "") -> None:
        self.runtime.log(now, line, subject, a, b, text)

    def send(self, target: NodeIdentity, message: UserMessage, now: float) -> None:
        """Send a message to one node, best effort, with nothing else in the datagram."""
        self.memberlist.core.send_alone(target.address, message, now)
