"""A memberlist node in a test's hand: time, packets and streams are the test's to give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from serfsim.native import Random
from serfsim.protocol import events
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import PROBE_TICK
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.messages import Alive, Message, Packet, StreamMessage, SuspectOrDead
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.vivaldi.coordinate import Coordinate


@dataclass
class Stream:
    address: int
    request: StreamMessage
    token: int
    dial_timeout: float
    io_deadline: float
    io_timeout: float


@dataclass(order=True)
class Timer:
    at: float
    number: int
    timer: int
    a: int
    b: int


class HandRuntime(Runtime):
    """Keeps what the machine did, for the test to look at."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Packet]] = []
        self.streams: list[Stream] = []
        self.timers: list[Timer] = []
        self.events: list[tuple[float, int, int, int]] = []
        self.lines: list[tuple[float, int, str]] = []
        self.has_route = True
        self.blocks = False  # in every send
        self._calls = 0

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        if self.has_route:
            self.sent.append((address, packet))
        return self.has_route

    def open_stream(
        self,
        address: int,
        request: StreamMessage,
        token: int,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
        now: float,
    ) -> None:
        self.streams.append(Stream(address, request, token, dial_timeout, io_deadline, io_timeout))

    def awaits_send(self, timer: int, a: int) -> bool:
        return self.blocks

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        self._calls += 1
        self.timers.append(Timer(at, self._calls, timer, a, b))

    def notify(self, now: float, event: int, subject: int, detail: int) -> None:
        self.events.append((now, event, subject, detail))

    def log(self, now: float, line: int, subject: int, a: int, b: int, text: str) -> None:
        self.lines.append((now, line, text))


class Broadcast(NamedTuple):
    """A broadcast that waits in a queue."""

    message: Message
    name: int
    transmits: int


def in_order(queue: TransmitLimitedQueue) -> list[Broadcast]:
    """All broadcasts of a queue, first to be sent first."""
    return [
        Broadcast(queue.ledger.message(int(it.row.ids[it.place])), int(it.row.name(it.place)), int(it.tier))
        for it in queue.places()
    ]


class HandDelegate(Delegate):
    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.round_trips: list[tuple[int, float]] = []
        self.finished: list[tuple[int, bool]] = []
        self.payload: Coordinate | None = None

    def notify_join(self, record: NodeIdentity, now: float) -> None:
        self.calls.append(("join", record.node))

    def notify_leave(self, record: NodeIdentity, now: float) -> None:
        self.calls.append(("leave", record.node))

    def notify_update(self, record: NodeIdentity, now: float) -> None:
        self.calls.append(("update", record.node))

    def notify_conflict(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        self.calls.append(("conflict", existing.node))

    def notify_ping_complete(
        self, record: NodeIdentity, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        self.round_trips.append((record.node, rtt))

    def notify_finished(self, token: int, in_time: bool, now: float) -> None:
        self.finished.append((token, in_time))

    def ack_payload(self) -> Coordinate | None:
        return self.payload


@dataclass
class Hand:
    """One node named "me" at address 0 among `others`, and the means to play with it."""

    config: MemberlistConfig = field(default_factory=MemberlistConfig)
    others: int = 6
    seed: int = 1
    runtime: HandRuntime = field(default_factory=HandRuntime)
    delegate: HandDelegate = field(default_factory=HandDelegate)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.directory = Directory()
        self.me = self.directory.add("me", 0)
        for i in range(self.others):
            self.directory.add("peer" if i == 0 else f"p{i - 1}", i + 1)
        self.node = Memberlist(
            self.config, self.me, self.directory, self.runtime, self.delegate, Random(self.seed)
        )

    def start(self, *, knowing: bool = True, incarnation: int = 1) -> Hand:
        """Start, and learn of all others as alive; the queue is emptied afterwards."""
        self.node.start(self.now)
        if knowing:
            for record in self.directory.first[1:]:
                self.node.states.alive(Alive(record, incarnation), self.now)
        self.clear()
        return self

    def clear(self) -> None:
        self.node.core.broadcasts.prune(0)
        self.runtime.sent.clear()
        self.runtime.events.clear()
        self.delegate.calls.clear()

    def number(self, name: str) -> int:
        found = self.directory.find(name)
        return found if found >= 0 else self.directory.add(name, len(self.directory)).node

    def suspect_or_dead(self, kind: int, subject: str, incarnation: int, from_node: str) -> SuspectOrDead:
        return self.node.states.suspect_or_dead(
            kind, self.number(subject), incarnation, self.number(from_node)
        )

    def receive(self, packet: Packet, source: int = 1, at: float | None = None) -> None:
        self.now = self.now if at is None else at
        self.node.on_packet(packet, source, self.now, self.now)

    def fire(self, timer: int, a: int = 0, b: int = 0, at: float | None = None) -> None:
        self.now = self.now if at is None else at
        self.node.on_timer(timer, a, b, self.now)

    def run(self, until: float) -> None:
        """Let time pass: all timers due by then fire, in order."""
        timers = self.runtime.timers
        while timers and min(timers).at <= until:
            timer = min(timers)
            timers.remove(timer)
            self.fire(timer.timer, timer.a, timer.b, at=timer.at)
        self.now = until

    def probe(self, at: float) -> Packet:
        """Let a probe tick come; the ping sent."""
        self.runtime.sent.clear()
        self.fire(PROBE_TICK, at=at)
        pings = [packet for _, packet in self.runtime.sent if packet.kind == m.PING]
        assert len(pings) == 1
        return pings[0]

    def reported(self, event: int) -> list[int]:
        """Subjects of the events of one kind, in order."""
        return [subject for _, kind, subject, _ in self.runtime.events if kind == event]

    def sent(self, kind: int) -> list[tuple[int, Packet]]:
        return [(address, packet) for address, packet in self.runtime.sent if packet.kind == kind]

    def heard(self, *messages: m.Message) -> None:
        """A gossip datagram with these messages comes in now."""
        packet = Packet(m.GOSSIP, 0, 100)
        packet.broadcasts = list(messages)
        self.receive(packet)

    def alive(self, name: str, incarnation: int) -> Alive:
        return Alive(self.node.core.members.record(self.number(name)), incarnation)

    def queued(self) -> list[tuple[int, str, int]]:
        """Kind, subject and incarnation of what waits to be gossiped, first to be sent first."""
        entries = in_order(self.node.core.broadcasts)
        names = self.directory.names
        return [(e.message.kind, names[e.message.node], e.message.incarnation) for e in entries]

    @property
    def score(self) -> int:
        return self.node.core.awareness.score

    def state_of(self, name: str) -> int:
        return self.node.core.members.state(self.number(name))

    def push_pull_of(self, other: Hand, *, join: bool = False) -> PushPull:
        return PushPull(join, other.node.core)


__all__ = ["Hand", "HandDelegate", "HandRuntime", "events", "m"]
