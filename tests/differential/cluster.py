"""Whole members on one scripted network: every packet and stream in order, and all views after each step.

A packet is handled within the call that sends it, unless the step's script lets it be lost. Choices that the
library draws from its own generator are in the trace; the member here gets a generator that draws the same.

In the library the goroutine that probes sees an ack before or after the messages of the ack's datagram are
handled, as the scheduler likes. In the vectors it is after: the call that sent the ping has to return first.
"""

from __future__ import annotations

import heapq
from typing import Any

from serfsim.native import Random, i32
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import GOSSIP_TICK, INFINITY, PROBE_END, PROBE_TIMEOUT, RELAY_EXPIRY
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_SUSPECT, UNKNOWN
from serfsim.protocol.memberlist.messages import Message, Packet, StreamMessage, SuspectOrDead, alive_message
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.memberlist.probe import DIRECT
from serfsim.protocol.runtime import DIAL_REFUSED, REPLIED
from serfsim.protocol.versions import ReleaseFeatures
from tests.differential.replaying import Outcome, Replay, Vector
from tests.memberlist.harness import HandDelegate, HandRuntime, in_order

NAMES = "abcde"
METAS = (b"\xff\x80", b"\xff\x81\xa1a\xa1b")
KINDS = {m.ALIVE: "alive", m.SUSPECT: "suspect", m.DEAD: "dead"}
PERIOD_S, ACK_WAIT_S = 0.1, 0.03
STEP_S = 60.0
QUEUE = 2  # in a member's state
WAITED_FOR = (PROBE_TIMEOUT, PROBE_END, RELAY_EXPIRY)  # the script ends suspicions and lets gossip tick
MOST_SEEDS = 20_000  # of a generator that draws what the real one drew


class Differs(Exception):
    """What is sent here is not what the real member sent."""


def described(message: Message) -> list[Any]:
    start = [KINDS[message.kind], NAMES[message.node], message.incarnation]
    if isinstance(message, SuspectOrDead):
        return [*start, NAMES[message.from_node], message.size]
    return [*start, message.size]


def parts_of(packet: Packet) -> list[list[Any]]:
    head: list[list[Any]] = []
    if packet.kind == m.PING:
        head = [["ping", packet.seq, NAMES[packet.node]]]
    elif packet.kind == m.INDIRECT_PING:
        head = [["indirect", packet.seq, NAMES[packet.node], packet.wants_nack]]
    elif packet.kind in (m.ACK, m.NACK):
        head = [["ack" if packet.kind == m.ACK else "nack", packet.seq]]
    return head + [described(message) for message in packet.broadcasts or []]


class Line(HandRuntime):
    """One member's side of the network."""

    def __init__(self, network: Network, number: int) -> None:
        super().__init__()
        self.network = network
        self.number = number

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        if packet.kind == m.NACK:
            self.network.late.append((self.number, address, packet))
        else:
            self.network.deliver(self.number, address, packet)
        return True

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        if timer in WAITED_FOR:
            self.network.wait(at, self.number, timer, a, b)

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
        self.network.dial(self.number, address, request, token)


