"""Objects out of bytes: whatever a client sends is an object, waited for, or refused."""

from __future__ import annotations

import random

import msgpack
import pytest

from serfsim.live.rpc.messages import DEEPEST, LARGEST_FRAME, NOTHING, BadFrame, Frames


def nested(levels: int) -> bytes:
    return b"\x91" * levels + b"\x01"


def test_objects_come_whole_however_they_are_cut() -> None:
    objects = [{"Command": "members", "Seq": 7}, {"Name": "é", "Payload": b"\x00\xff"}, None, [1, -1]]
    data = b"".join(msgpack.packb(one) for one in objects)
    for size in (1, 2, 7, len(data)):
        frames, found = Frames(), []
        for at in range(0, len(data), size):
            frames.feed(data[at : at + size])
            while (one := frames.next()) is not NOTHING:
                found.append(one)
        assert found == objects


def test_what_is_larger_than_allowed_is_refused_before_it_is_whole() -> None:
    frames = Frames()
    frames.feed(b"\xc6" + (LARGEST_FRAME + 1).to_bytes(4, "big"))
    fed = 5
    while fed + 1000 <= LARGEST_FRAME:
        assert frames.next() is NOTHING
        frames.feed(bytes(1000))
        fed += 1000
    with pytest.raises(BadFrame):
        frames.feed(bytes(1000))


def test_a_list_of_lists_without_end_is_refused_too() -> None:
    frames = Frames()
    frames.feed(b"\xdc\x0f\xff")
    fed = 3
    while fed + 4096 <= LARGEST_FRAME:
        frames.feed(b"\xdc\x0f\xfd" + b"\xc0" * 4093)
        assert frames.next() is NOTHING
        fed += 4096
    with pytest.raises(BadFrame):
        frames.feed(bytes(4096))


def test_many_small_objects_are_not_one_large_one() -> None:
    frames = Frames()
    for _ in range(3 * LARGEST_FRAME // 1000):
        frames.feed(msgpack.packb(bytes(997)))
        assert frames.next() == bytes(997)
        assert frames.next() is NOTHING


@pytest.mark.parametrize("head", [b"\xdd", b"\xdf"], ids=["array", "map"])
def test_an_announced_length_reserves_nothing(head: bytes) -> None:
    frames = Frames()
    frames.feed(head + b"\xff\xff\xff\xff" + b"\xc0")
    with pytest.raises(BadFrame):
        frames.next()


@pytest.mark.parametrize("levels", [DEEPEST + 1, 900, 100_000])
def test_what_is_nested_too_deep_is_refused(levels: int) -> None:
    frames = Frames()
    frames.feed(nested(levels))
    with pytest.raises(BadFrame):
        frames.next()


def test_what_is_nested_as_deep_as_allowed_is_taken() -> None:
    frames = Frames()
    frames.feed(nested(DEEPEST - 1))
    assert frames.next() is not NOTHING


@pytest.mark.parametrize(
    "data", [b"\xc1", b"\x81\x90\x01", b"\x81\x80\x01"], ids=["never used", "list", "map"]
)
def test_what_is_no_msgpack_and_keys_that_are_no_keys_are_refused(data: bytes) -> None:
    frames = Frames()
    frames.feed(data)
    with pytest.raises(BadFrame):
        frames.next()


def test_strings_that_are_no_text_are_read_all_the_same() -> None:
    frames = Frames()
    frames.feed(b"\xa2\xff\x41")
    assert frames.next() == "\ufffdA"


def test_random_bytes_do_nothing_but_be_refused() -> None:
    rng = random.Random(5)
    for _ in range(3000):
        frames = Frames()
        try:
            frames.feed(rng.randbytes(rng.randrange(1, 60)))
            while frames.next() is not NOTHING:
                pass
        except BadFrame:
            pass
