"""Queries, their answers and what takes those on a detour, from bytes to objects (spec serf.md 7)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.serf.messages import CONFLICT_RESPONSE, QUERY_RESPONSE
from serfsim.protocol.serf.query_messages import (
    NODE_FILTER,
    TAG_FILTER,
    Filter,
    NodeFilter,
    Query,
    QueryResponse,
    Relayed,
    TagFilter,
)
from serfsim.protocol.wire.interning import located, mentioned
from serfsim.protocol.wire.reader import Reader, WireError

LARGEST_PORT: Final = 65535
LONGEST_TIMEOUT_NS: Final = 9_000_000_000_000_000_000


class QueryFields:
    """The fields of a query, as they are read. A timeout below nothing counts as none."""

    def __init__(self) -> None:
        self.address = b""
        self.port: i64 = 0
        self.source = ""
        self.names_source = False
        self.has_relay_factor = False
        self.ltime: i64 = 0
        self.id: i64 = 0
        self.flags: i64 = 0
        self.relay_factor: i64 = 0
        self.timeout_ns = 0
        self.name = ""
        self.payload = b""
        self.filters: list[Filter] = []

    def read(self, reader: Reader) -> None:
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"Addr":
                self.address = reader.raw()
            elif key == b"Port":
                self.port = reader.unsigned(LARGEST_PORT)
            elif key == b"SourceNode":
                self.source = reader.text()
                self.names_source = True
            elif key == b"LTime":
                self.ltime = reader.ltime()
            elif key == b"ID":
                self.id = reader.unsigned()
            elif key == b"Filters":
                self._read_filters(reader)
            else:
                self._read_rest(key, reader)

    def _read_rest(self, key: bytes, reader: Reader) -> None:
        if key == b"Flags":
            self.flags = reader.unsigned()
        elif key == b"RelayFactor":
            self.relay_factor = reader.unsigned(255)
            self.has_relay_factor = True
        elif key == b"Timeout":
            self.timeout_ns = max(0, min(LONGEST_TIMEOUT_NS, reader.integer()))
        elif key == b"Name":
            self.name = reader.text()
        elif key == b"Payload":
            self.payload = reader.raw()
        else:
            reader.skip()

    def _read_filters(self, reader: Reader) -> None:
        count = reader.array_entries()
        while count > 0:
            count -= 1
            self.filters.append(decode_filter(reader.raw()))


def read_query(reader: Reader, directory: Directory) -> Query:
    fields = QueryFields()
    fields.read(reader)
    query = Query(
        located(directory, fields.source, fields.address, fields.port),
        fields.ltime,
        fields.id,
        fields.name,
        fields.payload,
        fields.filters,
        fields.flags,
        fields.relay_factor,
        float(fields.timeout_ns) / 1e9,
        fields.names_source,
    )
    query.has_relay_factor = fields.has_relay_factor
    return query


@mypyc_attr(acyclic=True)
class OpaqueFilter(Filter):
    """One that cannot be read, or of an unknown kind: it lets nobody through."""

    def __init__(self, data: bytes) -> None:
        super().__init__(i64(data[0]) if len(data) > 0 else -1)
        self.data = data

    def size(self) -> i64:
        return len(self.data)

    def encode(self, directory: Directory) -> bytes:
        return self.data


def decode_filter(data: bytes) -> Filter:
    """A query's filter, type byte first."""
    if len(data) == 0:
        return OpaqueFilter(data)
    try:
        reader = Reader(data, 1)
        if data[0] == NODE_FILTER:
            names: list[str] = []
            count = reader.array_entries()
            while count > 0:
                count -= 1
                names.append(reader.text())
            return NodeFilter(names)
        if data[0] == TAG_FILTER:
            return _tag_filter(reader)
    except WireError:
        pass
    return OpaqueFilter(data)


def _tag_filter(reader: Reader) -> Filter:
    tag = ""
    expression = ""
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"Tag":
            tag = reader.text()
        elif key == b"Expr":
            expression = reader.text()
        else:
            reader.skip()
    return TagFilter(tag, expression)


def read_response(reader: Reader, directory: Directory) -> QueryResponse:
    ltime: i64 = 0
    number: i64 = 0
    flags: i64 = 0
    source = ""
    payload = b""
    entries = reader.map_entries()
    while entries > 0:
        entries -= 1
        key = reader.raw()
        if key == b"LTime":
            ltime = reader.ltime()
        elif key == b"ID":
            number = reader.unsigned()
        elif key == b"From":
            source = reader.text()
        elif key == b"Flags":
            flags = reader.unsigned()
        elif key == b"Payload":
            payload = reader.raw()
        else:
            reader.skip()
    made = QueryResponse(mentioned(directory, source), ltime, number, flags, payload)
    if len(payload) > 0 and payload[0] == CONFLICT_RESPONSE:
        made.member = _member(payload, directory)
    return made


def _member(payload: bytes, directory: Directory) -> NodeIdentity | None:
    """The member that an answer to a conflict query names; None where it names none."""
    reader = Reader(payload, 1)
    name = ""
    address = b""
    port: i64 = 0
    try:
        entries = reader.map_entries()
        if entries == 0:
            return None
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"Name":
                name = reader.text()
            elif key == b"Addr":
                address = reader.raw()
            elif key == b"Port":
                port = reader.unsigned(LARGEST_PORT)
            else:
                reader.skip()
        return located(directory, name, address, port)
    except WireError:
        return None


def read_relayed(reader: Reader, directory: Directory) -> Relayed:
    fields = RelayFields()
    fields.read(reader)
    if reader.byte() != QUERY_RESPONSE:
        raise WireError("found a relay of something that is no response to a query")
    start = reader.at
    response = read_response(reader, directory)
    response.size = reader.at - start + 2
    target = located(directory, fields.name, fields.address, fields.port)
    return Relayed(response, target, fields.names_target)


class RelayFields:
    """Where a relayed message goes, as it is read."""

    def __init__(self) -> None:
        self.address = b""
        self.port: i64 = 0
        self.name = ""
        self.names_target = False

    def read(self, reader: Reader) -> None:
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"DestAddr":
                self._read_address(reader)
            elif key == b"DestName":
                self.name = reader.text()
                self.names_target = True
            else:
                reader.skip()

    def _read_address(self, reader: Reader) -> None:
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            key = reader.raw()
            if key == b"IP":
                self.address = reader.raw()
            elif key == b"Port":
                self.port = reader.unsigned(LARGEST_PORT)
            else:
                reader.skip()
