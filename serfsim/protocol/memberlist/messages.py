"""memberlist's messages (spec memberlist.md section 2), as objects with their size on the wire.

A datagram is a `Packet`: at most one leading message that wants an answer now (ping, indirect
ping, ack, nack) and the broadcasts that ride along. Broadcasts are `Message`s; they are immutable
and shared, since every node passes on exactly the message it received. Sizes are the closed
forms of spec wire.md section 5, in bytes without UDP and IP headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity, string_size, unsigned_size
from serfsim.protocol.versions import NACK_VERSION
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.msgpack import filler, map_header, text, unsigned

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.ledger import Load

# Wire types. GOSSIP stands for a datagram without a leading message.
PING: Final = 0
INDIRECT_PING: Final = 1
ACK: Final = 2
SUSPECT: Final = 3
ALIVE: Final = 4
DEAD: Final = 5
PUSH_PULL: Final = 6
USER: Final = 8
NACK: Final = 11
ERROR: Final = 13
GOSSIP: Final = 15

COMPOUND_HEADER: Final = 2
COMPOUND_PART: Final = 2
CRC_SIZE: Final = 5
NIL_PAYLOAD: Final = 1

# What all suspect and dead messages have in common.
SUSPECT_FROM: Final = b"\x03" + map_header(3) + text("From")
DEAD_FROM: Final = b"\x05" + map_header(3) + text("From")
INCARNATION: Final = text("Incarnation")
NODE: Final = text("Node")


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
            record = directory.written(self.record)
            encoded = b"\x04\x86" + record.opening + unsigned(self.incarnation) + record.alive_rest
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
        parts = [DEAD_FROM if self.kind == DEAD else SUSPECT_FROM, names[self.from_node]]
        parts += [INCARNATION, unsigned(self.incarnation), NODE, names[self.node]]
        return b"".join(parts)


def suspect_or_dead_size(subject: NodeIdentity, incarnation: i64, from_node: NodeIdentity) -> i64:
    """Bytes of a suspect or dead message: 24 + S(From) + U(Incarnation) + S(Node)."""
    return 24 + from_node.name_size + unsigned_size(incarnation) + subject.name_size


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
    size = 13 + node.name_size + unsigned_size(seq)
    return size + source_size(source) if names_source else size


def source_size(source: NodeIdentity) -> i64:
    """Return the size of the fields that name where to answer; absent before memberlist 0.2.0."""
    return 33 + source.address_size + source.name_size + source.port_size


def indirect_ping_size(node: NodeIdentity, seq: i64, source: NodeIdentity, names_source: bool = True) -> i64:
    size = 25 + node.name_size + node.port_size + unsigned_size(seq) + node.address_size
    if source.protocol_max >= NACK_VERSION:
        size += 6
    return size + source_size(source) if names_source else size


def payload_size(coordinate: Coordinate | None) -> i64:
    """Bytes of an ack's payload: nil, or a coordinate of nine bytes a number (133 with 8 dimensions)."""
    if coordinate is None:
        return NIL_PAYLOAD
    dimensions: i64 = len(coordinate.vec)
    return string_size(58 + 9 * dimensions + (0 if dimensions < 16 else 2))


def ack_size(seq: i64, coordinate: Coordinate | None, has_payload: bool = True) -> i64:
    """`has_payload`: the field is there, if only as nil, as it is from Serf 0.7 on."""
    size = 8 + unsigned_size(seq)
    return size + 8 + payload_size(coordinate) if has_payload else size


def nack_size(seq: i64) -> i64:
    return 8 + unsigned_size(seq)


@mypyc_attr(allow_interpreted_subclasses=True)
class StreamMessage:
    """One side's message on a TCP stream; `size` is in bytes as written (compressed, encrypted)."""

    def __init__(self, kind: i64, size: i64) -> None:
        self.kind: i64 = kind
        self.size: i64 = size
        self.port: i64 = 0  # whence it was dialled, once it is

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


class StreamError(StreamMessage):
    """The answer to a request that could not be read (spec memberlist.md section 2.2)."""

    def __init__(self, text: str) -> None:
        super().__init__(ERROR, 8 + string_size(len(text.encode())))
        self.text = text
