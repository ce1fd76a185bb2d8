"""Every packet of a network in packed arrays, with the probe that each belongs to.

A probe has a number from 1 on. Its packets are the ping, the indirect pings, the pings of helpers, and the
acks and nacks back to helper and prober; on streams, the TCP fallback. All name it by the sequence number of
the process that sent the ping, so the log keeps the number of each process's latest pings. A helper's ping
has a sequence number of the helper's own, which its responder maps to the prober's.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import extend, i32, i64, u8, vec
from serfsim.network import tcp_steps as steps
from serfsim.network.addresses import NOBODY
from serfsim.network.capture import Capture
from serfsim.network.journal import UDP_HEADERS
from serfsim.network.network import Network
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.ledger import COLUMN_MASK
from serfsim.protocol.memberlist.messages import (
    ACK,
    ALIVE,
    DEAD,
    GOSSIP,
    INDIRECT_PING,
    NACK,
    PING,
    SUSPECT,
    USER,
    Packet,
    StreamPing,
)
from serfsim.protocol.serf.node import SerfNode

# Bits of `carries`: the broadcasts inside a datagram.
CARRIES_SUSPECT: Final = 1
CARRIES_ALIVE: Final = 2
CARRIES_DEAD: Final = 4
CARRIES_SERF: Final = 8

KIND_MASK: Final = 15
ON_STREAM: Final = 16  # added to the kind of a stream's request
UDP_PACKET: Final = 255  # the `step` of a datagram; a segment has that of `network.tcp_steps`
KEPT: Final = 64  # pings of a process that are remembered; a round sends one, and helpers one for each
ROWS: Final = 1024


class PacketLog(Capture):
    """The packets sent since the last `clear`: `count` rows in each array, and spare capacity.

    `t` and `arrives` are engine times in seconds; `arrives` is -1 for a packet that is lost. `kind` is the
    wire type of the message that leads the datagram, or ON_STREAM and that of the stream's request. `source`
    and `target` are hosts, -1 outside. `about` is the member that is pinged, or the subject of a carried
    suspect, dead or alive message; -1 for none. `probe` is 0 outside probes. `size` is bytes with UDP and IP
    headers, 0 for segments.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.probes: i64 = 0
        hosts: i64 = len(network.hosts)
        self._seqs = vec[i64]([-1] * (hosts * KEPT))
        self._probe_of = vec[i64]([0] * (hosts * KEPT))
        self._outside: i64 = NOBODY  # a host outside all NATs
        table = network.addresses
        if table is not None:
            for host, realm in enumerate(table.realms):
                if realm == 0:
                    self._outside = host
                    break
        self.clear()

    def clear(self) -> None:
        self.count: i64 = 0
        self.t = vec[float]([0.0] * ROWS)
        self.arrives = vec[float]([0.0] * ROWS)
        self.kind = vec[u8]([0] * ROWS)
        self.step = vec[u8]([0] * ROWS)
        self.source = vec[i32]([0] * ROWS)
        self.target = vec[i32]([0] * ROWS)
        self.about = vec[i32]([0] * ROWS)
        self.carries = vec[u8]([0] * ROWS)
        self.probe = vec[i64]([0] * ROWS)
        self.size = vec[i32]([0] * ROWS)

    def _grow(self) -> None:
        more = self.count
        self.t = extend(self.t, vec[float]([0.0] * more))
        self.arrives = extend(self.arrives, vec[float]([0.0] * more))
        self.kind = extend(self.kind, vec[u8]([0] * more))
        self.step = extend(self.step, vec[u8]([0] * more))
        self.source = extend(self.source, vec[i32]([0] * more))
        self.target = extend(self.target, vec[i32]([0] * more))
        self.about = extend(self.about, vec[i32]([0] * more))
        self.carries = extend(self.carries, vec[u8]([0] * more))
        self.probe = extend(self.probe, vec[i64]([0] * more))
        self.size = extend(self.size, vec[i32]([0] * more))

    # What the network reports --------------------------------------------------------------------

    def datagram(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        target = self._target(source, address)
        row = self._add(now, at, source, target, packet)
        kind = packet.kind
        if kind == PING:
            self.probe[row] = self._begin(source, packet.seq)
        elif kind == INDIRECT_PING:
            self.probe[row] = self._look_up(source, packet.seq)
        elif target >= 0 and (kind == ACK or kind == NACK):  # noqa: SIM109 - compiled to comparisons
            self.probe[row] = self._look_up(target, packet.seq)

    def from_outside(self, now: float, at: float, address: i64, target: i64, packet: Packet) -> None:
        self._add(now, at, NOBODY, target, packet)

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: i64, a: i64) -> None:
        if step == steps.HANDSHAKE_ACK or step == steps.REQUEST_ACK or step == steps.ANSWER_ACK:
            return
        source: i64 = stream.client if to_server else stream.server
        target: i64 = stream.server if to_server else stream.client
        row = self._row(now, at, source, target)
        request = stream.request
        self.step[row] = u8(step)
        packet = request.packet
        if packet is not None:
            self.kind[row] = u8(packet.kind & KIND_MASK)
            self.about[row] = i32(packet.node)
            self.probe[row] = self._of_streamed(stream, packet)
            if packet.broadcast_count > 0:
                self._note_broadcasts(row, packet)
            return
        self.kind[row] = u8(ON_STREAM + (request.kind & KIND_MASK))
        if isinstance(request, StreamPing):
            self.about[row] = i32(request.node)
            self.probe[row] = self._look_up(stream.client, request.seq)

    def _of_streamed(self, stream: Stream, packet: Packet) -> i64:
        """Return the probe of a packet that travels alone on a stream."""
        owner: i64 = stream.server if packet.kind == ACK or packet.kind == NACK else stream.client
        if owner < 0 or packet.kind == GOSSIP or packet.kind == USER:
            return 0
        known = self._look_up(owner, packet.seq)
        return self._begin(owner, packet.seq) if known == 0 and packet.kind == PING else known

    # Rows ----------------------------------------------------------------------------------------

    def _row(self, now: float, at: float, source: i64, target: i64) -> i64:
        """Begin a row that carries nothing and belongs to no probe."""
        row = self.count
        if row == len(self.t):
            self._grow()
        self.t[row] = now
        self.arrives[row] = at
        self.source[row] = i32(source)
        self.target[row] = i32(target)
        self.about[row] = -1
        self.carries[row] = 0
        self.probe[row] = 0
        self.size[row] = 0
        self.count = row + 1
        return row

    def _add(self, now: float, at: float, source: i64, target: i64, packet: Packet) -> i64:
        row = self._row(now, at, source, target)
        self.kind[row] = u8(packet.kind & KIND_MASK)
        self.step[row] = u8(UDP_PACKET)
        self.size[row] = i32(packet.size + UDP_HEADERS)
        self.about[row] = i32(packet.node)
        if packet.broadcast_count > 0:
            self._note_broadcasts(row, packet)
        return row

    def _note_broadcasts(self, row: i64, packet: Packet) -> None:
        bits: i64 = 0
        load = packet.load
        if load is None:
            broadcasts = packet.broadcasts
            if broadcasts is not None:
                for message in broadcasts:
                    bits |= bit_of(message.kind)
                    if message.node >= 0 and self.about[row] < 0:
                        self.about[row] = i32(message.node)
            self.carries[row] = u8(bits)
            return
        for run in load.runs:
            bits |= bit_of(run & COLUMN_MASK)
        self.carries[row] = u8(bits)
        if bits == CARRIES_SERF or self.about[row] >= 0:
            return
        # Suspicions and deaths are rare, and what a reader looks for.
        wanted = bits & (CARRIES_SUSPECT | CARRIES_DEAD)
        if wanted == 0:
            wanted = CARRIES_ALIVE
        for number in load.numbers:
            if bit_of(i64(number) & COLUMN_MASK) & wanted != 0:
                self.about[row] = i32(load.ledger.message(i64(number)).node)
                return

    # Probes --------------------------------------------------------------------------------------

    def _target(self, source: i64, address: i64) -> i64:
        """Return the host that an address belongs to, seen from `source`, or NOBODY."""
        table = self.network.addresses
        if table is None:
            return self.network.host_at(address)
        found = table.holder(source, address)
        if found < 0 and self._outside >= 0:
            found = table.holder(self._outside, address)
        if found < 0:
            for nat in table.nats:
                if address in nat.inside:
                    return nat.inside[address]
        return found

    def _begin(self, source: i64, seq: i64) -> i64:
        """Return the number of the probe that a ping is of: a new one, unless its sender is a helper."""
        number: i64 = 0
        machine = self.network.hosts[source].machine
        if isinstance(machine, SerfNode):
            relay = machine.memberlist.responder.relays.get(seq)
            if relay is not None:
                prober = self._target(source, relay.requester)
                if prober >= 0:
                    number = self._look_up(prober, relay.seq)
        if number == 0:
            self.probes += 1
            number = self.probes
        place = source * KEPT + (seq & (KEPT - 1))
        self._seqs[place] = seq
        self._probe_of[place] = number
        return number

    def _look_up(self, owner: i64, seq: i64) -> i64:
        """Return the probe that a process knows by this sequence number, or 0."""
        place = owner * KEPT + (seq & (KEPT - 1))
        return self._probe_of[place] if self._seqs[place] == seq else 0


def bit_of(column: i64) -> i64:
    """Return the bit of `carries` for a column of the ledger."""
    if column == SUSPECT:
        return CARRIES_SUSPECT
    if column == ALIVE:
        return CARRIES_ALIVE
    if column == DEAD:
        return CARRIES_DEAD
    return CARRIES_SERF
