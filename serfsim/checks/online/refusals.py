"""Refusal of datagrams that none of a member's keys opens."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import packet_words
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import Packet


class StrangersRefused(Checker):
    """Look for a refusal of each datagram that is under none of its receiver's keys."""

    name = "strangers_refused"
    rule = "a member with keys refuses each datagram that none of them opens"
    events = (events.UNDECRYPTABLE, events.UNENCRYPTED, events.MISLABELLED)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._due: list[tuple[Packet, int] | None] = [None] * run.n  # a strange datagram and its source

    def started(self, member: i64) -> None:
        self._due[member] = None

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        self._judge(member)
        node = self.run.nodes[member]
        if node is None:
            return
        gate = node.memberlist.gate
        if gate is None or gate.keys is None or gate.is_open or gate.by_tcp:
            return
        seal, config = packet.seal, node.memberlist.core.config
        if not config.gossip_verify_incoming or (seal is not None and seal.by_tcp):
            return
        if seal is None or not seal.is_encrypted or seal.key not in gate.keys.keys:
            self._due[member] = packet, source

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        self._due[observer] = None

    def sampled(self) -> None:
        for member in range(self.run.n):
            self._judge(member)

    def _judge(self, member: i64) -> None:
        due, self._due[member] = self._due[member], None
        if due is not None:
            words = packet_words(self.run, *due)
            self.report(member, "took a datagram that none of its keys opens", packet=words)
