"""memberlist's messages, field by field (spec memberlist.md section 2); Serf's are in `serf_fields`."""

from __future__ import annotations

from typing import Final

from serfsim.protocol.wire.kinds import (
    BOOLEAN,
    BYTE,
    DIGIT,
    INTEGER,
    NULLABLE,
    PORT,
    RAW,
    TEXT,
    UNSIGNED,
    Kind,
)
from serfsim.protocol.wire.msgpack import BYTES
from serfsim.protocol.wire.schema import Schema, Since

# Types on the wire.
PING: Final = 0
INDIRECT_PING: Final = 1
ACK: Final = 2
SUSPECT: Final = 3
ALIVE: Final = 4
DEAD: Final = 5
PUSH_PULL: Final = 6
COMPOUND: Final = 7
USER: Final = 8
COMPRESS: Final = 9
ENCRYPT: Final = 10
NACK: Final = 11
HAS_CRC: Final = 12
ERROR: Final = 13

# Where an answer goes.
SOURCE: Final[dict[str, Kind]] = {
    "SourceAddr": Since("ping_source", RAW),
    "SourceNode": Since("ping_source", TEXT),
    "SourcePort": Since("ping_source", PORT),
}
PING_FIELDS: Final = Schema(BYTES[PING], Node=TEXT, SeqNo=UNSIGNED, **SOURCE)
INDIRECT_PING_FIELDS: Final = Schema(
    BYTES[INDIRECT_PING],
    Nack=Since("nacks", BOOLEAN),
    Node=TEXT,
    Port=PORT,
    SeqNo=UNSIGNED,
    **SOURCE,
    Target=RAW,
)
ACK_FIELDS: Final = Schema(BYTES[ACK], Payload=Since("tcp_pings", NULLABLE), SeqNo=UNSIGNED)
NACK_FIELDS: Final = Schema(BYTES[NACK], SeqNo=UNSIGNED)
# What can lead a datagram.
LEADS: Final = {PING: PING_FIELDS, INDIRECT_PING: INDIRECT_PING_FIELDS, ACK: ACK_FIELDS, NACK: NACK_FIELDS}

SUSPECT_FIELDS: Final = Schema(BYTES[SUSPECT], From=TEXT, Incarnation=UNSIGNED, Node=TEXT)
DEAD_FIELDS: Final = Schema(BYTES[DEAD], From=TEXT, Incarnation=UNSIGNED, Node=TEXT)
ALIVE_FIELDS: Final = Schema(
    BYTES[ALIVE], Addr=RAW, Incarnation=UNSIGNED, Meta=RAW, Node=TEXT, Port=PORT, Vsn=NULLABLE
)

# Streams. A push/pull's header is followed by that many entries and the delegate's state.
PUSH_PULL_FIELDS: Final = Schema(BYTES[PUSH_PULL], Join=BOOLEAN, Nodes=INTEGER, UserStateLen=INTEGER)
ENTRY_FIELDS: Final = Schema(
    b"", Addr=RAW, Incarnation=UNSIGNED, Meta=RAW, Name=TEXT, Port=PORT, State=DIGIT, Vsn=NULLABLE
)
STREAM_USER_FIELDS: Final = Schema(BYTES[USER], UserMsgLen=INTEGER)
ERROR_FIELDS: Final = Schema(BYTES[ERROR], Error=TEXT)
COMPRESS_FIELDS: Final = Schema(BYTES[COMPRESS], Algo=BYTE, Buf=RAW)

# What the library fails to do with bytes that it cannot read.
UNREADABLE: Final = {
    PING: "decode ping request",
    INDIRECT_PING: "decode indirect ping request",
    ACK: "decode ack response",
    NACK: "decode nack response",
    SUSPECT: "decode suspect message",
    ALIVE: "decode alive message",
    DEAD: "decode dead message",
    USER: "decode user message",
    COMPOUND: "decode compound request",
    COMPRESS: "decompress payload",
}
