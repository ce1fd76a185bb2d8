"""Conservation of datagrams."""

from __future__ import annotations

from typing import Any, Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import packet_words
from serfsim.native import i64
from serfsim.protocol.memberlist.messages import Packet

SLACK_S: Final = 1e-6  # of sums of times
READ_S: Final = 1.0  # seconds in which a slow process takes a packet from its socket


class UnderWay:
    """The source of a datagram under way, its first arrival on the engine's clock, and how many there are."""

    def __init__(self, source: i64, arrival: float) -> None:
        self.source = source
        self.arrival = arrival
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
        self._network, self._queue, self._n = run.network, run.queue, run.n
        self._under_way: list[dict[Packet, UnderWay]] = [{} for _ in range(run.n)]  # by host
        self._anywhere: dict[Packet, UnderWay] = {}  # where an address is not the number of a host
        self._doubles = any(fault.verb == "duplicate" for fault in run.scenario.faults)
        self._handled = set[Packet]()  # where copies may follow

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        if at < 0.0:
            return
        is_host = self._network.addresses is None and address < self._n
        table = self._under_way[address] if is_host else self._anywhere
        known = table.get(packet)
        if known is None:
            table[packet] = UnderWay(source, at)
        else:
            known.arrival = min(at, known.arrival)
            known.copies += 1

    def came_from_outside(self, at: float, address: i64, target: i64, packet: Packet) -> None:
        if at >= 0.0:
            self._under_way[target][packet] = UnderWay(address, at)

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        known = self._arrived(member, packet)
        if known is None:
            self._unexpected(member, packet, source)
            return
        if known.copies == 0 and self._doubles:
            self._handled.add(packet)
        early = known.arrival - self._queue.now
        if early > SLACK_S:
            self.report(member, f"handled {early:g} s before it arrived", packet=self._words(packet, source))

    def _arrived(self, member: i64, packet: Packet) -> UnderWay | None:
        """Take one copy of a datagram to a host from those under way."""
        table = self._under_way[member]
        known = table.get(packet)
        if known is None:
            table = self._anywhere
            known = table.get(packet)
            if known is None:
                return None
        known.copies -= 1
        if known.copies == 0:
            del table[packet]
        return known

    def _unexpected(self, member: i64, packet: Packet, source: i64) -> None:
        if source == self.run.network.address_of(member):
            return  # what a host sends to itself comes to no network
        if packet in self._handled:
            self._handled.remove(packet)
            return  # the copy of a duplicated datagram
        node = self.run.nodes[member] if self.run.is_serf else None
        if node is not None and node.memberlist.writer is not None:
            return  # a packet over TCP
        self.report(
            member, "handled a datagram that was not under way to it", packet=self._words(packet, source)
        )

    def overflowed(self, target: i64, packet: Packet) -> None:
        self._arrived(target, packet)

    def _words(self, packet: Packet, source: i64) -> str:
        return packet_words(self.run, packet, source)

    def finished(self, recording: Any) -> None:
        end = recording.duration if recording.interrupted_at is None else recording.interrupted_at
        for target in range(self.run.n):
            self._account(target, end, recording)

    def _account(self, target: i64, end: float, recording: Any) -> None:
        """Report the datagrams to a host that vanished."""
        host = self.run.hosts[target]
        waiting = int(host.buffer.count)
        journey, origin = float(host.journey_delay) + SLACK_S, self.run.trace.origin
        for packet, one in self._under_way[target].items():
            at = one.arrival - origin
            if at + journey >= end or any(
                down.start <= at + READ_S and at <= down.end for down in recording.truth.down[target]
            ):
                continue
            if waiting > 0:  # the process is stopped, stalled or slow
                waiting -= one.copies
            elif not self._is_excused(target, at, recording):
                text = f"arrived, and was neither handled nor dropped by {end:.3f} s"
                self.report(target, text, at=at, packet=self._words(packet, one.source))

    def _is_excused(self, target: i64, at: float, recording: Any) -> bool:
        """Return whether the process ended while it was under a fault, with the datagram in its buffer."""
        return any(
            fault.start <= at + READ_S
            and at <= fault.end
            and any(at <= down.start <= fault.end + READ_S for down in recording.truth.down[target])
            for fault in recording.truth.faulted[target]
        )
