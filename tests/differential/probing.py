"""Probe rounds over a scripted transport: acks direct, late and relayed, nacks, all ends of the TCP ping.

The real rounds ran in real time with timers of some hundred milliseconds. An event matches one of its kind
within 15 ms.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from serfsim.native import Random
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.messages import Alive, Packet, StreamAck, StreamMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from serfsim.protocol.versions import ReleaseFeatures
from tests.differential.replaying import Outcome, Replay, Vector
from tests.memberlist.harness import HandDelegate, HandRuntime

OTHERS = 8
NEAR_MS = 15.0
LONGEST_S = 90.0
REFUTATION_S = 0.003  # after a suspicion
HELPER = 9  # the address from which all answers come
REPORTED = {
    events.FAILED_PING: "failedping",
    events.TCP_FALLBACK_ERROR: "fberr",
    events.TCP_FALLBACK_OK: "tcpok",
    events.SUSPECT: "suspect",
}


class ScriptedNetwork(HandRuntime):
    """Answers as each round's script says, and notes what the member does, at milliseconds."""

    node: Memberlist

    def __init__(self, rounds: list[Vector]) -> None:
        super().__init__()
        self.rounds = rounds
        self.round = -1
        self.helper = 0
        self.noted: list[tuple[float, str, int]] = []
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def script(self) -> Vector | None:
        return self.rounds[self.round] if self.round < len(self.rounds) else None

    def at(self, time: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (time, self._number, act))

    def run(self) -> None:
        """Let time pass until the rounds are over."""
        while self._due and self.script() is not None and self.now < LONGEST_S:
            self.now, _, act = heapq.heappop(self._due)
            act()

    def note(self, what: str, detail: int) -> None:
        self.noted.append((self.now * 1000, what, detail))

    def answer(self, delay_ms: int, kind: int, seq: int) -> None:
        if delay_ms >= 0:
            packet = Packet(kind, seq, 20)
            self.at(
                self.now + delay_ms / 1000,
                lambda: self.node.on_packet(packet, HELPER, self.now, self.now),
            )

    # What the member calls

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        self.at(at, lambda: self.node.on_timer(timer, a, b, self.now))

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        if packet.kind == m.PING:
            if self.script() is not None:
                self.note("ping", self.node.core.awareness.score)
            self.round += 1
            self.helper = 0
            script = self.script()
            if script is not None:
                self.answer(script["Direct"], m.ACK, packet.seq)
        elif packet.kind == m.INDIRECT_PING:
            self.note("ind", self.helper)
            script = self.script()
            if script is not None:
                helper = script["Helpers"][self.helper]
                self.answer(helper["Ack"], m.ACK, packet.seq)
                self.answer(helper["Nack"], m.NACK, packet.seq)
            self.helper += 1
        return True

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
        script = self.script() or {"Tcp": "refuse", "Delay": 0}
        self.note("dial", round(dial_timeout * 1000))
        later = now + script["Delay"] / 1000
        how = script["Tcp"]
        if how == "refuse":
            self.end_stream(later, token, DIAL_REFUSED)
        elif how == "hang":
            self.end_stream(now + dial_timeout, token, DIAL_TIMEOUT)
        elif how == "silent" or later >= io_deadline:
            self.end_stream(io_deadline, token, IO_TIMEOUT)
        elif how == "eof":
            self.end_stream(later, token, CLOSED)
        else:
            assert hasattr(request, "seq")
            self.end_stream(later, token, REPLIED, StreamAck(request.seq + (how == "wrong"), 10))

    def end_stream(self, at: float, token: int, outcome: int, reply: StreamMessage | None = None) -> None:
        self.at(at, lambda: self.node.on_stream_result(token, outcome, reply, self.now))

    def notify(self, now: float, event: int, subject: int, detail: int) -> None:
        what = REPORTED.get(event)
        if what is not None:
            self.note(what, 0)
        if event == events.SUSPECT:
            self.at(now + REFUTATION_S, lambda: self.refute(subject))

    def refute(self, subject: int) -> None:
        members = self.node.core.members
        self.node.states.alive(Alive(members.record(subject), members.incarnation(subject) + 1), self.now)


def simulated(vector: Vector) -> list[tuple[float, str, int]]:
    config = MemberlistConfig(ReleaseFeatures("0.9.4"))
    config.probe_interval = 0.4
    config.probe_timeout = 0.12
    config.gossip_interval = 0.0
    config.push_pull_interval = 0.0
    config.suspicion_mult = 1000
    config.enable_compression = False
    directory = Directory()
    me = directory.add("me", 0)
    for at in range(OTHERS):
        directory.add(chr(ord("p") + at), at + 1)
    network = ScriptedNetwork(vector["rounds"])
    node = Memberlist(config, me, directory, network, HandDelegate(), Random(vector["seed"]))
    network.node = node
    node.start(0.0)
    for record in directory.first[1:]:
        node.states.alive(Alive(record, 1), 0.0)
    node.core.broadcasts.prune(0)
    network.run()
    return network.noted


def is_match(real: Vector, event: tuple[float, str, int]) -> bool:
    at, what, detail = event
    if what != real["E"] or abs(at - real["T"]) >= NEAR_MS:
        return False
    return abs(detail - real["A"]) <= NEAR_MS if what == "dial" else bool(detail == real["A"])


def play(vector: Vector, number: int) -> Outcome:
    left = simulated(vector)
    unmatched = []
    for real in vector["ev"]:
        near = [event for event in left if is_match(real, event)]
        if near:
            left.remove(min(near, key=lambda event: abs(event[0] - real["T"])))
        else:
            unmatched.append((real["T"], real["E"], real["A"]))
    matched = len(vector["ev"]) - len(unmatched)
    if unmatched or left:
        return Outcome(matched, f"seed {vector['seed']}: real alone {unmatched}, simulated alone {left}")
    return Outcome(matched)


PROBE = Replay(
    "probe",
    "probe rounds on a scripted transport: acks, nacks, kept ticks, health, all ends of the TCP ping",
    "event",
    play,
)
