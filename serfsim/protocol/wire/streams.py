"""Stream messages as bytes and back (spec wire.md section 3).

    [label] [encrypt] [compress] type byte and body

One side writes one message on a stream. What comes after a message that was read is not looked at.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i32, i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.datagram import encode_ack, encode_ping
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.members import STATE_LEFT
from serfsim.protocol.memberlist.messages import (
    ACK,
    ERROR,
    PING,
    PUSH_PULL,
    USER,
    StreamAck,
    StreamError,
    StreamMessage,
    StreamPing,
    StreamUser,
)
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.wire.cipher import Cipher, open_stream, seal_stream
from serfsim.protocol.wire.decode_serf import OpaqueState, decode_serf_state, decode_user
from serfsim.protocol.wire.envelope import (
    COMPRESS,
    unwrap_compressed,
    with_label,
    without_label,
    wrap_compressed,
)
from serfsim.protocol.wire.interning import Announcement, node_of
from serfsim.protocol.wire.memberlist_fields import (
    ENTRY_FIELDS,
    ERROR_FIELDS,
    LEADS,
    PUSH_PULL_FIELDS,
    STREAM_USER_FIELDS,
)
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.schema import Values

MOST_NODES: Final = 1048576
LARGEST_USER_PART: Final = 20 * 1024 * 1024


# Writing -----------------------------------------------------------------------------------------


def encode_stream(message: StreamMessage, source: NodeIdentity | None, directory: Directory) -> bytes:
    """Type byte and body of what `source` writes, before compression and encryption.

    Raises ValueError for a message of unknown content.
    """
    if isinstance(message, PushPull):
        return message.encode(directory)
    if isinstance(message, StreamPing):
        return encode_ping(message.node, message.seq, source, directory)
    if isinstance(message, StreamAck):
        return encode_ack(message.seq, None)
    if isinstance(message, StreamError):
        return ERROR_FIELDS.encode([message.text])
    if isinstance(message, StreamUser):
        body = message.message.encode(directory)[1:]
        return STREAM_USER_FIELDS.encode([len(body)]) + body
    raise ValueError(f"no way to write a stream message of type {message.kind}")


def wrap_stream(
    data: bytes,
    is_compressed: bool,
    cipher: Cipher | None = None,
    label: bytes = b"",
    is_request: bool = True,
) -> bytes:
    """Return a stream message as sent: compressed, even where that makes it longer.

    The label comes before a request; that of the answer is only authenticated.
    """
    plain = wrap_compressed(data) if is_compressed else data
    whole = plain if cipher is None else seal_stream(cipher, label, plain)
    return with_label(label, whole) if is_request else whole


# Reading -----------------------------------------------------------------------------------------


def unwrap_stream(
    data: bytes, cipher: Cipher | None = None, label: bytes = b"", verify_incoming: bool = True
) -> bytes:
    """Type byte and body of a whole message that was read from a stream. Raises WireError."""
    plain = open_stream(cipher, label, without_label(label, data), verify_incoming)
    if len(plain) > 0 and plain[0] == COMPRESS:
        plain = unwrap_compressed(Reader(plain, 1))
    if len(plain) == 0:
        raise WireError("EOF")
    return plain


def decode_stream(data: bytes, directory: Directory) -> StreamMessage:
    """Decode the message of an unwrapped type byte and body. Raise WireError."""
    reader = Reader(data)
    kind = reader.byte()
    made: StreamMessage
    if kind == PUSH_PULL:
        made = _push_pull(reader, directory)
    elif kind in (PING, ACK):
        found = LEADS[int(kind)].decode(reader)
        if kind == ACK:
            made = StreamAck(found.number("SeqNo"), 0)
        else:
            name = found.text("Node")
            node = node_of(directory, name) if name != "" else i64(-1)
            made = StreamPing(node, found.number("SeqNo"), 0)
    elif kind == USER:
        made = _user(reader, directory)
    elif kind == ERROR:
        made = StreamError(ERROR_FIELDS.decode(reader).text("Error"))
    else:
        raise WireError(f"Received invalid msgType ({kind})")
    made.size = len(data)
    return made


def _length(found: Values, field: str, what: str) -> i64:
    """Return the length of the delegate's bytes; a negative one means none."""
    value = found.integer(field)
    if value > LARGEST_USER_PART:
        raise WireError(f"{what} is larger than limit ({value})")
    return i64(max(0, value))


def _user(reader: Reader, directory: Directory) -> StreamUser:
    length = _length(STREAM_USER_FIELDS.decode(reader), "UserMsgLen", "User message")
    return StreamUser(decode_user(b"\x08" + reader.take(length), directory), 0)


def _push_pull(reader: Reader, directory: Directory) -> PushPull:
    reader.saw_signed = False
    found = PUSH_PULL_FIELDS.decode(reader)
    is_signed = reader.saw_signed
    length = _length(found, "UserStateLen", "Remote user state")
    count = found.integer("Nodes")
    if count < 0 or count > MOST_NODES:
        raise WireError(f"Remote node state is larger than limit ({count})")
    made = PushPull(found.boolean("Join"), None)
    made.is_signed = is_signed
    _read_nodes(made, i64(count), reader, directory)
    if length > 0:
        if reader.left() < length:
            raise WireError(f"Failed to read full user state ({reader.left()} / {length})")
        made.user_state = _user_state(reader.take(length), directory)
    return made


def _read_nodes(made: PushPull, count: i64, reader: Reader, directory: Directory) -> None:
    """Decode the entries, without those in a state unknown to memberlist, which it skips."""
    records: dict[int, NodeIdentity] = {}
    nodes = vec[i32]()
    keys = vec[i64]()
    while count > 0:
        count -= 1
        found = ENTRY_FIELDS.decode(reader)
        state = found.integer("State")
        if state < 0 or state > STATE_LEFT:
            continue
        record = Announcement(found, found.text("Name")).record(directory)
        nodes = append(nodes, i32(record.node))
        keys = append(keys, found.number("Incarnation") << 2 | i64(state))
        if record is not directory.first[record.node]:
            records[record.node] = record
    made.nodes = nodes
    made.keys = keys
    made.records = records if len(records) > 0 else None


def _user_state(data: bytes, directory: Directory) -> UserState:
    """Serf's state; what is none is handed over as it is, and merging it has no effect."""
    try:
        return decode_serf_state(data, directory)
    except WireError:
        return OpaqueState(data)
