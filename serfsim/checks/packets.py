"""Conservation of datagrams."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from serfsim.checks.checker import Checker, Observed
from serfsim.checks.words import packet_words
from serfsim.results.scoring.recording import Recording

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.messages import Packet

SLACK_S: Final = 1e-6  # of sums of times
READ_S: Final = 1.0  # seconds in which a slow process takes a packet from its socket


class UnderWay:
    """A datagram under way: `copies` of it arrive from `at` on (the scenario's clock) unless handled."""

    def __init__(self, packet: Packet, source: int, at: float) -> None:
        self.packet = packet
        self.source = source
        self.at = at
        self.copies = 1


class PacketsConserved(Checker):
    """Follow each datagram from its sender to its end."""

    name = "packets_conserved"
    rule = (
        "every datagram of every kind and pair ends once: handled after its arrival by the process that it"
        " was sent to, lost, blocked, overflowed, sent to nobody, or at a host whose process is gone"
    )
    of_serf = False

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._has_addresses = False
        self._under_way: list[dict[int, UnderWay]] = [{} for _ in range(run.n + 1)]
        self._doubles = any(fault.verb == "duplicate" for fault in run.scenario.faults)
        self._handled: dict[int, Packet] = {}  # where copies may follow
        self.sent_by_kind = [0] * 16
        self.sent_count = 0
        self.stopped_count = 0  # lost, blocked, or to nobody

    def _table(self, target: int, packet: Packet | None = None) -> dict[int, UnderWay]:
        """Return the datagrams under way to a host; to any where addresses are not hosts' numbers.

        A member that moves makes them differ from then on: a packet sent before is where it was put.
        """
        own = self._under_way[target] if 0 <= target < self.run.n else self._under_way[-1]
        if self.run.network.addresses is None or (packet is not None and id(packet) in own):
            return own
        return self._under_way[-1]

    def sent(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        self.sent_count += 1
        self.sent_by_kind[packet.kind & 15] += 1
        if at < 0.0:
            self.stopped_count += 1
            return
        self._expect(self._table(address), packet, source, at)

    def came_from_outside(self, at: float, address: int, target: int, packet: Packet) -> None:
        if at >= 0.0:
            self._expect(self._table(target), packet, address, at)

    def _expect(self, table: dict[int, UnderWay], packet: Packet, source: int, at: float) -> None:
        at -= self.run.trace.origin
        known = table.get(id(packet))
        if known is None:
            table[id(packet)] = UnderWay(packet, source, at)
        else:
            known.copies += 1
            known.at = min(known.at, at)

    def handled(self, member: int, packet: Packet, source: int) -> None:
        if source == self.run.network.address_of(member):
            return  # what a host sends to itself comes to no network
        table = self._table(member, packet)
        known = table.get(id(packet))
        if known is None:
            self._unexpected(member, packet, source)
            return
        if known.at > self.run.now + SLACK_S:
            self.report(
                member,
                f"handled {known.at - self.run.now:g} s before it arrived",
                packet=self._words(packet, source),
            )
        known.copies -= 1
        if known.copies == 0:
            del table[id(packet)]
            if self._doubles:
                self._handled[id(packet)] = packet

    def _unexpected(self, member: int, packet: Packet, source: int) -> None:
        if self._doubles and self._handled.pop(id(packet), None) is packet:
            return  # the copy of a duplicated datagram
        node = self.run.agents.nodes[member] if self.run.is_serf else None
        if node is not None and node.memberlist.writer is not None:
            return  # a packet over TCP
        self.report(
            member, "handled a datagram that was not under way to it", packet=self._words(packet, source)
        )

    def overflowed(self, target: int, packet: Packet) -> None:
        table = self._table(target, packet)
        known = table.get(id(packet))
        if known is not None:
            known.copies -= 1
            if known.copies == 0:
                del table[id(packet)]

    def _words(self, packet: Packet, source: int) -> str:
        return packet_words(self.run, packet, source)

    def finished(self, recording: Recording) -> None:
        end = recording.duration if recording.interrupted_at is None else recording.interrupted_at
        if self.run.network.addresses is None:
            for target in range(self.run.n):
                self._account(target, end, recording)

    def _account(self, target: int, end: float, recording: Recording) -> None:
        """Report the datagrams to a host that vanished."""
        host = self.run.hosts[target]
        waiting = int(host.buffer.count)
        journey = float(host.journey_delay) + SLACK_S
        for known in self._under_way[target].values():
            at = known.at + journey
            if at >= end or any(
                down.start <= at + READ_S and known.at <= down.end for down in recording.truth.down[target]
            ):
                continue
            if waiting > 0:  # the process is stopped, stalled or slow
                waiting -= known.copies
                continue
            if self._is_excused(target, known, recording):
                continue
            self.report(
                target,
                f"arrived, and was neither handled nor dropped by {end:.3f} s",
                at=known.at if math.isfinite(known.at) else end,
                packet=self._words(known.packet, known.source),
            )

    def _is_excused(self, target: int, known: UnderWay, recording: Recording) -> bool:
        """Return whether the process ended while it was under a fault, with the datagram in its buffer."""
        return any(
            fault.start <= known.at <= fault.end
            and any(known.at <= down.start <= fault.end + READ_S for down in recording.truth.down[target])
            for fault in recording.truth.faulted[target]
        )
