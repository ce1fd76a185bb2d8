"""Lengths at which a header grows, and values that are passed over."""

from __future__ import annotations

import pytest

from serfsim.protocol.serf import application
from serfsim.protocol.wire import memberlist_fields, serf_fields
from serfsim.protocol.wire.envelope import compressed_if_shorter, lengths_end, wrap_compressed
from serfsim.protocol.wire.msgpack import string_size, text
from serfsim.protocol.wire.reader import Reader, WireError


@pytest.mark.parametrize("length", [0, 31, 32, 255, 256, 65535, 65536])
def test_a_text_is_as_long_as_reckoned_where_its_header_grows(length: int) -> None:
    assert len(text("x" * length)) == string_size(length)


@pytest.mark.parametrize("code", range(0xD4, 0xD9))
def test_extensions_of_every_length_are_passed_over(code: int) -> None:
    content = bytes(1 + (1 << (code - 0xD4)))
    reader = Reader(bytes([code]) + content + b"\x05")
    reader.skip()
    assert reader.byte() == 5


def test_what_compression_makes_no_shorter_is_sent_as_it_is() -> None:
    equal = 0
    for length in range(20, 200):
        for letters in range(1, 12):
            data = bytes(at * at % letters for at in range(length))
            equal += len(wrap_compressed(data)) == len(data)
            sent = compressed_if_shorter(data)
            assert sent == data or len(sent) < len(data)
    assert equal > 0


def test_an_old_receiver_looks_for_many_messages_where_one_byte_wraps() -> None:
    assert [lengths_end(count, True) for count in (1, 127, 128, 200)] == [2, 254, 0, 144]
    assert [lengths_end(count, False) for count in (1, 127, 128, 200)] == [2, 254, 256, 400]


def test_messages_have_the_type_bytes_of_memberlist_and_serf() -> None:
    memberlist = "PING INDIRECT_PING ACK SUSPECT ALIVE DEAD PUSH_PULL COMPOUND USER COMPRESS ENCRYPT NACK"
    memberlist += " HAS_CRC ERROR"
    serf = "LEAVE JOIN PUSH_PULL USER_EVENT QUERY QUERY_RESPONSE CONFLICT_RESPONSE KEY_REQUEST"
    serf += " KEY_RESPONSE RELAY"
    for module, names in ((memberlist_fields, memberlist), (serf_fields, serf)):
        assert [getattr(module, name) for name in names.split()] == list(range(len(names.split())))
    assert serf_fields.PING_VERSION == 1


def test_what_becomes_of_an_event_has_a_number_each() -> None:
    calls = (application.SENT, application.RECEIVED, application.DELIVERED, application.ACKED)
    assert len({*calls, application.ANSWERED, application.CLOSED}) == 6


def test_a_map_of_more_entries_than_bytes_are_left_is_refused_at_once() -> None:
    with pytest.raises(WireError, match="unexpected EOF"):
        Reader(b"\x00\x00\x84\xa1a\x01\xa1b\x02", 2).map_entries()