class Network:
    """The members, and the trace of the step at work, of which `expected` is left."""

    def __init__(self) -> None:
        self.now = 0.0
        self.expected: list[list[Any]] = []
        self.compared = 0
        self.late: list[tuple[int, int, Packet]] = []
        self.udp = self.tcp = ""
        self._due: list[tuple[float, int, int, int, int, int]] = []
        self._calls = 0
        self.directory = Directory()
        for number, name in enumerate(NAMES):
            self.directory.add(name, number)
        self.delegates = [HandDelegate() for _ in NAMES]
        self.nodes = [self._member(number) for number in range(len(NAMES))]
        for node in self.nodes:
            node.start(0.0)

    def _member(self, number: int) -> Memberlist:
        config = MemberlistConfig(ReleaseFeatures("0.9.4"))
        config.probe_interval, config.probe_timeout = PERIOD_S, ACK_WAIT_S
        config.gossip_interval = config.push_pull_interval = 0.0
        config.gossip_to_the_dead_time = 1e9
        config.enable_compression = False
        line, delegate = Line(self, number), self.delegates[number]
        return Memberlist(config, self.directory.first[number], self.directory, line, delegate, Random(1))

    def wait(self, at: float, number: int, timer: int, a: int, b: int) -> None:
        self._calls += 1
        heapq.heappush(self._due, (at, self._calls, number, timer, a, b))

    def compare(self, *found: Any) -> None:
        """Hold what is sent against the next line of the trace."""
        if not self.expected:
            raise Differs(f"simulated alone: {found}")
        real = self.expected.pop(0)
        if real != list(found):
            raise Differs(f"real {real}, simulated {list(found)}")
        self.compared += 1

    def reaches(self, matrix: str, source: int, target: int) -> bool:
        return matrix[source * len(NAMES) + target] == "1"

    def deliver(self, source: int, target: int, packet: Packet) -> None:
        self.compare(NAMES[source], NAMES[target], packet.size, parts_of(packet))
        if not self.reaches(self.udp, source, target):
            return
        node = self.nodes[target]
        broadcasts = packet.broadcasts
        if packet.kind == m.ACK and packet.seq == node.prober.seq and broadcasts:
            gossip = Packet(m.GOSSIP, 0, 0)
            gossip.broadcasts = broadcasts
            packet = Packet(m.ACK, packet.seq, packet.size)
            node.on_packet(gossip, source, self.now, self.now)
        node.on_packet(packet, source, self.now, self.now)

    def dial(self, source: int, target: int, request: StreamMessage, token: int) -> None:
        self.compare("stream", NAMES[source], NAMES[target])
        node, peer = self.nodes[source], self.nodes[target]
        if not self.reaches(self.tcp, source, target):
            node.on_stream_result(token, DIAL_REFUSED, None, self.now)
            return
        request.connected(self.now)
        reply = peer.on_stream_request(request, source, self.now)
        assert reply is not None
        peer.on_stream_answered(request, source, self.now)
        node.on_stream_result(token, REPLIED, reply, self.now)
        self.compare("answered", NAMES[target], reply.size)

    def run(self) -> None:
        """Let a round of probes come to its end."""
        while self._due or self.late:
            if self.late and (not self._due or self._due[0][0] > self.now):
                late, self.late = sorted(self.late, key=lambda nack: nack[0]), []
                for source, target, packet in late:
                    self.deliver(source, target, packet)
                continue
            self.now, _, number, timer, a, b = heapq.heappop(self._due)
            prober = self.nodes[number].prober
            if timer == PROBE_TIMEOUT and prober.phase == DIRECT and a == prober.seq:
                self.foresee(number)
            self.nodes[number].on_timer(timer, a, b, self.now)

    # Choices -------------------------------------------------------------------------------------

    def draw(
        self, number: int, wanted: list[int], k: int, excluded: int, worst: int, may_be_more: bool = False
    ) -> None:
        """Give a member a generator that draws the members `wanted` next, or others after them.

        Raises Differs where none does.
        """
        core = self.nodes[number].core
        dead_since = self.now - core.config.gossip_to_the_dead_time if worst == STATE_SUSPECT else INFINITY
        for seed in range(MOST_SEEDS):
            core.rng = Random(seed)
            into: list[int] = []
            core.random_members(k, excluded, worst, dead_since, into)
            if (into[: len(wanted)] if may_be_more else into) == wanted:
                core.rng = Random(seed)
                return
        raise Differs(f"{NAMES[number]} cannot choose {[NAMES[one] for one in wanted]}")

    def foresee(self, number: int) -> None:
        """Before a probe asks helpers: let it ask those that the real one asked."""
        asked = [
            NAMES.index(line[1])
            for line in self.expected
            if line[0] == NAMES[number] and line[-1][0][0] == "indirect"
        ]
        node = self.nodes[number]
        self.draw(number, asked, node.core.config.indirect_checks, node.prober.target, STATE_ALIVE)

    def order(self, number: int, ring: str) -> None:
        """Put a member's ring into the order of the real one's."""
        members = self.nodes[number].core.members
        known = {NAMES[members.at(place)] for place in range(members.count)}
        if known != set(ring):
            raise Differs(f"{NAMES[number]} knows {sorted(known)}, the real one {sorted(ring)}")
        for place, name in enumerate(ring):
            members.ring[place] = i32(NAMES.index(name))

    # Steps ---------------------------------------------------------------------------------------

    def step(self, step: Vector) -> None:
        """Do what the real member did.

        Raises Differs where something else is sent.
        """
        self.now += STEP_S
        self.expected = list(step["trace"])
        self.udp, self.tcp = step["udp"], step["tcp"]
        number = NAMES.index(step["by"])
        node = self.nodes[number]
        target = NAMES.index(step["to"]) if "to" in step else -1
        operation = step["op"]
        if operation == "gossip":
            self.gossip(number, step["s"][number][QUEUE] != "")
        elif operation == "probe":
            self.probe(number, target)
        elif operation in ("pushpull", "join"):
            for one, ring in zip((number, target), step["rings"], strict=True):
                self.order(one, ring)
            if operation == "join":
                node.join([target], 1, self.now, target)
            else:
                self.draw(number, [target], 1, -1, STATE_ALIVE)
                node.push_pull(self.now)
        elif operation == "expire":
            suspicion = node.states.suspicions.find(target)
            if suspicion is None:
                raise Differs(f"{step['by']} does not suspect {step['to']}")
            node.states._expire(target, suspicion, self.now)
        elif operation == "update":
            self.update(number, METAS[step["meta"]])
        elif operation == "leave":
            node.core.leaving = True
            incarnation = node.core.members.incarnation(number)
            node.states.dead(node.states.suspect_or_dead(m.DEAD, number, incarnation, number), self.now)
        self.run()
        if self.expected:
            raise Differs(f"real alone: {self.expected}")

    def gossip(self, number: int, had_more: bool) -> None:
        """Gossip to the members that the real one chose; once its queue is empty, more do not show."""
        chosen = [NAMES.index(line[1]) for line in self.expected if line[0] == NAMES[number]]
        if chosen or had_more:
            most = self.nodes[number].core.config.gossip_nodes
            self.draw(number, chosen, most, -1, STATE_SUSPECT, may_be_more=not had_more)
        self.nodes[number].on_timer(GOSSIP_TICK, 0, 0, self.now)

    def probe(self, number: int, target: int) -> None:
        prober, members = self.nodes[number].prober, self.nodes[number].core.members
        places = [place for place in range(members.count) if members.at(place) == target]
        if not places:
            raise Differs(f"{NAMES[number]} does not know {NAMES[target]}")
        prober.order.place = places[0]
        prober.tick(self.now)

    def update(self, number: int, meta: bytes) -> None:
        core = self.nodes[number].core
        known = core.members.record(number)
        core.record = known if known.meta == meta else known.with_meta(meta)
        core.next_incarnation()
        message = alive_message(self.directory, core.record, core.incarnation)
        self.nodes[number].states.alive(message, self.now, True)

    # What became of it ---------------------------------------------------------------------------

    def state(self) -> list[list[Any]]:
        return [self.state_of(number) for number in range(len(NAMES))]

    def state_of(self, number: int) -> list[Any]:
        node, delegate = self.nodes[number], self.delegates[number]
        members = node.core.members
        views, timers = [], []
        for at, name in enumerate(NAMES):
            key = members.key(at)
            if key == UNKNOWN:
                continue
            views.append(f"{name} {key & 3} {key >> 2} {len(members.record(at).meta)}")
            suspicion = node.states.suspicions.find(at)
            if suspicion is not None:
                timers.append(f"{name} {suspicion.confirmations} {suspicion.k}")
        queue = [
            " ".join(map(str, [*described(it.message), it.transmits]))
            for it in in_order(node.core.broadcasts)
        ]
        calls = [f"{call}:{NAMES[subject]}" for call, subject in delegate.calls]
        delegate.calls.clear()
        health = node.core.awareness.score
        lists = [",".join(one) for one in (views, timers, queue)]
        return [*lists, node.core.incarnation, health, ",".join(calls)]


def play(vector: Vector, number: int) -> Outcome:
    network = Network()
    for at, step in enumerate(vector):
        try:
            network.step(step)
        except Differs as difference:
            return Outcome(network.compared, f"step {at + 1}, {step['op']} by {step['by']}: {difference}")
        simulated = network.state()
        for name, real, found in zip(NAMES, step["s"], simulated, strict=True):
            if real != found:
                difference = f"{name}: real {real}, simulated {found}"
                return Outcome(network.compared, f"step {at + 1}, {step['op']} by {step['by']}: {difference}")
        network.compared += len(NAMES)
    return Outcome(network.compared)


CLUSTER = Replay(
    "net",
    "five whole members on one scripted network: every packet and stream in order, all views after each step",
    "packet, stream or view",
    play,
)
