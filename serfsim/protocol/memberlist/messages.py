"""memberlist's messages (spec memberlist.md section 2), as objects with their size on the wire.

A datagram is a `Packet`: at most one leading message that wants an answer now (ping, indirect
ping, ack, nack) and the broadcasts that ride along. Broadcasts are `Message`s; they are immutable
and shared, since every node passes on exactly the message it received. Sizes are the closed
forms of spec wire.md section 5, in bytes without UDP and IP headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.versions import NACK_VERSION
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire import memberlist_fields as wire
from serfsim.protocol.wire.kinds import DOUBLE
from serfsim.protocol.wire.memberlist_fields import ACK as ACK
from serfsim.protocol.wire.memberlist_fields import ALIVE as ALIVE
from serfsim.protocol.wire.memberlist_fields import DEAD as DEAD
from serfsim.protocol.wire.memberlist_fields import ERROR as ERROR
from serfsim.protocol.wire.memberlist_fields import INDIRECT_PING as INDIRECT_PING
from serfsim.protocol.wire.memberlist_fields import NACK as NACK
from serfsim.protocol.wire.memberlist_fields import PING as PING
from serfsim.protocol.wire.memberlist_fields import PUSH_PULL as PUSH_PULL
from serfsim.protocol.wire.memberlist_fields import SUSPECT as SUSPECT
from serfsim.protocol.wire.memberlist_fields import USER as USER
from serfsim.protocol.wire.msgpack import filler, header_size, string_size, unsigned_size
from serfsim.protocol.wire.serf_fields import COORDINATE_FIELDS

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.ledger import Load
    from serfsim.protocol.memberlist.seal import Seal

GOSSIP: Final = 15  # a datagram without a leading message

COMPOUND_HEADER: Final = 2
COMPOUND_PART: Final = 2
CRC_SIZE: Final = 5
NIL_PAYLOAD: Final = 1

# Fields that not all releases have.
SOURCE_SIZE: Final[i64] = wire.PING_FIELDS.extra("ping_source")
NACK_FLAG_SIZE: Final[i64] = wire.INDIRECT_PING_FIELDS.extra("nacks")
PAYLOAD_SIZE: Final[i64] = wire.ACK_FIELDS.extra("tcp_pings")


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class Message:
    """A broadcast. `node` is whom it is about; `size` includes the type byte.

    `is_plain`: an alive message with the record under which its node was first announced.
    `ledger_number`: the last that a ledger gave it.
    """

    def __init__(self, kind: i64, node: i64, incarnation: i64, size: i64) -> None:
        self.is_plain = False
        self.ledger_number: i64 = -1
        self.kind: i64 = kind
        self.node: i64 = node
        self.incarnation: i64 = incarnation
        self.size: i64 = size

    def encode(self, directory: Directory) -> bytes:
        """Encode the message in `size` bytes."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Alive(Message):
    def __init__(self, record: NodeIdentity, incarnation: i64) -> None:
        super().__init__(ALIVE, record.node, incarnation, record.alive_size + unsigned_size(incarnation))
        self.record = record
        self.is_plain = record.is_first
        self._encoded: bytes | None = None  # many datagrams hold it

    def encode(self, directory: Directory) -> bytes:
        encoded = self._encoded
        if encoded is None:
            record = self.record
            address, name = directory.address_of(record), directory.written_names[record.node]
            encoded = wire.ALIVE_FIELDS.encode(
                [address, self.incarnation, record.meta, name, record.port, record.versions()]
            )
            self._encoded = encoded
        return encoded


def alive_message(directory: Directory, record: NodeIdentity, incarnation: i64) -> Alive:
    """Return the alive message of a record at an incarnation, shared by all who gossip it."""
    last = directory.last_alive[record.node]
    if isinstance(last, Alive) and last.record is record and last.incarnation == incarnation:
        return last
    made = Alive(record, incarnation)
    directory.last_alive[record.node] = made
    return made


@mypyc_attr(acyclic=True)
class SuspectOrDead(Message):
    """A suspect or dead message; `from_node` is its From field."""

    def __init__(self, kind: i64, node: i64, incarnation: i64, from_node: i64, size: i64) -> None:
        super().__init__(kind, node, incarnation, size)
        self.from_node: i64 = from_node

    def encode(self, directory: Directory) -> bytes:
        names = directory.written_names
        fields = wire.DEAD_FIELDS if self.kind == DEAD else wire.SUSPECT_FIELDS
        return fields.encode([names[self.from_node], self.incarnation, names[self.node]])


def suspect_or_dead_size(subject: NodeIdentity, incarnation: i64, from_node: NodeIdentity) -> i64:
    return wire.SUSPECT_FIELDS.size + from_node.name_size + unsigned_size(incarnation) + subject.name_size


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class UserMessage(Message):
    """A delegate's bytes: `kind` USER, `user_kind` the delegate's own type (Serf's first byte).

    `size` includes memberlist's byte 08 and the delegate's type byte.
    """

    def __init__(self, user_kind: i64, node: i64, size: i64) -> None:
        super().__init__(USER, node, 0, size)
        self.user_kind: i64 = user_kind

    def encode(self, directory: Directory) -> bytes:
        """Of unknown content, unless a subclass knows better."""
        return b"\x08" + filler(self.size - 1, self.size)


