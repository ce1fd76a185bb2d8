"""Probe rounds: each ends, by its own ack, and the next member's turn comes."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import ACK, NACK, Packet
from serfsim.protocol.memberlist.probe_order import ProbeOrder

IDLE_ROUNDS: Final = 3  # beyond the longest round
IDLE_S: Final = 5.0


class Rounds:
    """The probes of one process: how many it began, when the last, and the number of each member's last."""

    def __init__(self, now: float) -> None:
        self.begun = 0
        self.at = now
        self.last: dict[int, tuple[int, int]] = {}  # by member: number of the probe, and most members since
        self.ack = -1  # the sequence number of the ack in hand
        self.nacks: dict[int, int] = {}  # that came in during the last round, by sequence number


class RoundsKept(Checker):
    """Follow the rounds of each process, the acks that end them, and whose turn it is."""

    name = "rounds_kept"
    rule = (
        "a round ends by an ack of its own number alone and counts no more nacks than came in, a process goes"
        " on probing, and comes to each member within twice as many probes as it knows members"
    )
    handles = (ACK, NACK)
    events = (
        *(events.PROBE, events.DIRECT_ACK, events.NACK),
        *(events.MEMBER_DEAD, events.MEMBER_LEFT, events.FORGOTTEN, events.JOIN),
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._rounds = [Rounds(0.0) for _ in range(run.n)]

    def started(self, member: i64) -> None:
        self._rounds[member] = Rounds(self.run.now)

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        own = self._rounds[member]
        if packet.kind == ACK:
            own.ack = packet.seq
            return
        own.nacks[packet.seq] = own.nacks.get(packet.seq, 0) + 1

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        node = self.run.nodes[observer]
        if node is None:
            return
        own, prober = self._rounds[observer], node.memberlist.prober
        if event == events.PROBE:
            self._probed(observer, own, subject)
        elif event == events.DIRECT_ACK:
            if own.ack != prober.seq and node.memberlist.writer is None:
                self.report(observer, f"took ack {own.ack} for that of its round {prober.seq}")
        elif event == events.NACK:
            count = own.nacks.get(prober.seq, 0)
            if prober.nacks > count and node.memberlist.writer is None:
                text = f"counts {prober.nacks} nacks in round {prober.seq}, of {count} that came in"
                self.report(observer, text)
        else:
            own.last.pop(subject, None)  # its turns begin anew

    def _probed(self, member: i64, own: Rounds, subject: i64) -> None:
        node = self.run.nodes[member]
        if node is None:
            return
        memberlist = node.memberlist
        own.begun += 1
        own.nacks.clear()
        own.at = self.run.now
        known = int(memberlist.core.members.count)
        before = own.last.get(subject)
        most = known if before is None else max(known, before[1])
        if (
            before is not None
            and own.begun - before[0] > 2 * most
            and type(memberlist.prober.order) is ProbeOrder
        ):
            self.report(
                member,
                f"came to {self.run.name(subject)} after {own.begun - before[0]} probes among {most} members",
            )
        own.last[subject] = own.begun, known

    def sampled(self) -> None:
        running = set()
        for member, node in self.run.running():
            own, core, host = self._rounds[member], node.memberlist.core, self.run.hosts[member]
            interval = float(core.config.probe_interval)
            if (
                host.stalled
                or host.clock is not None
                or interval <= 0.0
                or not core.members.others_are_up(member)
            ):
                continue
            running.add(member)
            longest = (IDLE_ROUNDS + int(core.awareness.max_multiplier)) * interval + IDLE_S
            longest += float(host.processing_delay) * 10.0
            if self.run.now - own.at > longest:
                self.report(member, f"has begun no probe for {self.run.now - own.at:.1f} s")
                own.at = self.run.now
        for member in range(self.run.n):
            if member not in running:
                self._rounds[member].at = self.run.now
