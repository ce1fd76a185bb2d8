"""Capture of a network's packets into a file.

Time 0 of the scenario's clock, the end of the warm-up, is EPOCH. Hosts have their simulated addresses
10.0.0.1, 10.0.0.2 ... and memberlist's port; a dialling host uses an ephemeral port.

What a member encrypts is encrypted with its primary key, and so can be decrypted with the scenario's keys.
With the overhead of encryption but no keys, KEY is used, as version 0 if the overhead is that of version 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from serfsim.capture import headers
from serfsim.capture.conversation import Conversation, Side
from serfsim.capture.pcap import CaptureFile
from serfsim.network import tcp_steps as steps
from serfsim.network.capture import Capture
from serfsim.network.network import Network
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, StreamPacket, StreamPing
from serfsim.protocol.memberlist.packet_writer import PACKET_TYPE, STREAM_TYPE
from serfsim.protocol.memberlist.seal import Seal
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.wire import envelope
from serfsim.protocol.wire.cipher import NONCE_SIZE, PADDED_OVERHEAD, PADDED_VERSION, PLAIN_VERSION
from serfsim.protocol.wire.streams import encode_stream, wrap_stream
from serfsim.wire_crypto import Keyring

EPOCH_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00:00Z
KEY = b"serfsim.captured"
SYN_WINDOW = 64240
LOST = "lost: it never arrives"
WINDOW = 502  # in units of 128 bytes
Endpoint = tuple[bytes, int]


class PacketCapture(Capture):
    """A capture of all packets of one network into one file.

    `names` are those of the hosts, in order; `origin` is the engine time of the scenario's zero.
    """

    def __init__(
        self, file: CaptureFile, directory: Directory, network: Network, names: Sequence[str], origin: float
    ) -> None:
        super().__init__()
        self.file = file
        self.directory = directory
        self.network = network
        self.origin = origin
        self._packets: dict[bytes, int] = {}
        self._cores: dict[int, Core] = {}
        self._nonces = 0
        addresses = [self._endpoint(network.address_of(host))[0] for host in range(len(names))]
        self.file.name_hosts(dict(zip(addresses, names, strict=True)))
        self._keyrings: dict[tuple[bytes, int], Keyring] = {}

    def _write(self, now: float, at: float, packet: bytes) -> None:
        self.file.write(EPOCH_NS + round((now - self.origin) * 1e9), packet, "" if at >= 0.0 else LOST)

    def _number(self, address: bytes) -> int:
        """Return the next IP identification of a host."""
        number = self._packets.get(address, 0) + 1
        self._packets[address] = number
        return number

    def _endpoint(self, address: int) -> Endpoint:
        return self.directory.address_bytes(address, 4), self.directory.address_port(address)

    def _core(self, host: int) -> Core:
        """Return the memberlist core that runs on the host, or ran there last."""
        machine: Any = self.network.hosts[host].machine
        while hasattr(machine, "watched"):  # taps, of a run with checks
            machine = machine.watched
        if isinstance(machine, SerfNode):
            self._cores[host] = machine.memberlist.core
        return self._cores[host]

    def _nonce(self) -> bytes:
        self._nonces += 1
        return self._nonces.to_bytes(NONCE_SIZE, "big")

    def _keyring(self, seal: Seal | None, config: MemberlistConfig) -> Keyring | None:
        """Return what encrypts a message under a seal; None for a plain one."""
        overhead = config.encryption_overhead
        if seal is not None:
            key, version = seal.key, int(seal.version)
        elif overhead > 0:
            key, version = KEY, PADDED_VERSION if overhead == PADDED_OVERHEAD else PLAIN_VERSION
        else:
            key, version = b"", PLAIN_VERSION
        if not key:
            return None
        if (key, version) not in self._keyrings:
            self._keyrings[key, version] = Keyring([key], version, self._nonce)
        return self._keyrings[key, version]

    # Datagrams -----------------------------------------------------------------------------------

    def datagram(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        core = self._core(source)
        ends = self._endpoint(self.network.address_of(source)), self._endpoint(address)
        self._write_datagram(now, at, *ends, self._packet(packet, core, core.record))

    def from_outside(self, now: float, at: float, address: int, target: int, packet: Packet) -> None:
        # What somebody outside sends is in the form that its target expects.
        ends = self._endpoint(address), self._endpoint(self.network.address_of(target))
        self._write_datagram(now, at, *ends, self._packet(packet, self._core(target), None))

    def _write_datagram(self, now: float, at: float, sender: Endpoint, target: Endpoint, data: bytes) -> None:
        for whole in headers.udp(sender, target, self._number(sender[0]), data, int(self.network.mtu)):
            self._write(now, at, whole)

    def _packet(self, packet: Packet, core: Core, record: NodeIdentity | None) -> bytes:
        """Return the bytes of a packet, whatever it travels by."""
        data = encode_datagram(packet, record, self.directory)
        if core.config.enable_compression:
            data = envelope.compressed_if_shorter(data)
        if packet.has_crc:
            data = envelope.with_crc(data)
        label = b"" if packet.seal is None else packet.seal.label
        is_plain = record is None and packet.seal is None
        keyring = None if is_plain else self._keyring(packet.seal, core.config)
        if keyring is not None:
            data = keyring.seal(data, label)
        return envelope.with_label(label, data)

    # Streams -------------------------------------------------------------------------------------

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: int, a: int) -> None:
        talk = self._conversation(stream)
        own, peer = (talk.client, talk.server) if to_server else (talk.server, talk.client)
        flags, start, data = headers.ACK, own.next, b""
        if step in (steps.SYN, steps.SYN_ACK):
            flags, start = headers.SYN | (headers.ACK if step == steps.SYN_ACK else 0), own.first
        elif step in (steps.REQUEST_SEGMENT, steps.ANSWER_SEGMENT):
            self._give(own, stream, to_server)
            first, end = own.span(a)
            start, data = own.sequence(first), own.data[first:end]
            flags |= headers.PSH if end == len(own.data) else 0
        elif step in (steps.CLIENT_FIN, steps.SERVER_FIN):
            own.fin = a
            flags, start = headers.FIN | headers.ACK, own.sequence(own.span(a)[0])
        elif step in (steps.CLIENT_RST, steps.SERVER_RST):
            flags |= headers.RST
            start = own.next if own.has_spoken else 0
        back = stream.downward if to_server else stream.upward
        if back is not None:
            peer.record_arrivals(back.arrivals)
        self._send(now, at, own, peer, flags, start, data)

    def _conversation(self, stream: Stream) -> Conversation:
        known = stream.captured
        if isinstance(known, Conversation):
            return known
        client = self._endpoint(stream.client_address)[0], int(stream.client_port)
        made = Conversation(stream.number, client, self._endpoint(stream.address))
        stream.captured = made
        return made

    def _give(self, own: Side, stream: Stream, to_server: bool) -> None:
        """Encode the message that a side begins to send, as it is now."""
        message = stream.request if to_server else stream.reply
        transfer = stream.upward if to_server else stream.downward
        if own.segments == 0 and message is not None and transfer is not None:
            host = stream.client if to_server else stream.server
            own.write(self._encode(message, host, to_server), transfer)

    def _encode(self, message: StreamMessage, host: int, is_request: bool) -> bytes:
        core = self._core(host)
        if isinstance(message, StreamPacket) and message.packet is not None:
            own = self.directory.endpoint(message.source).encode()
            data = self._packet(message.packet, core, core.record)
            digest = hashlib.md5(data, usedforsecurity=False).digest()
            return bytes([PACKET_TYPE, len(own)]) + own + data + digest
        source = core.record
        is_nameless = isinstance(message, StreamPing) and not core.features.ping_source
        data = encode_stream(message, None if is_nameless else source, self.directory)
        seal = message.seal
        label = b"" if seal is None else seal.label
        keyring = self._keyring(seal, core.config)
        whole = wrap_stream(data, core.config.enable_compression, keyring, label, is_request)
        return bytes([STREAM_TYPE]) + whole if is_request and seal is not None and seal.by_tcp else whole

    def _send(
        self, now: float, at: float, own: Side, peer: Side, flags: int, start: int, data: bytes
    ) -> None:
        stamp = int(now * 1000.0) + 1
        stamps = headers.time_stamps(stamp, peer.stamp_seen(now))
        is_syn = flags & headers.SYN != 0
        if is_syn:
            options = headers.syn_options(int(self.network.tcp.mss), stamps)
        else:
            options = headers.segment_options(stamps, peer.blocks())
        acknowledged = peer.acknowledged() if flags & headers.ACK else 0
        own.record_sent(at, stamp, start + len(data) + (1 if flags & (headers.SYN | headers.FIN) else 0))
        number = self._number(own.endpoint[0])
        window = SYN_WINDOW if is_syn else WINDOW
        numbers = (start, acknowledged)
        whole = headers.tcp(own.endpoint, peer.endpoint, number, numbers, flags, window, options, data)
        self._write(now, at, whole)
