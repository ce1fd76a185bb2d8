"""Conservation of datagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.checks.checker import Checker, Observed
from serfsim.checks.words import packet_words
from serfsim.results.scoring.recording import Recording

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.messages import Packet

SLACK_S: Final = 1e-6  # of sums of times
READ_S: Final = 1.0  # seconds in which a slow process takes a packet from its socket


UnderWay = tuple["Packet", int, float, int]
"""A datagram under way, its source, its arrival on the engine's clock, and how many of it there are."""


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
        self._under_way: list[dict[int, UnderWay]] = [{} for _ in range(run.n)]  # by host
        self._anywhere: dict[int, UnderWay] = {}  # where an address is not the number of a host
        self._doubles = any(fault.verb == "duplicate" for fault in run.scenario.faults)
        self._handled: dict[int, Packet] = {}  # where copies may follow

    def sent(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        if at < 0.0:
            return
        is_host = self._network.addresses is None and address < self._n
        table = self._under_way[address] if is_host else self._anywhere
        known = table.get(id(packet))
        if known is None:
            table[id(packet)] = packet, source, at, 1
        else:
            table[id(packet)] = packet, source, min(at, known[2]), known[3] + 1

    def came_from_outside(self, at: float, address: int, target: int, packet: Packet) -> None:
        if at >= 0.0:
            self._under_way[target][id(packet)] = packet, address, at, 1

    def handled(self, member: int, packet: Packet, source: int) -> None:
        table = self._under_way[member]
        known = table.pop(id(packet), None)
        if known is None and self._anywhere:
            table = self._anywhere
            known = table.pop(id(packet), None)
        if known is None:
            self._unexpected(member, packet, source)
            return
        if known[3] > 1:
            table[id(packet)] = (*known[:3], known[3] - 1)
        elif self._doubles:
            self._handled[id(packet)] = packet
        early = known[2] - self._queue.now
        if early > SLACK_S:
            self.report(member, f"handled {early:g} s before it arrived", packet=self._words(packet, source))

    def _unexpected(self, member: int, packet: Packet, source: int) -> None:
        if source == self.run.network.address_of(member):
            return  # what a host sends to itself comes to no network
        if self._doubles and self._handled.pop(id(packet), None) is packet:
            return  # the copy of a duplicated datagram
        node = self.run.agents.nodes[member] if self.run.is_serf else None
        if node is not None and node.memberlist.writer is not None:
            return  # a packet over TCP
        self.report(
            member, "handled a datagram that was not under way to it", packet=self._words(packet, source)
        )

    def overflowed(self, target: int, packet: Packet) -> None:
        table = self._under_way[target]
        known = table.pop(id(packet), None)
        if known is None:
            table = self._anywhere
            known = table.pop(id(packet), None)
        if known is not None and known[3] > 1:
            table[id(packet)] = (*known[:3], known[3] - 1)

    def _words(self, packet: Packet, source: int) -> str:
        return packet_words(self.run, packet, source)

    def finished(self, recording: Recording) -> None:
        end = recording.duration if recording.interrupted_at is None else recording.interrupted_at
        for target in range(self.run.n):
            self._account(target, end, recording)

    def _account(self, target: int, end: float, recording: Recording) -> None:
        """Report the datagrams to a host that vanished."""
        host = self.run.hosts[target]
        waiting = int(host.buffer.count)
        journey, origin = float(host.journey_delay) + SLACK_S, self.run.trace.origin
        for packet, source, arrival, copies in self._under_way[target].values():
            at = arrival - origin
            if at + journey >= end or any(
                down.start <= at + READ_S and at <= down.end for down in recording.truth.down[target]
            ):
                continue
            if waiting > 0:  # the process is stopped, stalled or slow
                waiting -= copies
            elif not self._is_excused(target, at, recording):
                text = f"arrived, and was neither handled nor dropped by {end:.3f} s"
                self.report(target, text, at=at, packet=self._words(packet, source))

    def _is_excused(self, target: int, at: float, recording: Recording) -> bool:
        """Return whether the process ended while it was under a fault, with the datagram in its buffer."""
        return any(
            fault.start <= at <= fault.end
            and any(at <= down.start <= fault.end + READ_S for down in recording.truth.down[target])
            for fault in recording.truth.faulted[target]
        )
