"""Whatever comes in, what is said of it is an object or a WireError, in bounded time and memory."""

from __future__ import annotations

import ipaddress
import random
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serfsim.protocol.directory import Directory, ipv4_endpoint
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.serf.snapshot import address_of
from serfsim.protocol.wire import envelope
from serfsim.protocol.wire.cipher import open_stream
from serfsim.protocol.wire.decode_memberlist import Datagram, DatagramReader
from serfsim.protocol.wire.lzw import compress
from serfsim.protocol.wire.lzw_decoder import decompress
from serfsim.protocol.wire.msgpack import double
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.streams import decode_stream, encode_stream, unwrap_stream
from serfsim.wire_crypto import Keyring
from tests.vectors_of import vectors

RING = Keyring([b"0123456789abcdef0123456789abcdef"])


def captured(name: str, *path: str) -> list[bytes]:
    found = []
    for message in vectors(f"captures/{name}")["messages"]:
        inner: Any = message
        for step in path:
            inner = inner[step]
        found.append(bytes.fromhex(inner["hex"]))
    return found


DATAGRAMS = captured("udp_plain") + captured("udp_default") + captured("udp_name_conflict")
STREAMS = captured("tcp_plain", "request") + captured("tcp_default", "request")


def read(data: bytes, **settings: Any) -> Datagram | None:
    """What is read of a datagram can be written again, whatever it was."""
    directory = Directory()
    try:
        found = DatagramReader(directory, **settings).read(data)
    except WireError:
        return None
    for packet, source in zip(found.packets, found.sources, strict=True):
        encode_datagram(packet, source, directory)
    return found


def read_stream(data: bytes) -> None:
    directory = Directory()
    with suppress(WireError):
        encode_stream(decode_stream(unwrap_stream(data), directory), None, directory)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused_with_the_one_error(data: bytes) -> None:
    read(data)
    read(data, cipher=RING)
    read(data, label=b"east")
    read_stream(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 13), st.binary(max_size=200))
def test_noise_behind_a_known_type_is_refused_with_the_one_error(kind: int, data: bytes) -> None:
    for body in (data, b"\x08" + data, envelope.with_crc(bytes([kind]) + data)):
        read(bytes([kind]) + body)
        read_stream(bytes([kind]) + body)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_real_message_with_bytes_changed_is_refused_with_the_one_error(data: st.DataObject) -> None:
    for sample, take in ((DATAGRAMS, read), (STREAMS, read_stream)):
        message = bytearray(envelope.without_crc(data.draw(st.sampled_from(sample))))
        for _ in range(data.draw(st.integers(1, 4))):
            message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
        take(bytes(message[: data.draw(st.integers(0, len(message)))]))


def test_every_beginning_of_a_real_message_is_refused_or_read() -> None:
    for data in DATAGRAMS[:12]:
        plain = envelope.without_crc(data)
        for end in range(len(plain)):
            read(plain[:end])
    for end in range(len(STREAMS[0])):
        read_stream(STREAMS[0][:end])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
@example(bytes(5000))
def test_lzw_gives_back_what_went_in(data: bytes) -> None:
    assert decompress(compress(data), len(data)) == data


def test_lzw_gives_back_what_went_in_over_many_tables() -> None:
    rng = random.Random(5)
    for letters in (2, 5, 256):
        data = bytes(rng.randrange(letters) for _ in range(60_000))
        assert decompress(compress(data), len(data)) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_lzw_noise_is_refused_or_read(data: bytes) -> None:
    with suppress(WireError):
        decompress(data, 100_000)


def test_what_would_unpack_to_too_much_is_refused() -> None:
    packed = compress(bytes(200_000))
    assert len(packed) < 1000
    with pytest.raises(WireError, match=r"larger than limit \(199999\)"):
        decompress(packed, 199_999)
    # One is within the bound, two are not: what is unpacked counts for the whole datagram.
    bomb = envelope.wrap_compressed(b"\x0b\x81\xa5SeqNo\x07" + bytes(60_000))
    assert read(bomb, largest_unpacked=100_000) is not None
    found = read(envelope.compound([bomb, bomb]), largest_unpacked=100_000)
    assert found is not None
    assert len(found.packets) == 1
    assert "larger than limit" in found.troubles[0]


def test_messages_within_messages_end_somewhere() -> None:
    data = b"\x0b\x81\xa5SeqNo\x07"
    for _ in range(15):
        data = envelope.compound([data])
    assert read(data) is not None
    for _ in range(5):
        data = envelope.wrap_compressed(data)
    with pytest.raises(WireError, match="too many messages within messages"):
        DatagramReader(Directory()).read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff\x00",
        b"\xdb\xff\xff\xff\xffabc",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x00",
        b"\x91" * 100_000,
        b"\xc1",
        b"",
    ],
)
def test_lengths_counts_and_depths_without_end_cost_nothing(data: bytes) -> None:
    with pytest.raises(WireError):
        Reader(data).skip()


def test_a_deep_value_that_is_whole_is_passed_over() -> None:
    reader = Reader(b"\x91" * 100_000 + b"\x01\x02")
    reader.skip()
    assert reader.left() == 1


