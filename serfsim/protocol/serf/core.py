"""State that the parts of one Serf node share: settings, members, broadcast queues, the application.

Serf has three broadcast queues: intents first, then queries, then user events (spec serf.md section 8).
LamportClock is its logical clock (section 1.1); a node has one for members, user events and queries each.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.ledger import Filling
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import IntentRings, RecentIntents, SerfMembers
from serfsim.protocol.serf.tags import decode_tags
from serfsim.protocol.vivaldi.client import Client


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
    """`memberlist` is whose gossip is woken when something waits."""

    def __init__(
        self,
        config: SerfConfig,
        members: SerfMembers,
        memberlist: Core,
        queue_class: type[TransmitLimitedQueue],
    ) -> None:
        mult = memberlist.config.retransmit_mult
        self.config = config
        self.members = members
        self.memberlist = memberlist
        longest_first = config.features.longest_first
        ledger = memberlist.ledger
        self.intents = queue_class(mult, longest_first, ledger)
        self.queries = queue_class(mult, longest_first, ledger)
        self.user_events = queue_class(mult, longest_first, ledger)
        self._count()

    def _count(self) -> None:
        """Let memberlist know how much waits here, so that it need not ask before every packet."""
        self.memberlist.delegate_depth = self.intents.depth + self.queries.depth + self.user_events.depth

    def add(self, which: i64, message: UserMessage, now: float, token: i64 = 0) -> None:
        self._queue(which).queue(message, UNNAMED, token)
        self._count()
        self.memberlist.wake_gossip(now)

    def _queue(self, which: i64) -> TransmitLimitedQueue:
        if which == INTENTS:
            return self.intents
        return self.queries if which == QUERIES else self.user_events

    def fill(self, overhead: i64, limit: i64, filling: Filling) -> i64:
        """Put in at most `limit` bytes, `overhead` a message included; the bytes used."""
        n = self.members.count
        used = self.intents.fill(n, overhead, limit, filling)
        used += self.queries.fill(n, overhead, limit - used, filling)
        used += self.user_events.fill(n, overhead, limit - used, filling)
        self._count()
        return used

    def take_finished(self) -> list[int]:
        """The tokens of what has been told, or dropped; only intents have any."""
        tokens = self.intents.finished
        if len(tokens) > 0:
            self.intents.finished = []
        return tokens

    def check_depths(self, now: float) -> None:
        """Warn of queues that have grown long, and drop what exceeds the limit."""
        config = self.config
        limit = config.queue_limit(self.members.count)
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
        self.memberlist.notify(now, event, self.memberlist.me, numbers * 4 + which)


class SerfCore:
    def __init__(
        self,
        config: SerfConfig,
        memberlist: Core,
        runtime: Runtime,
        rng: Random,
        application: Application,
        vivaldi: Client,
        queue_class: type[TransmitLimitedQueue],
        tags: dict[str, str] | None,
    ) -> None:
        self.config = config
        self.memberlist = memberlist
        self.me: i64 = memberlist.me
        self.directory: Directory = memberlist.directory
        self.runtime = runtime
        self.rng = rng
        self.application = application
        self.vivaldi = vivaldi
        # Its own, all of them; the record says as much of them as the protocol allows.
        self.tags = decode_tags(memberlist.record.meta) if tags is None else tags
        self.members = SerfMembers(memberlist.directory, memberlist.members.seen)
        self.recent_intents = RecentIntents() if config.features.intents_by_name else IntentRings()
        self.queues = BroadcastQueues(config, self.members, memberlist, queue_class)
        self._token: i64 = LAST_FIXED_TOKEN

    def new_token(self) -> i64:
        """A token for a call, by which its end is known."""
        self._token += 1
        return self._token

    def record(self) -> NodeIdentity:
        """What this node says of itself."""
        return self.memberlist.record

    def name(self) -> str:
        return self.directory.names[self.me]

    def log(self, now: float, line: i64, subject: i64, a: i64 = 0, b: i64 = 0, text: str = "") -> None:
        self.runtime.log(now, line, subject, a, b, text)

    def send(self, target: NodeIdentity, message: UserMessage, now: float) -> None:
        """Send a message to one node, best effort, with nothing else in the datagram."""
        self.memberlist.send_alone(target.address, message, now)
