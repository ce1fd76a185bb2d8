"""Answers to pings."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import packet_words
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import ACK, INDIRECT_PING, NACK, PING, Packet


class PingsAnswered(Checker):
    """Follow each ping that a process handles to its ack, and each ack and nack back to its reason."""

    name = "pings_answered"
    rule = (
        "a process answers each ping for it with one ack at once, sends no other acks but those that it"
        " relays, and at most one nack for each indirect ping"
    )
    handles = (PING, INDIRECT_PING)
    sends = (ACK, NACK)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._due: list[tuple[Packet, int] | None] = [None] * run.n  # a ping and its source
        self._hosts, self._rules = run.hosts, run.network.rules
        # A forged ack comes from a member's machine.
        self._forged_at = {
            start + run.trace.origin
            for fault in run.scenario.faults
            if fault.verb == "forge"
            for start, _ in fault.occurrences(run.scenario.duration)
        }
        self._asked: list[dict[tuple[int, int], int]] = [{} for _ in range(run.n)]  # nacks sent, by request

    def started(self, member: i64) -> None:
        self._due[member] = None
        self._asked[member] = {}

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        kind = packet.kind
        if self._due[member] is not None:
            self._judge(member)
        if kind == PING:
            self._due[member] = packet, source
            if self._hosts[member].stalled or self._rules.refusing > 0:
                self._due[member] = None
                self._asked[member][source, packet.seq] = 0  # answered later, or never
        elif kind == INDIRECT_PING:  # a datagram that arrived twice asks twice
            asked = self._asked[member]
            asked[source, packet.seq] = asked.get((source, packet.seq), 1) - 1

    def _must_answer(self, member: i64, packet: Packet) -> bool:
        node = self.run.nodes[member]
        if node is None:
            return False
        memberlist = node.memberlist
        if memberlist.writer is not None or memberlist.gate is not None or packet.seal is not None:
            return False
        return packet.node in (-1, memberlist.core.me)

    def _judge(self, member: i64) -> None:
        """Report the last ping if it has not been answered by now."""
        due = self._due[member]
        self._due[member] = None
        if due is not None and self._must_answer(member, due[0]):
            self.report(member, "has not answered", packet=packet_words(self.run, *due))

    def sampled(self) -> None:
        for member, _ in self.run.running():
            self._judge(member)

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        if packet.kind == ACK:
            due = self._due[source]
            if due is not None and due[0].seq == packet.seq:
                self._due[source] = None
            elif now not in self._forged_at and self._is_unasked(source, packet.seq):
                self.report(source, "acked what nobody asked", packet=packet_words(self.run, packet, source))
        elif packet.kind == NACK:
            asked, key = self._asked[source], (address, packet.seq)
            if key in asked:
                asked[key] += 1
                if asked[key] > 1:
                    self.report(source, "sent a second nack", packet=packet_words(self.run, packet, source))

    def _is_unasked(self, member: i64, seq: int) -> bool:
        node, host = self.run.nodes[member], self.run.hosts[member]
        if node is None or host.stalled or host.blocked or node.memberlist.gate is not None:
            return False
        return not any(asked == seq for _, asked in self._asked[member])


class NacksCounted(Checker):
    """Compare the nacks that count with those that a process handles."""

    name = "nacks_counted"
    rule = "a nack counts once at most, and only where it has come in"
    events = (events.NACK,)
    handles = (NACK,)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._handled = [0] * run.n

    def started(self, member: i64) -> None:
        self._handled[member] = 0

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        if packet.kind == NACK:
            self._handled[member] += 1

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if event == events.NACK:
            self._handled[observer] -= 1
            if self._handled[observer] < 0:
                self._handled[observer] = 0
                self.report(observer, f"counted a nack about {self.run.name(subject)} that did not come in")
