"""Bytes that the real encoders made: msgpack, LZW, compounds and checksums, AES-GCM, memberlist, Serf."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.native import i64, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.datagram import encode_lead
from serfsim.protocol.serf.key_queries import encode_key_request, encode_key_response
from serfsim.protocol.serf.messages import SerfState
from serfsim.protocol.serf.tags import decode_tags, encode_tags
from serfsim.protocol.wire import envelope
from serfsim.protocol.wire.cipher import block_size, open_stream, seal_stream
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.decode_serf import decode_filter, decode_serf_state, decode_user
from serfsim.protocol.wire.lzw import compress
from serfsim.protocol.wire.lzw_decoder import decompress
from serfsim.protocol.wire.memberlist_fields import ENTRY_FIELDS
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.streams import decode_stream, encode_stream
from serfsim.wire_crypto import Keyring
from tests.vectors_of import vectors
from tests.wire import expected


def cases(name: str) -> list[Any]:
    found = vectors(name)["cases"]
    return [pytest.param(case, id=f"{i}-{case.get('desc', '')}"[:60]) for i, case in enumerate(found)]


# Wrappers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("lzw"))
def test_lzw_goes_both_ways_as_in_go(case: dict[str, Any]) -> None:
    plain, packed = bytes.fromhex(case["input_hex"]), bytes.fromhex(case["lzw_hex"])
    assert compress(plain) == packed
    assert decompress(packed, 10_000) == plain
    assert envelope.wrap_compressed(plain).hex() == case["compress_msg_hex"]
    assert envelope.unwrap_compressed(Reader(bytes.fromhex(case["compress_msg_hex"]), 1)) == plain


@pytest.mark.parametrize("case", cases("compound_crc"))
def test_compounds_and_checksums_are_the_librarys(case: dict[str, Any]) -> None:
    parts = [bytes.fromhex(part) for part in case["parts"]]
    whole = bytes.fromhex(case["compound_hex"])
    assert envelope.compound(parts) == whole
    assert envelope.Parts(whole, 1).parts == parts
    assert f"{envelope.crc32(whole):08x}" == case["crc32_ieee_of_compound"]
    assert envelope.without_crc(envelope.with_crc(whole)) == whole


@pytest.mark.parametrize("case", cases("encryption"))
def test_encryption_goes_both_ways_as_in_the_library(case: dict[str, Any]) -> None:
    sealed, plain = bytes.fromhex(case["cipher_hex"]), bytes.fromhex(case["plaintext_hex"])
    authenticated, key = bytes.fromhex(case["aad_hex"]), case["key"].encode()
    ring = Keyring([key], case["version"], nonces=lambda: sealed[1:13])
    assert ring.seal(plain, authenticated) == sealed
    assert ring.open(sealed, authenticated) == plain
    assert block_size(case["version"], len(plain)) == case["encryptedLength"] == len(sealed)
    assert Keyring([b"z" * 32, key]).open(sealed, authenticated) == plain
    with pytest.raises(WireError, match="No installed keys could decrypt the message"):
        Keyring([b"z" * 32]).open(sealed, authenticated)


# memberlist --------------------------------------------------------------------------------------

DATAGRAMS = ("ping", "indirectPing", "ack", "nack", "suspect", "dead", "alive")
# What a machine's object does not keep: a payload that is no coordinate, and whether Meta is nil.
NOT_KEPT = ("ack empty payload", "ack payload 31", "ack payload 32", "alive nil meta")


def field(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def of_kind(*kinds: str) -> list[Any]:
    return [case for case in cases("wire_encode_memberlist") if case.values[0]["struct"] in kinds]


def told_of(message: m.Message | None, packet: m.Packet, source: Any, directory: Directory) -> dict[str, Any]:
    told = (
        expected.lead(packet, source, directory)
        if message is None
        else expected.broadcast(message, directory)
    )
    fields: dict[str, Any] = told["fields"]
    return fields


@pytest.mark.parametrize("case", of_kind(*DATAGRAMS))
def test_a_memberlist_message_is_read_and_written_as_in_the_library(case: dict[str, Any]) -> None:
    data, directory = bytes.fromhex(case["hex"]), Directory()
    datagram = DatagramReader(directory).read(data)
    packet, source = datagram.packets[0], datagram.sources[0]
    message = packet.broadcasts[0] if packet.broadcasts else None
    found = (
        told_of(message, packet, source, directory) if case["struct"] != "alive" else alive_fields(message)
    )
    for name, value in case["fields"].items():
        if name in ("SourceAddr", "Target"):
            assert found[name] == "127.0.0.1"
        elif name != "Payload":
            assert found[name] == field(value), name
    if not case["desc"].startswith(NOT_KEPT):
        written = encode_lead(packet, source, directory) if message is None else message.encode(directory)
        assert written == data
        assert len(data) == (packet.leading_size if message is None else message.size)


def alive_fields(message: m.Message | None) -> dict[str, Any]:
    assert isinstance(message, m.Alive)
    record = message.record
    directory = Directory()
    directory.add("n1" if record.name_length == 2 else "x" * 40, 0)
    address = bytes(16) if record.address_length == 16 else bytes([127, 0, 0, 1])
    return {
        "Addr": address,
        "Incarnation": message.incarnation,
        "Meta": record.meta,
        "Node": directory.names[0],
        "Port": record.port,
        "Vsn": record.versions(),
    }


def test_a_payload_that_is_no_coordinate_is_a_trouble_and_the_ack_counts() -> None:
    (case,) = [c.values[0] for c in of_kind("ack") if "32 bytes" in c.values[0]["desc"]]
    datagram = DatagramReader(Directory()).read(bytes.fromhex(case["hex"]))
    assert datagram.packets[0].seq == 7
    assert datagram.packets[0].coordinate is None
    assert datagram.troubles == ["Unsupported ping version: 0"]


@pytest.mark.parametrize("case", of_kind("pushNodeState"))
def test_a_push_pull_entry_is_read_as_in_the_library(case: dict[str, Any]) -> None:
    entry = ENTRY_FIELDS.decode(Reader(bytes.fromhex(case["hex"]), 1))
    assert {name: field(value) for name, value in case["fields"].items()} == dict(
        zip(ENTRY_FIELDS.names, entry.values, strict=True)
    )


def test_error_and_user_messages_on_streams_are_the_librarys() -> None:
    (case,) = [c.values[0] for c in of_kind("err")]
    directory = Directory()
    error = decode_stream(bytes.fromhex(case["hex"]), directory)
    assert isinstance(error, m.StreamError)
    assert error.text == "boom"
    assert encode_stream(error, None, directory).hex() == case["hex"]
    assert m.StreamError("boom").size == case["len"]
    (case,) = [c.values[0] for c in of_kind("userMsgHeader")]
    sent = bytes.fromhex(case["hex"]) + b"\xc9" * 70000
    user = decode_stream(sent, directory)
    assert isinstance(user, m.StreamUser)
    assert encode_stream(user, None, directory) == sent


# Serf --------------------------------------------------------------------------------------------

SERF = ("leave", "join", "userEvent", "query", "relay of")


@pytest.mark.parametrize(
    "case", [c for c in cases("wire_encode_serf") if c.values[0]["desc"].startswith(SERF)]
)
def test_a_serf_message_is_read_and_written_as_in_serf(case: dict[str, Any]) -> None:
    data, directory = b"\x08" + bytes.fromhex(case["hex"]), Directory()
    message = decode_user(data, directory)
    assert message.encode(directory) == data
    assert message.size == len(data)
    found = expected.serf(message, directory)["fields"]
    for name, value in case["fields"].items():
        if name == "Timeout_ns":
            assert found["Timeout"] == value
        elif name == "Payload":
            assert found[name] == (value or "").encode()
        elif name == "Filters_hex":
            assert found["Filters"] == [["n1", "n2"], {"Expr": "web.*", "Tag": "role"}]
        else:
            assert found[name] == value, name


def serf_case(start: str) -> dict[str, Any]:
    return next(c.values[0] for c in cases("wire_encode_serf") if c.values[0]["desc"].startswith(start))


@pytest.mark.parametrize("kind", ["filter: node list", "filter: tag"])
def test_a_filter_is_read_and_written_as_in_serf(kind: str) -> None:
    data = bytes.fromhex(serf_case(kind)["hex"])
    found = decode_filter(data)
    assert found.encode(Directory()) == data
    assert expected.a_filter(found) == serf_case(kind)["fields"]["value"]


def test_key_messages_are_serfs() -> None:
    assert encode_key_request(b"0123456789abcdef").hex() == serf_case("keyRequest")["hex"]
    key = "MDEyMzQ1Njc4OWFiY2RlZg=="
    assert encode_key_response(True, "", [key], key).hex() == serf_case("keyResponse")["hex"]


def test_a_push_pull_state_is_read_and_written_as_in_serf() -> None:
    data, directory = bytes.fromhex(serf_case("pushPull")["hex"]), Directory()
    state = decode_serf_state(data, directory)
    assert state.encode(directory) == data
    assert expected.state(state, directory) == {
        "LTime": 5,
        "EventLTime": 3,
        "QueryLTime": 1,
        "LeftMembers": ["n9"],
        "StatusLTimes": {"n1": 3},
        "Events": {
            "array_len": 4,
            "non_nil": [{"LTime": 2, "Events": [{"Name": "e", "Payload": b"p"}]}],
        },
    }


@pytest.mark.parametrize("count", [0, 1, 2, 3, 16])
def test_all_that_have_left_are_read(count: int) -> None:
    directory = Directory()
    for i in range(20):
        directory.add(f"n{i}", i)
    state = SerfState(5, 3, 1, vec[i64]([1, 2]), vec[i64]([7, 8]), list(range(2, 2 + count)), 600)
    read = decode_serf_state(state.encode(directory), directory)
    assert read.left == list(range(2, 2 + count))
    assert (read.ltime, read.event_ltime, read.query_ltime) == (5, 3, 1)


def test_tags_are_serfs() -> None:
    for start, tags in (("tags meta proto>=3", {"role": "web"}), ("tags meta proto>=3 empty", {})):
        data = bytes.fromhex(serf_case(start)["hex"])
        assert encode_tags(tags) == data
        assert decode_tags(data) == tags
    assert decode_tags(bytes.fromhex(serf_case("tags meta proto 2")["hex"])) == {"role": "web"}


# Encryption of whole messages --------------------------------------------------------------------


def test_a_label_is_authenticated_in_datagrams_and_streams() -> None:
    ring, label = Keyring([b"k" * 16]), b"east"
    nack = b"\x0b\x81\xa5SeqNo\x07"
    directory = Directory()
    datagram = envelope.with_label(label, ring.seal(nack, label))
    assert DatagramReader(directory, ring, label).read(datagram).packets[0].seq == 7
    other = b"\xf4\x04west" + datagram[6:]
    with pytest.raises(WireError, match='unacceptable label "west"'):
        DatagramReader(directory, ring, label).read(other)
    with pytest.raises(WireError, match="Decrypt packet failed: No installed keys"):
        DatagramReader(directory, ring, b"west").read(other)
    stream = seal_stream(ring, label, nack)
    assert open_stream(ring, label, stream, True) == nack
    with pytest.raises(WireError, match="No installed keys"):
        open_stream(ring, b"west", stream, True)


@pytest.mark.parametrize("what", ["packet", "stream"])
def test_a_label_stands_in_its_error_as_it_came(what: str) -> None:
    assert (
        envelope.label_error(what, b"a{}b", b"", False)
        == f'discarding {what} with unacceptable label "a{{}}b":'
    )
    assert envelope.label_error(what, b"a", b"", True) == f"unexpected double {what} label header:"
    assert envelope.label_error(what, b"a", b"a", False) == ""


def test_a_keyring_encrypts_with_its_primary_key_and_decrypts_with_all() -> None:
    first, second = b"1" * 16, b"2" * 32
    ring = Keyring([first])
    assert ring.ring.add(second) == "" == ring.ring.add(first)
    assert ring.keys == [first, second], "an installed key does not become the primary one"
    assert ring.ring.use(b"3" * 16) == "Requested key is not in the keyring"
    assert ring.ring.use(second) == ""
    assert ring.keys == [second, first]
    sealed = ring.seal(b"hello", b"")
    assert Keyring([second]).open(sealed, b"") == b"hello"
    assert ring.open(Keyring([first]).seal(b"old", b""), b"") == b"old"
    assert ring.ring.remove(second) == "Removing the primary key is not allowed"
    assert ring.ring.add(b"short") == "key size must be 16, 24 or 32 bytes"
    assert ring.ring.remove(first) == "" == ring.ring.remove(first)
    with pytest.raises(WireError):
        ring.open(Keyring([first]).seal(b"old", b""), b"")
    for wrong in ([], [b"short"]):
        with pytest.raises(ValueError, match="key"):
            Keyring(wrong)


def test_plain_messages_are_refused_where_encryption_is_required() -> None:
    ring, nack = Keyring([b"k" * 16]), b"\x0b\x81\xa5SeqNo\x07"
    with pytest.raises(WireError, match="Encryption is configured but remote state is not encrypted"):
        open_stream(ring, b"", nack, True)
    assert open_stream(ring, b"", nack, False) == nack
    with pytest.raises(WireError, match="Remote state is encrypted and encryption is not configured"):
        open_stream(None, b"", seal_stream(ring, b"", nack), True)
    with pytest.raises(WireError, match="Decrypt packet failed"):
        DatagramReader(Directory(), ring).read(nack)
    assert DatagramReader(Directory(), ring, verify_incoming=False).read(nack).packets[0].seq == 7
