"""Field lists of messages: values come back from what is written, and sizes follow from the list."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.native import vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.datagram import encode_lead
from serfsim.protocol.serf import messages as s
from serfsim.protocol.serf import query_messages as q
from serfsim.protocol.versions import RELEASES, ReleaseFeatures
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire import kinds as k
from serfsim.protocol.wire import memberlist_fields, msgpack, serf_fields
from serfsim.protocol.wire.reader import LARGEST_LTIME, LARGEST_U32, Reader, WireError
from serfsim.protocol.wire.schema import HOLE, FilledSlots, Schema, Slots, Struct, Values
from serfsim.protocol.wire.sizes import wrapped_size
from serfsim.protocol.wire.streams import encode_stream


def schemas(module: ModuleType) -> dict[str, Schema]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Schema)}


SCHEMAS = {
    f"{module.__name__.rpartition('.')[2]}-{name}": schema
    for module in (memberlist_fields, serf_fields)
    for name, schema in schemas(module).items()
}

NAMES = st.text(st.characters(codec="utf-8"), max_size=70)
DATA = st.binary(max_size=70) | st.sampled_from([b"z" * 65535, b"z" * 65536])
U32 = st.integers(0, 300) | st.integers(0, LARGEST_U32)
LTIMES = st.integers(0, 300) | st.integers(0, LARGEST_LTIME)
PORTS = st.integers(1, 65535)


def values_of(kind: k.Kind) -> st.SearchStrategy[Any]:
    """Values to write and what is read of them, as a pair."""
    if isinstance(kind, k.Array):
        return st.lists(values_of(kind.of).map(lambda pair: pair[0]), max_size=20).map(lambda v: (v, v))
    if isinstance(kind, Struct):
        return values_for(kind.of).map(lambda pair: (kind.of.encode(pair[0]), pair[1]))
    if isinstance(kind, Slots):
        return st.lists(st.none() | values_for(kind.of), max_size=20).map(
            lambda slots: (
                msgpack.array_header(len(slots))
                + b"".join(b"\xc0" if one is None else kind.of.encode(one[0]) for one in slots),
                (
                    len(slots),
                    [one[1] for one in slots if one is not None and any(v is not None for v in one[0])],
                ),
            )
        )
    if isinstance(kind, k.LTimes):
        return st.dictionaries(NAMES, LTIMES, max_size=20).map(
            lambda found: (
                msgpack.map_header(len(found))
                + b"".join(msgpack.text(name) + msgpack.unsigned(ltime) for name, ltime in found.items()),
                found,
            )
        )
    plain: dict[k.Kind, st.SearchStrategy[Any]] = {
        k.UNSIGNED: U32,
        k.BYTE: st.integers(0, 255),
        k.PORT: PORTS,
        k.LTIME: LTIMES,
        k.INTEGER: st.integers(0, 300) | st.integers(0, 2**63 - 1),
        k.DIGIT: st.integers(0, 127),
        k.BOOLEAN: st.booleans(),
        k.DOUBLE: st.floats(allow_nan=False),
        k.TEXT: NAMES,
        k.RAW: DATA,
        k.NULLABLE: DATA,
        k.ANYTHING: DATA.map(msgpack.raw),
    }
    return plain[kind].map(lambda value: (value, value))


def values_for(schema: Schema) -> st.SearchStrategy[tuple[list[Any], list[Any]]]:
    each = [st.none().map(lambda _: (None, None)) | values_of(kind) for kind in schema.kinds]
    return st.tuples(*each).map(lambda pairs: ([a for a, _ in pairs], [b for _, b in pairs]))


def plain(value: Any) -> Any:
    """What was read, in the words of `values_of`."""
    if isinstance(value, FilledSlots):
        return (value.count, [[plain(v) for v in one.values] for one in value.filled])
    return [plain(v) for v in value.values] if isinstance(value, Values) else value


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), is_signed=st.booleans())
def test_what_is_written_is_read(name: str, data: st.DataObject, is_signed: bool) -> None:
    schema = SCHEMAS[name]
    values, expected = data.draw(values_for(schema))
    written = schema.encode(values, is_signed)
    reader = Reader(written + b"rest", len(schema.prefix))
    assert plain(schema.decode(reader)) == expected
    assert reader.left() == len(b"rest")


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_order_of_keys_and_keys_that_are_not_known_do_not_matter(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    values, expected = data.draw(values_for(schema))
    entries = [
        msgpack.text(label) + kind.write(value, False)
        for label, kind, value in zip(schema.names, schema.kinds, values, strict=True)
        if value is not None
    ]
    entries += [b"\xd9\x05Other\x93\x01\xc0\xa1x", b"\xa0\x82\x01\x02\x03\x04"]
    shuffled = data.draw(st.permutations(entries))
    reader = Reader(msgpack.map_header(len(entries)) + b"".join(shuffled))
    assert plain(schema.decode(reader)) == expected


@pytest.mark.parametrize("name", SCHEMAS)
def test_fields_are_written_in_the_order_of_their_names(name: str) -> None:
    assert SCHEMAS[name].names == sorted(SCHEMAS[name].names)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_map_of_nil_has_no_fields_and_one_that_ends_early_is_refused(name: str) -> None:
    schema = SCHEMAS[name]
    assert not any(schema.decode(Reader(b"\xc0")).has(field) for field in schema.names)
    label = msgpack.text(schema.names[0])
    for end in range(len(label) + 1):
        with pytest.raises(WireError, match="unexpected EOF"):
            schema.decode(Reader(b"\x81" + label[:end]))


@settings(max_examples=25, deadline=None)
@given(DATA, U32, DATA, NAMES, PORTS, st.integers(0, 127), DATA)
def test_pieces_with_their_holes_filled_are_the_whole(
    address: bytes, incarnation: int, meta: bytes, name: str, port: int, state: int, versions: bytes
) -> None:
    fields = memberlist_fields.ENTRY_FIELDS
    opening, middle, end = fields.pieces([address, HOLE, meta, name, port, HOLE, versions])
    filled = opening + msgpack.unsigned(incarnation) + middle + msgpack.unsigned(state) + end
    assert filled == fields.encode([address, incarnation, meta, name, port, state, versions])


# Sizes -------------------------------------------------------------------------------------------

RECORDS = st.tuples(NAMES, st.binary(max_size=70), PORTS, st.sampled_from([4, 16]), st.booleans())


def directory_of(*told: tuple[str, bytes, int, int, bool]) -> Directory:
    directory = Directory()
    for node, (ending, meta, port, length, has_versions) in enumerate(told):
        name = f"{node}{ending}"
        address = directory.address_number(bytes(length - 4) + bytes([10, 0, 0, node + 1]), port)
        size = len(name.encode())
        record = NodeIdentity(
            node, address, size, meta, address_length=length, port=port, has_versions=has_versions
        )
        directory.add_record(name, record)
    return directory


def check(message: m.Message, directory: Directory) -> None:
    assert message.size == len(message.encode(directory))


@settings(max_examples=100, deadline=None)
@given(RECORDS, RECORDS, U32, st.booleans())
def test_sizes_of_memberlists_messages_are_those_of_their_bytes(
    first: Any, second: Any, number: int, names_source: bool
) -> None:
    directory = directory_of(first, second)
    one, other = directory.first
    check(m.Alive(one, number), directory)
    for kind in (m.SUSPECT, m.DEAD):
        size = m.suspect_or_dead_size(one, number, other)
        check(m.SuspectOrDead(kind, 0, number, 1, size), directory)
    ping = m.Packet(m.PING, number, m.ping_size(one, number, other, names_source))
    asked = m.Packet(m.INDIRECT_PING, number, m.indirect_ping_size(one, number, other, names_source))
    for packet in (ping, asked, m.Packet(m.NACK, number, m.nack_size(number))):
        packet.node = 0
        packet.target = one.address
        packet.source = other.address if names_source else -1
        # A record without versions is hearsay: whoever really sends has some.
        if packet.kind != m.INDIRECT_PING or other.has_versions:
            assert packet.size == len(encode_lead(packet, other, directory))
    error = m.StreamError(first[0])
    assert error.size == len(encode_stream(error, None, directory))


@settings(max_examples=100, deadline=None)
@given(U32, st.lists(st.floats(allow_nan=False), max_size=40) | st.none(), st.booleans())
def test_sizes_of_acks_are_those_of_their_bytes(
    seq: int, numbers: list[float] | None, has_payload: bool
) -> None:
    coordinate = None if numbers is None else Coordinate(vec[float](numbers), 1.5, 0.0, 1e-5)
    ack = m.Packet(m.ACK, seq, m.ack_size(seq, coordinate, has_payload or coordinate is not None))
    ack.coordinate = coordinate
    assert ack.size == len(encode_lead(ack, None, Directory()))


@settings(max_examples=100, deadline=None)
@given(RECORDS, RECORDS, LTIMES, U32, NAMES, DATA, st.data())
def test_sizes_of_serfs_messages_are_those_of_their_bytes(
    first: Any, second: Any, ltime: int, number: int, name: str, payload: bytes, data: st.DataObject
) -> None:
    directory = directory_of(first, second)
    one, other = directory.first
    flag, names_source, is_signed = (data.draw(st.booleans()) for _ in range(3))
    check(s.Intent(s.JOIN, one, ltime, False), directory)
    check(s.Intent(s.LEAVE, one, ltime, flag, names_source), directory)
    event = s.UserEvent(0, ltime, name, payload, flag)
    check(event, directory)
    assert event.ring_size() == len(event.encode_for_ring())
    slot = s.EventSlot(ltime)
    slot.events = [event] * data.draw(st.integers(0, 20))
    assert slot.size() == len(slot.encode())
    filters: list[q.Filter] = [
        q.NodeFilter(data.draw(st.lists(NAMES, max_size=20))),
        q.TagFilter(name, data.draw(NAMES)),
    ] * data.draw(st.integers(0, 9))
    factor, timeout = data.draw(st.integers(0, 255)), data.draw(st.floats(0, 1e9))
    check(
        q.Query(one, ltime, number, name, payload, filters, number, factor, timeout, names_source, is_signed),
        directory,
    )
    response = q.QueryResponse(one, ltime, number, number, payload)
    check(response, directory)
    check(q.Relayed(response, other, names_source), directory)


@given(st.integers(0, 40) | st.integers(0, 70_000))
def test_sizes_of_compress_messages_and_headers_are_those_of_their_bytes(length: int) -> None:
    assert wrapped_size(length) == len(memberlist_fields.COMPRESS_FIELDS.encode([0, bytes(length)]))
    assert msgpack.header_size(length) == len(msgpack.map_header(length)) == len(msgpack.array_header(length))


# Releases ----------------------------------------------------------------------------------------


def fields_read(schema: Schema, data: bytes) -> set[str]:
    found = schema.decode(Reader(data, len(schema.prefix)))
    return {name for name in schema.names if found.has(name)}


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_writes_the_fields_whose_mechanisms_it_has(release: str) -> None:
    features = ReleaseFeatures(release)
    directory = Directory()
    versions = (1, features.protocol_max, 2), (2, features.delegate_max, 4)
    one = NodeIdentity(0, 0, 2, b"", *versions)
    directory.add_record("n1", one)
    ping, asked, ack = (m.Packet(kind, 5, 0) for kind in (m.PING, m.INDIRECT_PING, m.ACK))
    ack.leading_size = m.ack_size(5, None, features.tcp_pings)
    for packet in (ping, asked):
        packet.node = packet.target = 0
        packet.source = one.address if features.ping_source else -1
    query = q.Query(one, 1, 1, "", b"", [], 0, 0, 1.0, features.names_in_queries, features.signed_integers)
    relayed = q.Relayed(q.QueryResponse(one, 1, 1, 0, b""), one, features.names_in_queries)
    leave = s.Intent(s.LEAVE, one, 1, False, features.prune)
    for fields, data in (
        (memberlist_fields.PING_FIELDS, encode_lead(ping, one, directory)),
        (memberlist_fields.INDIRECT_PING_FIELDS, encode_lead(asked, one, directory)),
        (memberlist_fields.ACK_FIELDS, encode_lead(ack, one, directory)),
        (serf_fields.QUERY_FIELDS, query.encode(directory)),
        (serf_fields.RELAY_FIELDS, relayed.encode(directory)),
        (serf_fields.LEAVE_FIELDS, leave.encode(directory)),
    ):
        expected = {
            name
            for name, mechanism in zip(fields.names, fields.mechanisms, strict=True)
            if mechanism == "" or getattr(features, mechanism)
        }
        assert fields_read(fields, data) == expected
