"""Packets over TCP, each on a separate connection, as the transport of Grafana's dskit sends them.

Dial, write, close; the receiver reads up to the end. So an ack takes a second connection, and a direct probe
two handshakes. At most `max_concurrent_writes` packets are written at a time; others wait for their turn, up
to `acquire_writer_timeout`. memberlist hears of no failure: to it a packet that failed is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.errors import stream_error
from serfsim.protocol.memberlist.messages import Packet, StreamPacket
from serfsim.protocol.runtime import DIAL_REFUSED, WROTE, Runtime

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.core import Core

PACKET_STREAM: Final = 3  # the two lowest bits of such a stream's token

# What dskit writes first on a connection, and around a packet: the length of the sender's address, a digest.
PACKET_TYPE: Final = 1
STREAM_TYPE: Final = 2
TYPE_SIZE: Final = 1
DIGEST_SIZE: Final = 16


class WaitingPacket:
    """A packet that waits for a writer until `deadline`."""

    def __init__(self, address: i64, packet: Packet, deadline: float) -> None:
        self.address: i64 = address
        self.packet = packet
        self.deadline = deadline


class PacketWriter(Runtime):
    """The way out for one node's packets, in place of the runtime's datagrams."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.writing: dict[int, StreamPacket] = {}  # by token
        self.waiting: list[WaitingPacket] = []
        self._written: i64 = 0

    def send_packet(self, address: i64, packet: Packet, now: float) -> bool:
        config = self.core.config
        if len(self.writing) < config.max_concurrent_writes:
            self._write(address, packet, now)
        else:
            self.waiting.append(WaitingPacket(address, packet, now + config.acquire_writer_timeout))
        return True

    def _write(self, address: i64, packet: Packet, now: float) -> None:
        core = self.core
        own = core.directory.endpoint(core.record.address)
        size: i64 = TYPE_SIZE + 1 + len(own) + packet.size + DIGEST_SIZE
        request = StreamPacket(packet, core.record.address, address, size)
        request.seal = packet.seal
        self._written += 1
        token = self._written << 2 | PACKET_STREAM
        self.writing[token] = request
        config = core.config
        core.runtime.open_stream(
            address, request, token, config.packet_dial_timeout, 0.0, config.packet_write_timeout, now
        )

    def ended(self, token: i64, outcome: i64, now: float) -> None:
        """Handle the end of a packet's stream, and begin with one that waits."""
        core = self.core
        request = self.writing.pop(token, None)
        if request is not None and outcome != WROTE:
            core.notify(now, events.PACKET_FAILED, core.directory.at_address(request.address), outcome)
            if outcome != DIAL_REFUSED:  # which dskit says at debug level only, to whoever asks for it
                own = core.directory.endpoint(core.record.address).rpartition(":")[0]
                where = core.directory.endpoint(request.address)
                error = stream_error(outcome, f"{own}:{request.port}", where)
                core.log(now, log_lines.PACKET_FAILED, -1, 0, 0, f'addr={where} err="{error}"')
        while len(self.waiting) > 0 and len(self.writing) < core.config.max_concurrent_writes:
            first = self.waiting.pop(0)
            if first.deadline < now:
                core.notify(now, events.PACKET_DROPPED, core.directory.at_address(first.address), 0)
            else:
                self._write(first.address, first.packet, now)
