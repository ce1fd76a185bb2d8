"""Datagrams and memberlist's messages, from bytes to the machines' own objects (spec memberlist.md 2).

    datagram -> label -> decrypt -> CRC -> compress | compound | message, in any order and nesting

A datagram is one `Packet` as a rule: a leading message and what rides along. The library handles the
messages of a datagram one by one, so each further leading message begins another packet.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
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
    Message,
    Packet,
    SuspectOrDead,
    alive_message,
    suspect_or_dead_size,
)
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.cipher import Cipher
from serfsim.protocol.wire.decode_serf import decode_user
from serfsim.protocol.wire.envelope import (
    COMPOUND,
    COMPRESS,
    LARGEST_UNPACKED,
    Parts,
    unwrap_compressed,
    without_crc,
    without_label,
)
from serfsim.protocol.wire.interning import AliveFields, located, mentioned, node_of
from serfsim.protocol.wire.reader import Reader, WireError

# Wrappers within wrappers: the library has no bound but the datagram's length.
DEEPEST: Final = 16
PING_VERSION: Final = 1  # of the payload of an ack
LARGEST_PORT: Final = 65535

WORDS: Final = {
    PING: "Failed to decode ping request",
    INDIRECT_PING: "Failed to decode indirect ping request",
    ACK: "Failed to decode ack response",
    NACK: "Failed to decode nack response",
    SUSPECT: "Failed to decode suspect message",
    ALIVE: "Failed to decode alive message",
    DEAD: "Failed to decode dead message",
    USER: "Failed to decode user message",
    COMPOUND: "Failed to decode compound request",
    COMPRESS: "Failed to decompress payload",
}


class Datagram:
    """What was in one.

    `sources[i]` is whom `packets[i]`, a ping or indirect ping, names as its sender, else None.
    `troubles` says what of it could not be read, in the library's words; the rest counts.
    """

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.sources: list[NodeIdentity | None] = []
        self.troubles: list[str] = []


class LeadFields:
    """The fields that leading messages have, as they are read."""

    def __init__(self) -> None:
        self.seq: i64 = 0
        self.node = ""
        self.target = b""
        self.port: i64 = 0
        self.wants_nack = False
        self.source_address = b""
        self.source_port: i64 = 0
        self.source_node = ""
        self.payload = b""

    def read(self, reader: Reader) -> None:
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"SeqNo":
                self.seq = reader.unsigned()
            elif key == b"Node":
                self.node = reader.text()
            elif key == b"Target":
                self.target = reader.raw()
            elif key == b"Port":
                self.port = reader.unsigned(LARGEST_PORT)
            elif key == b"Nack":
                self.wants_nack = reader.boolean()
            elif key == b"SourceAddr":
                self.source_address = reader.raw()
            elif key == b"SourcePort":
                self.source_port = reader.unsigned(LARGEST_PORT)
            elif key == b"SourceNode":
                self.source_node = reader.text()
            elif key == b"Payload":
                self.payload = reader.raw()
            else:
                reader.skip()


class DatagramReader:
    """Reads datagrams of one cluster: its directory, its label, its keys (None: not encrypted).

    `verify_incoming` is memberlist's GossipVerifyIncoming: False lets plain datagrams in, too.
    `largest_unpacked` bounds the bytes of all that is compressed in one datagram. `narrow`: compounds are
    cut as before memberlist 0.3.2 (`envelope.lengths_end`).
    """

    def __init__(
        self,
        directory: Directory,
        cipher: Cipher | None = None,
        label: bytes = b"",
        verify_incoming: bool = True,
        largest_unpacked: i64 = LARGEST_UNPACKED,
        narrow: bool = False,
    ) -> None:
        self.directory = directory
        self.cipher = cipher
        self.label = label
        self.verify_incoming = verify_incoming
        self.largest_unpacked: i64 = largest_unpacked
        self.narrow = narrow
        self._found = Datagram()
        self._room: i64 = 0  # bytes that may still be unpacked

    def read(self, data: bytes) -> Datagram:
        """What a datagram holds. Raises WireError where nothing of it can be read."""
        self._found = Datagram()
        self._room = self.largest_unpacked
        self._message(without_crc(self._decrypted(without_label(self.label, data))), 0)
        found = self._found
        if len(found.packets) == 0 and len(found.troubles) > 0:
            raise WireError(found.troubles[0])
        return found

    def _decrypted(self, data: bytes) -> bytes:
        cipher = self.cipher
        if cipher is None:
            return data
        try:
            return cipher.open(data, self.label)
        except WireError as error:
            if self.verify_incoming:
                raise WireError(f"Decrypt packet failed: {error}") from None
            return data

    # Wrappers ------------------------------------------------------------------------------------

    def _message(self, data: bytes, depth: i64) -> None:
        """Read one message, wrapped or not; what goes wrong within is a trouble."""
        if len(data) == 0:
            self._found.troubles.append("missing message type byte")
            return
        kind: i64 = i64(data[0])
        try:
            if kind in (COMPOUND, COMPRESS):
                if depth >= DEEPEST:
                    raise WireError("found too many messages within messages")
                self._unwrap(kind, data, depth)
            else:
                self._take(kind, data)
        except WireError as error:
            words = WORDS.get(int(kind))
            self._found.troubles.append(f"{error}" if words is None else f"{words}: {error}")

    def _unwrap(self, kind: i64, data: bytes, depth: i64) -> None:
        if kind == COMPRESS:
            plain = unwrap_compressed(Reader(data, 1), self._room)
            self._room -= len(plain)
            self._message(plain, depth + 1)
            return
        inner = Parts(data, 1, self.narrow)
        for part in inner.parts:
            self._message(part, depth + 1)
        packets = self._found.packets
        if len(inner.parts) == 1 and len(packets) == 1:
            packets[0].leading_size = len(data)
        if inner.truncated > 0:
            self._found.troubles.append(f"Compound request had {inner.truncated} truncated messages")

    # Messages ------------------------------------------------------------------------------------

    def _take(self, kind: i64, data: bytes) -> None:
        reader = Reader(data, 1)
        if kind == ALIVE:
            self._ride(decode_alive(reader, self.directory), data)
        elif kind in (SUSPECT, DEAD):
            self._ride(decode_accusation(kind, reader, self.directory), data)
        elif kind == USER:
            self._ride(decode_user(data, self.directory), data)
        elif kind in (PING, INDIRECT_PING, ACK, NACK):
            self._lead(kind, reader, data)
        else:
            raise WireError(f"msg type ({kind}) not supported")

    def _ride(self, message: Message, data: bytes) -> None:
        found = self._found
        if len(found.packets) == 0:
            found.packets.append(Packet(GOSSIP, 0, 0))
            found.sources.append(None)
        packet = found.packets[len(found.packets) - 1]
        packet.size += len(data)
        broadcasts = packet.broadcasts
        if broadcasts is None:
            packet.broadcasts = [message]
        else:
            broadcasts.append(message)

    def _lead(self, kind: i64, reader: Reader, data: bytes) -> None:
        fields = LeadFields()
        fields.read(reader)
        directory = self.directory
        source: NodeIdentity | None = None
        packet = Packet(kind, fields.seq, len(data))
        if kind == ACK:
            packet.coordinate = self._coordinate(fields.payload)
        elif kind != NACK:
            if kind == INDIRECT_PING:
                node = located(directory, fields.node, fields.target, fields.port)
                packet.node = node.node
                packet.target = directory.address_number(fields.target, fields.port)
                packet.wants_nack = fields.wants_nack
            elif fields.node != "":
                packet.node = node_of(directory, fields.node)
            if len(fields.source_address) > 0 and fields.source_port > 0:
                source = located(directory, fields.source_node, fields.source_address, fields.source_port)
                packet.source = source.address
        self._found.packets.append(packet)
        self._found.sources.append(source)

    def _coordinate(self, payload: bytes) -> Coordinate | None:
        """What an ack brings; one that is no coordinate is a trouble, and the ack counts all the same."""
        try:
            return decode_coordinate(payload)
        except WireError as error:
            self._found.troubles.append(f"{error}")
            return None


def decode_coordinate(payload: bytes) -> Coordinate | None:
    """The coordinate in the payload of an ack; none in an empty one (spec serf.md section 12)."""
    if len(payload) == 0:
        return None
    reader = Reader(payload)
    version = reader.byte()
    if version != PING_VERSION:
        raise WireError(f"Unsupported ping version: {version}")
    position = vec[float]()
    error = 0.0
    adjustment = 0.0
    height = 0.0
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"Vec":
            position = vec[float]()
            components = reader.array_entries()
            while components > 0:
                components -= 1
                position = append(position, reader.double())
        elif key == b"Error":
            error = reader.double()
        elif key == b"Adjustment":
            adjustment = reader.double()
        elif key == b"Height":
            height = reader.double()
        else:
            reader.skip()
    return Coordinate(position, error, adjustment, height)


def read_alive_fields(reader: Reader) -> AliveFields:
    """The map of an alive message or of a push/pull entry."""
    made = AliveFields()
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"Addr":
            made.address = reader.raw()
        elif key == b"Incarnation":
            made.incarnation = reader.unsigned()
        elif key == b"Meta":
            made.meta = reader.raw()
        elif key == b"Node" or key == b"Name":
            made.name = reader.text()
        elif key == b"Port":
            made.port = reader.unsigned(LARGEST_PORT)
        elif key == b"State":
            # Any integer is let in; those that stand for nothing are seen to by who reads on.
            made.state = i64(max(-1, min(255, reader.integer())))
        elif key == b"Vsn":
            made.versions = reader.raw()
        else:
            reader.skip()
    return made


def decode_alive(reader: Reader, directory: Directory) -> Message:
    made = read_alive_fields(reader)
    return alive_message(directory, made.record(directory), made.incarnation)


def decode_accusation(kind: i64, reader: Reader, directory: Directory) -> Message:
    incarnation: i64 = 0
    node = ""
    from_node = ""
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"Incarnation":
            incarnation = reader.unsigned()
        elif key == b"Node":
            node = reader.text()
        elif key == b"From":
            from_node = reader.text()
        else:
            reader.skip()
    subject = mentioned(directory, node)
    source = mentioned(directory, from_node)
    size = suspect_or_dead_size(subject, incarnation, source)
    return SuspectOrDead(kind, subject.node, incarnation, source.node, size)