def test_any_integer_form_any_string_form_any_order_unknown_and_missing_keys() -> None:
    forms = [b"\x05", b"\xcc\x05", b"\xcd\0\x05", b"\xce\0\0\0\x05", b"\xcf" + bytes(7) + b"\x05"]
    forms += [b"\xd0\x05", b"\xd1\0\x05", b"\xd2\0\0\0\x05", b"\xd3" + bytes(7) + b"\x05"]
    names = [b"\xa2n3", b"\xd9\x02n3", b"\xda\0\x02n3", b"\xdb\0\0\0\x02n3"]
    names += [b"\xc4\x02n3", b"\xc5\0\x02n3", b"\xc6\0\0\0\x02n3"]
    for number in forms:
        for name in names:
            directory = Directory()
            fields = b"\x84\xa1x\x93\xc0\x81\x01\xc3\xcb" + bytes(8) + b"\xc4\x04Node" + name
            data = b"\x03" + fields + b"\xd9\x0bIncarnation" + number + b"\xd4\x01\x02" + b"\xc0"
            (packet,) = DatagramReader(directory).read(data[:-4] + b"\xa1y\xd4\x01\x02").packets
            assert packet.broadcasts is not None
            (message,) = packet.broadcasts
            assert isinstance(message, m.SuspectOrDead)
            assert (message.incarnation, directory.names[message.node]) == (5, "n3")
            assert directory.names[message.from_node] == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x07", "Failed to decode compound request: missing compound length byte"),
        (b"\x07\x02\x00", "Failed to decode compound request: truncated len slice"),
        (b"\x07\x01\x00\x09\x00", "Compound request had 1 truncated messages"),
        (b"\x2a", "msg type (42) not supported"),
        (b"\x00\x81\xa5SeqNo", "Failed to decode ping request: unexpected EOF"),
        (b"\x04\x81\xa4Port\xff", "Failed to decode alive message: msgpack: found -1; expected 0 to 65535"),
        (
            b"\x09\x82\xa4Algo\x07\xa3Buf\xa1x",
            "Failed to decompress payload: Cannot decompress unknown algorithm 7",
        ),
        (b"\x0c\0\0\0\0\x01", "Got invalid checksum for UDP packet: a505df1b, 0"),
        (b"\xf4\x00", "label header cannot be empty when present"),
        (b"\xf4\x04eas", "cannot decode label; packet has been truncated"),
        (b"", "missing message type byte"),
        (b"\x03\x81\xa4Node\xa1\xff", "Failed to decode suspect message: found text that is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_in_the_librarys_words(data: bytes, words: str) -> None:
    with pytest.raises(WireError) as caught:
        DatagramReader(Directory()).read(data)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "EOF"),
        (b"\x2a", "Received invalid msgType (42)"),
        (b"\x06\x81\xa5Nodes\xce\x00\x20\x00\x00", "Remote node state is larger than limit (2097152)"),
        (
            b"\x06\x81\xacUserStateLen\xce\x7f\xff\xff\xff",
            "Remote user state is larger than limit (2147483647)",
        ),
        (b"\x06\x81\xacUserStateLen\x09abc", "Failed to read full user state (3 / 9)"),
        (b"\x08\x81\xaaUserMsgLen\x09abc", "unexpected EOF"),
        (b"\x0a\xff\xff\xff\xff", "Remote state is encrypted and encryption is not configured"),
    ],
)
def test_what_is_wrong_with_a_stream_is_said_in_the_librarys_words(data: bytes, words: str) -> None:
    with pytest.raises(WireError) as caught:
        decode_stream(unwrap_stream(data), Directory())
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (b"", "Cannot decrypt empty payload"),
        (b"\x02" + bytes(60), "Unsupported encryption version 2"),
        (b"\x01" + bytes(27), "Payload is too small to decrypt: 28"),
        (b"\x00" + bytes(43), "Payload is too small to decrypt: 44"),
        (b"\x01" + bytes(60), "No installed keys could decrypt the message"),
    ],
)
def test_what_cannot_be_decrypted_is_said_in_the_librarys_words(block: bytes, words: str) -> None:
    with pytest.raises(WireError) as caught:
        RING.open(block, b"")
    assert str(caught.value) == words


def test_an_encrypted_stream_that_claims_too_much_is_not_waited_for() -> None:
    with pytest.raises(WireError, match=r"Remote node state is larger than limit \(4294967295\)"):
        open_stream(RING, b"", b"\x0a\xff\xff\xff\xff", True)


def test_the_readable_messages_of_a_compound_count() -> None:
    nack = b"\x0b\x81\xa5SeqNo\x07"
    data = envelope.compound([b"\x03\xff", nack, b"\x2a", nack])[:-1]
    found = DatagramReader(Directory()).read(data)
    assert [packet.seq for packet in found.packets] == [7]
    assert found.troubles == [
        "Failed to decode suspect message: msgpack: found 0xff; expected a map",
        "msg type (42) not supported",
        "Compound request had 1 truncated messages",
    ]


@given(st.floats(allow_nan=False))
def test_doubles_go_both_ways(number: float) -> None:
    assert double(number) == b"\xcb" + struct.pack(">d", number)
    assert struct.pack(">d", Reader(double(number)).double()) == struct.pack(">d", number)


@given(st.floats(width=32, allow_nan=False))
def test_short_floats_are_taken(number: float) -> None:
    assert Reader(b"\xca" + struct.pack(">f", number)).double() == number


@given(st.binary(max_size=20), st.integers(1, 65535))
def test_addresses_of_any_length_have_numbers(data: bytes, port: int) -> None:
    directory = Directory()
    number = directory.address_number(data, port)
    assert number >= 0
    assert directory.address_port(number) == port
    assert directory.address_bytes(number, len(data)) == data
    assert directory.address_number(data, port) == number


def test_simulated_addresses_keep_their_numbers() -> None:
    directory = Directory()
    for host in (0, 1, 255, 70_000):
        assert directory.address_number(directory.address_bytes(host, 4), 7946) == host


@given(st.integers(0, 2**32 - 1), st.integers(1, 65535))
def test_a_snapshots_text_of_an_address_has_its_number_again(host: int, port: int) -> None:
    number = Directory().address_number(host.to_bytes(4, "big"), port)
    text = ipv4_endpoint(number, port)
    assert text == f"{ipaddress.IPv4Address(host)}:{port}"
    assert address_of(text) == number
