"""A Serf node in a test's hand: the memberlist harness one layer up."""

from __future__ import annotations

from dataclasses import dataclass, field

from serfsim.native import Random, i64, vec
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig, lan
from serfsim.protocol.memberlist.messages import Alive, Message, Packet
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent, SerfState
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.vivaldi.config import CoordinateConfig
from tests.memberlist.harness import HandRuntime, Stream

MEMBER_EVENTS = {
    events.JOIN: "member-join",
    events.FAILED: "member-failed",
    events.LEFT: "member-leave",
    events.LEFT_FORCED: "member-leave",
    events.UPDATE: "member-update",
    events.REAP: "member-reap",
}


@dataclass
class SerfHand:
    """One node named "me" at address 0 among p, q, r ... at 1, 2, 3 ..., of which it knows `knowing`."""

    others: int = 4
    knowing: int = 0
    seed: int = 1
    config: SerfConfig = field(default_factory=SerfConfig)
    memberlist_config: MemberlistConfig = field(default_factory=lan)
    runtime: HandRuntime = field(default_factory=HandRuntime)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.directory = Directory()
        me = self.directory.add("me", 0)
        for i in range(self.others):
            self.directory.add(chr(ord("p") + i) if i < 11 else f"x{i}", i + 1)
        rngs = (Random(self.seed), Random(self.seed + 100), Random(self.seed + 200))
        self.node = SerfNode(
            self.memberlist_config, self.config, CoordinateConfig(), me, self.directory, self.runtime, *rngs
        )
        self.node.start(self.now)
        for record in self.directory.first[1 : 1 + self.knowing]:
            self.node.memberlist.states.alive(Alive(record, 1), self.now)
        self.clear()

    def clear(self) -> None:
        self.node.memberlist.core.broadcasts.prune(0)
        self.node.intent_queue.prune(0)
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

    def accused(self, name: str, accuser: str, incarnation: int) -> None:
        states = self.node.memberlist.states
        self.heard(states.accuse(m.DEAD, self.number(name), incarnation, self.number(accuser)))

    def intent(self, kind: int, name: str, ltime: int, prune: bool = False) -> bool:
        """An intent comes in; was it passed on?"""
        before = self.node.intent_queue.depth
        self.heard(Intent(kind, self.directory.first[self.number(name)], ltime, prune))
        return self.node.intent_queue.depth > before

    def join_intent(self, name: str, ltime: int) -> bool:
        return self.intent(JOIN, name, ltime)

    def leave_intent(self, name: str, ltime: int, prune: bool = False) -> bool:
        return self.intent(LEAVE, name, ltime, prune)

    def merge(self, ltime: int, status: dict[str, int], left: list[str]) -> None:
        """The user state of a push/pull comes in."""
        nodes = vec[i64]([self.number(name) for name in status])
        ltimes = vec[i64](list(status.values()))
        state = SerfState(ltime, 1, 1, nodes, ltimes, [self.number(name) for name in left], 600)
        self.node.merge_remote_state(state, self.now)

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
        for entry in self.node.intent_queue.in_order():
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
