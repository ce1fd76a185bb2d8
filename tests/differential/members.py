"""memberlist's state: alive, suspect and dead messages, alone or in datagrams, merges, timers, the queue.

After each step the views, timers, queue, incarnation, health score and callbacks are compared.
"""

from __future__ import annotations

from typing import Any

from serfsim.native import Random, i32, i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.members import UNKNOWN
from serfsim.protocol.memberlist.messages import Alive, Message, Packet, SuspectOrDead, alive_message
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.versions import ReleaseFeatures
from tests.differential.replaying import Outcome, Replay, Vector, compare
from tests.memberlist.harness import HandDelegate, HandRuntime, in_order

NAMES = ("me", "p", "q", "r", "s")
METAS = (b"\xff\x80", b"\xff\x81\xa1a\xa1b")
VERSIONS = ((1, 5, 2), (1, 4, 2), None, (0, 5, 2), (3, 2, 2))
KINDS = {m.ALIVE: "alive", m.SUSPECT: "suspect", m.DEAD: "dead"}
OTHER_ADDRESS = 256  # added to the number of an address: the same host in another network
RECLAIM_AT_ONCE = 1e-9


class Member:
    """The node "me", which is given the steps of one sequence."""

    def __init__(self, number: int) -> None:
        config = MemberlistConfig(ReleaseFeatures("0.9.4"))
        config.probe_interval = 3600.0
        config.gossip_to_the_dead_time = 0.0
        if number % 2 == 1:
            config.dead_node_reclaim_time = RECLAIM_AT_ONCE
        self.directory = Directory()
        for at, name in enumerate(NAMES):
            self.directory.add(name, at)
        self.identities = {(name, 0, 0, 0): self.directory.first[at] for at, name in enumerate(NAMES)}
        self.delegate = HandDelegate()
        self.node = Memberlist(
            config, self.directory.first[0], self.directory, HandRuntime(), self.delegate, Random(number)
        )
        self.now = 0.0
        self.node.start(self.now)

    def identity(self, name: str, alt: int, meta: int, version: int = 0) -> NodeIdentity:
        key = (name, alt, meta, version)
        if key not in self.identities:
            at, versions = NAMES.index(name), VERSIONS[version]
            self.identities[key] = NodeIdentity(
                at,
                at + (OTHER_ADDRESS if alt else 0),
                len(name),
                METAS[meta],
                versions or (0, 0, 0),
                has_versions=versions is not None,
            )
        return self.identities[key]

    def accusation(self, kind: int, subject: str, incarnation: int, source: str) -> SuspectOrDead:
        return self.node.states.suspect_or_dead(kind, NAMES.index(subject), incarnation, NAMES.index(source))

    # Steps ---------------------------------------------------------------------------------------

    def step(self, step: Vector) -> list[Any] | None:
        """Do what the real member did; the messages that it put into a datagram."""
        self.now += 1.0
        self.delegate.calls.clear()
        operation = step["op"]
        states = self.node.states
        if operation == "alive":
            identity = self.identity(step["n"], step["alt"], step["mi"], step["vi"])
            states.alive(Alive(identity, step["inc"]), self.now)
        elif operation == "suspect":
            states.suspect(self.accusation(m.SUSPECT, step["n"], step["inc"], step["from"]), self.now)
        elif operation == "dead":
            states.dead(self.accusation(m.DEAD, step["n"], step["inc"], step["from"]), self.now)
        elif operation == "packet":
            self.datagram(step["ps"])
        elif operation == "merge":
            self.merge(step["es"])
        elif operation == "update":
            self.update(METAS[step["mi"]])
        elif operation == "reset":
            self.node.core.members.purge(self.now + 0.5, 0.0)
        elif operation == "expire":
            self.expire(NAMES.index(step["n"]))
        elif operation == "leave":
            self.leave()
        elif operation == "get":
            return self.fill(step["limit"])
        return None

    def datagram(self, messages: list[Vector]) -> None:
        packet = Packet(m.GOSSIP, 0, 100)
        broadcasts: list[Message] = []
        for kind, subject, incarnation, source, alt, meta in messages:
            if kind == 0:
                broadcasts.append(
                    alive_message(self.directory, self.identity(subject, alt, meta), incarnation)
                )
            else:
                which = m.SUSPECT if kind == 1 else m.DEAD
                broadcasts.append(self.accusation(which, subject, incarnation, source))
        packet.broadcasts = broadcasts
        self.node.on_packet(packet, 1, self.now, self.now)

    def merge(self, entries: list[Vector]) -> None:
        remote = PushPull(False, None)
        numbers = [NAMES.index(entry[0]) for entry in entries]
        remote.nodes = vec[i32]([i32(number) for number in numbers])
        remote.keys = vec[i64]([entry[1] * 4 + entry[2] for entry in entries])
        identities = [self.identity(entry[0], entry[3], entry[4]) for entry in entries]
        others = {
            number: identity
            for number, identity in zip(numbers, identities, strict=True)
            if identity is not self.directory.first[number]
        }
        remote.records = others or None
        self.node.merger.merge_state(remote, self.now)

    def update(self, meta: bytes) -> None:
        core = self.node.core
        known = core.members.record(0)
        core.record = known if known.meta == meta else NodeIdentity(0, known.address, len(NAMES[0]), meta)
        core.incarnation += 1
        message = alive_message(self.directory, core.record, core.incarnation)
        self.node.states.alive(message, self.now, True)

    def expire(self, subject: int) -> None:
        suspicion = self.node.states.suspicions.find(subject)
        assert suspicion is not None
        self.node.states._expire(subject, suspicion, self.now)

    def leave(self) -> None:
        core = self.node.core
        if not core.leaving:
            core.leaving = True
            own = self.accusation(m.DEAD, NAMES[0], core.members.incarnation(0), NAMES[0])
            self.node.states.dead(own, self.now)

    def fill(self, limit: int) -> list[Any]:
        core = self.node.core
        into: list[Message] = []
        core.broadcasts.get_broadcasts(core.members.count, 2, limit, into)
        return [described(message) for message in into]

    # What became of the state --------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        core, states = self.node.core, self.node.states
        members = core.members
        views: dict[str, Any] = {}
        timers: dict[str, Any] = {}
        for at, name in enumerate(NAMES):
            key = members.key(at)
            if key == UNKNOWN:
                continue
            record = members.record(at)
            versions = [record.protocol_min, record.protocol_max, record.protocol_current]
            alt = 1 if record.address >= OTHER_ADDRESS else 0
            views[name] = [key & 3, key >> 2, alt, len(record.meta), versions]
            suspicion = states.suspicions.find(at)
            if suspicion is not None:
                timers[name] = [suspicion.confirmations, suspicion.k]
        return {
            "st": views,
            "tm": timers,
            "q": [[*described(it.message), it.transmits] for it in in_order(core.broadcasts)],
            "inc": core.incarnation,
            "aw": core.awareness.score,
            "nn": members.count,
            "len": members.count,
            "calls": [f"{call}:{NAMES[subject]}" for call, subject in self.delegate.calls],
            "any": members.others_are_up(0),
            "num": members.alive,
        }


def described(message: Message) -> list[Any]:
    """Return a message as the vectors have it: kind, subject, incarnation, accuser, size."""
    start = [KINDS[message.kind], NAMES[message.node], message.incarnation]
    if isinstance(message, SuspectOrDead):
        return [*start, NAMES[message.from_node], message.size]
    return [*start, message.size]


def play(vector: Vector, number: int) -> Outcome:
    member = Member(number)
    for at, step in enumerate(vector):
        sent = member.step(step)
        difference = compare(step["s"], member.state())
        if sent is not None and sent != step["out"]:
            difference += f"; datagram: real {step['out']}, simulated {sent}"
        if difference:
            return Outcome(at + 1, f"{step['op']} {step['n']}: {difference}")
    return Outcome(len(vector))


STATE = Replay(
    "ml",
    "memberlist's state: alive, suspect, dead, merge, refutation, update, leave, purge, expiry, queue",
    "step",
    play,
)
DATAGRAMS = Replay("cp", "datagrams of several messages, their dispatch and hand-off", "step", play)
