"""A Serf node in a test's hand: the memberlist harness one layer up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from serfsim.native import Random, i64, vec
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.messages import Alive, Message, Packet
from serfsim.protocol.serf.application import Application, ReceivedQuery
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.serf.messages import JOIN, LEAVE, GossipedItem, Intent, SerfState, UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.query_messages import Query, QueryResponse
from serfsim.protocol.serf.snapshot import SnapshotFile
from serfsim.protocol.vivaldi.config import CoordinateConfig
from tests.memberlist.harness import HandRuntime, Stream, in_order

MEMBER_EVENTS = {
    events.JOIN: "member-join",
    events.FAILED: "member-failed",
    events.LEFT: "member-leave",
    events.LEFT_FORCED: "member-leave",
    events.UPDATE: "member-update",
    events.REAP: "member-reap",
}


class HandApplication(Application):
    """Keeps what it was told, for the test to look at."""

    def __init__(self, wants_members: bool = False) -> None:
        self.wants_members = wants_members
        self.told: list[str] = []  # what agents tell their users, in their words
        self.at: list[float] = []  # and when
        self.calls: list[tuple[str, str]] = []
        self.queries: list[ReceivedQuery] = []
        self.responses: list[tuple[str, int, bytes]] = []
        self.removals: list[bool] = []
        self.done: list[tuple[int, int]] = []  # token and result of calls that ended
        self.is_shut_down = False

    def wants_member_events(self) -> bool:
        return self.wants_members

    def matches(self, expression: str, value: str) -> bool:
        return re.search(expression, value) is not None

    def sent(self, message: GossipedItem, now: float) -> None:
        self.calls.append(("sent", message.name))

    def received(self, message: GossipedItem, now: float) -> None:
        self.calls.append(("received", message.name))

    def user_event(self, event: UserEvent, now: float) -> None:
        self._tell(f"user-event: {event.name}", now)

    def query(self, received: ReceivedQuery, now: float) -> None:
        self._tell(f"query: {received.query.name}", now)
        self.queries.append(received)

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        names = " ".join(sorted(chr(ord("a") + member) for member in members))
        self._tell(f"{MEMBER_EVENTS[kind]} [{names}]", now)

    def acked(self, query: Query, source: int, now: float) -> None:
        self.responses.append(("ack", source, b""))

    def answered(self, query: Query, source: int, payload: bytes, now: float) -> None:
        self.responses.append(("answer", source, payload))

    def closed(self, query: Query, now: float) -> None:
        self.calls.append(("closed", query.name))

    def join_done(self, token: int, contacted: int, now: float) -> None:
        self.done.append((int(token), int(contacted)))

    def leave_done(self, token: int, outcome: int, now: float) -> None:
        self.done.append((int(token), int(outcome)))

    def removal_done(self, token: int, in_time: bool, now: float) -> None:
        self.removals.append(in_time)
        self.done.append((int(token), int(in_time)))

    def update_done(self, token: int, in_time: bool, now: float) -> None:
        self.done.append((int(token), int(in_time)))

    def shut_down(self, now: float) -> None:
        self.is_shut_down = True

    def _tell(self, what: str, now: float) -> None:
        self.told.append(what)
        self.at.append(now)


@dataclass
class SerfHand:
    """One node named "me" at address 0 among p, q, r ... at 1, 2, 3 ..., of which it knows `knowing`."""

    others: int = 4
    knowing: int = 0
    seed: int = 1
    config: SerfConfig = field(default_factory=SerfConfig)
    memberlist_config: MemberlistConfig = field(default_factory=MemberlistConfig)
    runtime: HandRuntime = field(default_factory=HandRuntime)
    application: HandApplication = field(default_factory=HandApplication)
    meta: bytes = b"\xff\x80"
    file: SnapshotFile | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.directory = Directory()
        me = self.directory.add("me", 0, self.meta)
        for i in range(self.others):
            self.directory.add(chr(ord("p") + i) if i < 11 else f"x{i}", i + 1)
        rngs = (Random(self.seed), Random(self.seed + 100), Random(self.seed + 200))
        self.node = SerfNode(
            self.memberlist_config,
            self.config,
            CoordinateConfig(),
            me,
            self.directory,
            self.runtime,
            *rngs,
            self.application,
        )
        self.node.start(self.now, self.file)
        for record in self.directory.first[1 : 1 + self.knowing]:
            self.node.memberlist.states.alive(Alive(record, 1), self.now)
        self.clear()

    def clear(self) -> None:
        self.node.memberlist.core.broadcasts.prune(0)
        for queue in (self.node.queues.intents, self.node.queues.queries, self.node.queues.user_events):
            queue.prune(0)
        self.runtime.sent.clear()
        self.runtime.events.clear()

    def number(self, name: str) -> int:
        found = self.directory.find(name)
        return found if found >= 0 else self.directory.add(name, len(self.directory)).node

    # What comes from outside -------------------------------------------------------------------

    def heard(self, *messages: Message) -> None:
        packet = Packet(m.GOSSIP, 0, 100)
        packet.broadcasts = list(messages)
        self.node.on_packet(packet, 1, self.now, self.now)

    def joins(self, name: str, incarnation: int = 1) -> None:
        """memberlist learns that a member is alive."""
        self.heard(Alive(self.directory.first[self.number(name)], incarnation))

    def dies(self, name: str, incarnation: int = 1) -> None:
        self.accused(name, "r", incarnation)

    def departs(self, name: str, incarnation: int = 1) -> None:
        """memberlist hears a member say that it has left."""
        self.accused(name, name, incarnation)

    def accused(self, name: str, from_node: str, incarnation: int) -> None:
        states = self.node.memberlist.states
        self.heard(states.suspect_or_dead(m.DEAD, self.number(name), incarnation, self.number(from_node)))

    def intent(self, kind: int, name: str, ltime: int, prune: bool = False) -> bool:
        """An intent comes in; was it passed on?"""
        before = self.node.queues.intents.depth
        self.heard(Intent(kind, self.directory.first[self.number(name)], ltime, prune))
        return self.node.queues.intents.depth > before

    def join_intent(self, name: str, ltime: int) -> bool:
        return self.intent(JOIN, name, ltime)

    def leave_intent(self, name: str, ltime: int, prune: bool = False) -> bool:
        return self.intent(LEAVE, name, ltime, prune)

    def event_heard(self, name: str, payload: bytes = b"", ltime: int = 1, coalesce: bool = False) -> bool:
        """A user event of p's comes in; was it passed on?"""
        before = self.node.queues.user_events.depth
        self.heard(UserEvent(1, ltime, name, payload, coalesce))
        return self.node.queues.user_events.depth > before

    def query_heard(self, query: Query) -> bool:
        """A query comes in; was it passed on?"""
        before = self.node.queues.queries.depth
        self.heard(query)
        return self.node.queues.queries.depth > before

    def responses_sent(self) -> list[tuple[int, QueryResponse]]:
        """Acks and answers that went out, and where to; not those on a detour."""
        found = []
        for address, packet in self.runtime.sent:
            for message in packet.broadcasts or []:
                if isinstance(message, QueryResponse):
                    found.append((address, message))
        return found

    def merge(self, ltime: int, status: dict[str, int], left: list[str]) -> None:
        """The user state of a push/pull comes in."""
        nodes = vec[i64]([self.number(name) for name in status])
        ltimes = vec[i64](list(status.values()))
        state = SerfState(ltime, 1, 1, nodes, ltimes, [self.number(name) for name in left], 600)
        self.node.merge_remote_state(state, False, self.now)

    def run(self, until: float) -> None:
        """Let time pass: all timers due by then fire, in order."""
        timers = self.runtime.timers
        while timers and min(timers).at <= until:
            timer = min(timers)
            timers.remove(timer)
            self.now = timer.at
            self.node.on_timer(timer.timer, timer.a, timer.b, self.now)
        self.now = until

    # What it came to ---------------------------------------------------------------------------

    def status(self, name: str) -> str:
        return STATUS_NAMES[self.node.members.status(self.number(name))]

    def ltime(self, name: str) -> int:
        return self.node.members.status_ltime(self.number(name))

    @property
    def clock(self) -> int:
        return self.node.intents.clock.time()

    def member_events(self) -> list[str]:
        """Events as the agent names them, with their member."""
        names = self.directory.names
        return [
            f"{MEMBER_EVENTS[kind]}:{names[subject]}"
            for _, kind, subject, _ in self.runtime.events
            if kind in MEMBER_EVENTS
        ]

    def reported(self, event: int) -> list[int]:
        return [subject for _, kind, subject, _ in self.runtime.events if kind == event]

    def queued(self) -> list[tuple[int, str, int]]:
        """Kind, subject and Lamport time of the intents that wait to be gossiped."""
        found = []
        for entry in in_order(self.node.queues.intents):
            message = entry.message
            assert isinstance(message, Intent)
            found.append((message.user_kind, self.directory.names[message.node], message.ltime))
        return found

    def in_list(self, listed: list[int], name: str) -> bool:
        return self.number(name) in listed

    @property
    def streams(self) -> list[Stream]:
        return self.runtime.streams


__all__ = ["JOIN", "LEAVE", "SerfHand", "events", "m"]