@mypyc_attr(acyclic=True)
class Packet:
    """One datagram. `size` is the UDP payload in bytes, wrappers included.

    `leading_size` stays that of the leading message alone.
    """

    def __init__(self, kind: i64, seq: i64, size: i64) -> None:
        self.kind: i64 = kind
        self.seq: i64 = seq
        self.size: i64 = size
        self.leading_size: i64 = size
        self.node: i64 = -1  # the Node field of a ping or indirect ping
        self.source: i64 = -1  # SourceAddr: where the answer goes; -1 where absent
        self.target: i64 = -1  # Target address of an indirect ping
        self.wants_nack: bool = False
        self.has_crc: bool = False
        self.coordinate: Coordinate | None = None  # an ack's payload
        self.broadcast_count: i64 = 0  # how many ride along
        self.load: Load | None = None  # these, as a queue gave them
        self.seal: Seal | None = None  # what is around it in a simulation, beside compression and checksum
        self._listed: list[Message] | None = None  # or as somebody else put it in

    @property
    def broadcasts(self) -> list[Message] | None:
        """Return the broadcasts of the packet in the order in which they are written."""
        load = self.load
        return self._listed if load is None else load.messages()

    @broadcasts.setter
    def broadcasts(self, messages: list[Message] | None) -> None:
        self.load = None
        self._listed = messages
        self.broadcast_count = 0 if messages is None else len(messages)

    def carry(self, load: Load) -> None:
        """Take along what a queue gave."""
        self.load = load
        self.broadcast_count = len(load.numbers)


def ping_size(node: NodeIdentity, seq: i64, source: NodeIdentity, names_source: bool = True) -> i64:
    size = wire.PING_FIELDS.size + node.name_size + unsigned_size(seq)
    return size + source_size(source) if names_source else size


def source_size(source: NodeIdentity) -> i64:
    """Return the size of the fields that name where to answer; absent before memberlist 0.2.0."""
    return SOURCE_SIZE + source.address_size + source.name_size + source.port_size


def indirect_ping_size(node: NodeIdentity, seq: i64, source: NodeIdentity, names_source: bool = True) -> i64:
    size = wire.INDIRECT_PING_FIELDS.size + unsigned_size(seq)
    size += node.name_size + node.port_size + node.address_size
    if source.protocol_max >= NACK_VERSION:
        size += NACK_FLAG_SIZE
    return size + source_size(source) if names_source else size


def payload_size(coordinate: Coordinate | None) -> i64:
    """Bytes of an ack's payload: nil, or a coordinate of nine bytes a number (133 with 8 dimensions)."""
    if coordinate is None:
        return NIL_PAYLOAD
    dimensions: i64 = len(coordinate.vec)
    return string_size(COORDINATE_FIELDS.size + header_size(dimensions) + DOUBLE.size * dimensions)


def ack_size(seq: i64, coordinate: Coordinate | None, has_payload: bool = True) -> i64:
    """`has_payload`: the field is there, if only as nil, as it is from Serf 0.7 on."""
    size = wire.ACK_FIELDS.size + unsigned_size(seq)
    return size + PAYLOAD_SIZE + payload_size(coordinate) if has_payload else size


def nack_size(seq: i64) -> i64:
    return wire.NACK_FIELDS.size + unsigned_size(seq)


@mypyc_attr(allow_interpreted_subclasses=True)
class StreamMessage:
    """One side's message on a TCP stream; `size` is in bytes as written (compressed, encrypted)."""

    def __init__(self, kind: i64, size: i64) -> None:
        self.kind: i64 = kind
        self.size: i64 = size
        self.port: i64 = 0  # whence it was dialled, once it is
        self.seal: Seal | None = None  # as a packet's
        self.packet: Packet | None = None  # where the stream is for a packet, and nothing comes back

    def source_address(self, seen: i64) -> i64:
        """Return the address of its sender, which a packet's receiver reads and others see."""
        return seen

    def connected(self, now: float) -> None:
        """Fill the message in when its connection stands, with the state of that moment."""


class StreamPing(StreamMessage):
    """The TCP fallback probe (spec memberlist.md section 5.4)."""

    def __init__(self, node: i64, seq: i64, size: i64) -> None:
        super().__init__(PING, size)
        self.node: i64 = node
        self.seq: i64 = seq


class StreamAck(StreamMessage):
    """Its answer; the payload is always nil: no coordinate over TCP."""

    def __init__(self, seq: i64, size: i64) -> None:
        super().__init__(ACK, size)
        self.seq: i64 = seq


class StreamUser(StreamMessage):
    """A delegate's message sent reliably; `message.size` counts its type byte, which starts the stream."""

    def __init__(self, message: UserMessage, size: i64) -> None:
        super().__init__(USER, size)
        self.message = message


class StreamPacket(StreamMessage):
    """A packet on a separate stream (dskit's transport), from and to the addresses of members."""

    def __init__(self, packet: Packet, source: i64, address: i64, size: i64) -> None:
        super().__init__(packet.kind, size)
        self.packet = packet
        self.source: i64 = source
        self.address: i64 = address

    def source_address(self, seen: i64) -> i64:
        return self.source


class StreamError(StreamMessage):
    """The answer to a request that could not be read (spec memberlist.md section 2.2)."""

    def __init__(self, text: str) -> None:
        super().__init__(ERROR, wire.ERROR_FIELDS.size + string_size(len(text.encode())))
        self.text = text
