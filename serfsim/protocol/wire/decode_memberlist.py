"""Datagrams and memberlist's messages, from bytes to the machines' own objects (spec memberlist.md 2).

    datagram -> label -> decrypt -> CRC -> compress | compound | message, in any order and nesting

A datagram is one `Packet` as a rule: a leading message and what rides along. The library handles the
messages of a datagram one by one, so each further leading message begins another packet.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.messages import (
    ACK,
    ALIVE,
    DEAD,
    GOSSIP,
    INDIRECT_PING,
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
from serfsim.protocol.wire.interning import Announcement, located, mentioned, node_of
from serfsim.protocol.wire.memberlist_fields import (
    ALIVE_FIELDS,
    DEAD_FIELDS,
    LEADS,
    SUSPECT_FIELDS,
    UNREADABLE,
)
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.serf_fields import COORDINATE_FIELDS, PING_VERSION

# Wrappers within wrappers: the library has no bound but the datagram's length.
DEEPEST: Final = 16


class Datagram:
    """The messages of one datagram.

    `sources[i]` is the sender named by `packets[i]`, a ping or indirect ping, else None. `troubles` has the
    library's errors about unreadable messages; the others count.
    """

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.sources: list[NodeIdentity | None] = []
        self.troubles: list[str] = []


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
        """Decode a datagram. Raise WireError where nothing of it can be read."""
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
            words = UNREADABLE.get(int(kind))
            self._found.troubles.append(f"{error}" if words is None else f"Failed to {words}: {error}")

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
            self._ride(decode_suspect_or_dead(kind, reader, self.directory), data)
        elif kind == USER:
            self._ride(decode_user(data, self.directory), data)
        elif kind in LEADS:
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
        found = LEADS[int(kind)].decode(reader)
        directory = self.directory
        source: NodeIdentity | None = None
        packet = Packet(kind, found.number("SeqNo"), len(data))
        if kind == ACK:
            packet.coordinate = self._coordinate(found.raw("Payload"))
        elif kind in (PING, INDIRECT_PING):
            name = found.text("Node")
            if kind == INDIRECT_PING:
                target, port = found.raw("Target"), found.number("Port")
                packet.node = located(directory, name, target, port).node
                packet.target = directory.address_number(target, port)
                packet.wants_nack = found.boolean("Nack")
            elif name != "":
                packet.node = node_of(directory, name)
            address, port = found.raw("SourceAddr"), found.number("SourcePort")
            if len(address) > 0 and port > 0:
                source = located(directory, found.text("SourceNode"), address, port)
                packet.source = source.address
        self._found.packets.append(packet)
        self._found.sources.append(source)

    def _coordinate(self, payload: bytes) -> Coordinate | None:
        """Decode the coordinate of an ack; an invalid one is noted as trouble, and the ack still counts."""
        try:
            return decode_coordinate(payload)
        except WireError as error:
            self._found.troubles.append(f"{error}")
            return None


def decode_coordinate(payload: bytes) -> Coordinate | None:
    """Decode the coordinate in the payload of an ack; None for an empty one (spec serf.md section 12)."""
    if len(payload) == 0:
        return None
    reader = Reader(payload)
    version = reader.byte()
    if version != PING_VERSION:
        raise WireError(f"Unsupported ping version: {version}")
    found = COORDINATE_FIELDS.decode(reader)
    position = vec[float](found.doubles("Vec"))
    return Coordinate(position, found.double("Error"), found.double("Adjustment"), found.double("Height"))


def decode_alive(reader: Reader, directory: Directory) -> Message:
    found = ALIVE_FIELDS.decode(reader)
    record = Announcement(found, found.text("Node")).record(directory)
    return alive_message(directory, record, found.number("Incarnation"))


def decode_suspect_or_dead(kind: i64, reader: Reader, directory: Directory) -> Message:
    found = (SUSPECT_FIELDS if kind == SUSPECT else DEAD_FIELDS).decode(reader)
    subject = mentioned(directory, found.text("Node"))
    source = mentioned(directory, found.text("From"))
    incarnation = found.number("Incarnation")
    size = suspect_or_dead_size(subject, incarnation, source)
    return SuspectOrDead(kind, subject.node, incarnation, source.node, size)
