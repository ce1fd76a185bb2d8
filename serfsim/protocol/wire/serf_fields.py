"""Serf's messages, field by field (spec serf.md section 2); they travel as memberlist's user messages."""

from __future__ import annotations

from typing import Final

from serfsim.protocol.wire.kinds import (
    ANYTHING,
    BOOLEAN,
    BYTE,
    DIGIT,
    DOUBLE,
    INTEGER,
    LTIME,
    LTIMES,
    NULLABLE,
    PORT,
    RAW,
    TEXT,
    UNSIGNED,
    Array,
)
from serfsim.protocol.wire.memberlist_fields import USER
from serfsim.protocol.wire.msgpack import BYTES
from serfsim.protocol.wire.schema import Schema, Since, Slots, Struct

# Types on the wire.
LEAVE: Final = 0
JOIN: Final = 1
PUSH_PULL: Final = 2
USER_EVENT: Final = 3
QUERY: Final = 4
QUERY_RESPONSE: Final = 5
CONFLICT_RESPONSE: Final = 6
KEY_REQUEST: Final = 7
KEY_RESPONSE: Final = 8
RELAY: Final = 9

# Types of filters. One of nodes is no map but an array of their names.
NODE_FILTER: Final = 0
TAG_FILTER: Final = 1

PING_VERSION: Final = 1  # the type byte of a coordinate in an ack

LEAVE_FIELDS: Final = Schema(
    BYTES[USER] + BYTES[LEAVE], LTime=LTIME, Node=TEXT, Prune=Since("prune", BOOLEAN)
)
JOIN_FIELDS: Final = Schema(BYTES[USER] + BYTES[JOIN], LTime=LTIME, Node=TEXT)
USER_EVENT_FIELDS: Final = Schema(
    BYTES[USER] + BYTES[USER_EVENT], CC=BOOLEAN, LTime=LTIME, Name=TEXT, Payload=NULLABLE
)
QUERY_FIELDS: Final = Schema(
    BYTES[USER] + BYTES[QUERY],
    Addr=RAW,
    Filters=Array(RAW, has_nil=True),
    Flags=UNSIGNED,
    ID=UNSIGNED,
    LTime=LTIME,
    Name=TEXT,
    Payload=NULLABLE,
    Port=PORT,
    RelayFactor=Since("relay", BYTE),
    SourceNode=Since("names_in_queries", TEXT),
    Timeout=INTEGER,
)
TAG_FILTER_FIELDS: Final = Schema(BYTES[TAG_FILTER], Expr=TEXT, Tag=TEXT)
RESPONSE_FIELDS: Final = Schema(
    BYTES[USER] + BYTES[QUERY_RESPONSE], Flags=UNSIGNED, From=TEXT, ID=UNSIGNED, LTime=LTIME, Payload=NULLABLE
)
# The response follows, without memberlist's type byte.
ADDRESS_FIELDS: Final = Schema(b"", IP=RAW, Port=INTEGER, Zone=TEXT)
RELAY_FIELDS: Final = Schema(
    BYTES[USER] + BYTES[RELAY], DestAddr=Struct(ADDRESS_FIELDS), DestName=Since("names_in_queries", TEXT)
)

# Payloads of Serf's own queries and of the answers to them.
KEY_REQUEST_FIELDS: Final = Schema(BYTES[KEY_REQUEST], Key=RAW)
KEY_RESPONSE_FIELDS: Final = Schema(
    BYTES[KEY_RESPONSE], Keys=Array(TEXT, has_nil=True), Message=TEXT, PrimaryKey=TEXT, Result=BOOLEAN
)
CONFLICT_FIELDS: Final = Schema(
    BYTES[CONFLICT_RESPONSE],
    Addr=RAW,
    DelegateCur=BYTE,
    DelegateMax=BYTE,
    DelegateMin=BYTE,
    Name=TEXT,
    Port=PORT,
    ProtocolCur=BYTE,
    ProtocolMax=BYTE,
    ProtocolMin=BYTE,
    Status=DIGIT,
    Tags=ANYTHING,
)

# The user state of a push/pull.
RING_EVENT_FIELDS: Final = Schema(b"", Name=TEXT, Payload=NULLABLE)
SLOT_FIELDS: Final = Schema(b"", Events=Slots(RING_EVENT_FIELDS), LTime=LTIME)
STATE_FIELDS: Final = Schema(
    BYTES[PUSH_PULL],
    EventLTime=LTIME,
    Events=Slots(SLOT_FIELDS),
    LTime=LTIME,
    LeftMembers=Array(TEXT),
    QueryLTime=LTIME,
    StatusLTimes=LTIMES,
)

# The payload of an ack (spec serf.md section 12).
COORDINATE_FIELDS: Final = Schema(
    BYTES[PING_VERSION], Adjustment=DOUBLE, Error=DOUBLE, Height=DOUBLE, Vec=Array(DOUBLE)
)
