"""LZW gives the library's bytes (spec wire.md section 4)."""

from __future__ import annotations

import random

import pytest

from serfsim.protocol.wire.lzw import Encoder, compress
from serfsim.protocol.wire.sizes import wrapped_size
from tests.vectors_of import vectors
from tests.wire import encoder as reference


@pytest.mark.parametrize("case", vectors("lzw")["cases"], ids=lambda case: case["desc"])
def test_compressed_bytes_are_the_librarys(case: dict) -> None:  # type: ignore[type-arg]
    data = bytes.fromhex(case["input_hex"])
    assert compress(data).hex() == case["lzw_hex"]
    assert reference.lzw(data).hex() == case["lzw_hex"]
    assert reference.compress(data).hex() == case["compress_msg_hex"]
    assert wrapped_size(case["lzw_len"]) == case["compress_msg_len"]


def test_two_writings_of_the_text_agree_around_each_change_of_width_and_each_clear() -> None:
    dice = random.Random(4)
    noise = bytes(dice.randrange(256) for _ in range(9000))
    for length in [*range(250, 262), *range(764, 772), *range(1788, 1796), *range(3834, 3850), 7683, 9000]:
        assert compress(noise[:length]) == reference.lzw(noise[:length]), length


def test_an_encoder_forgets_one_stream_before_the_next() -> None:
    dice = random.Random(5)
    encoder = Encoder()
    for length in (5000, 3, 0, 700, 9000, 40):
        data = bytes(dice.choice(b"abcdefgh") for _ in range(length))
        size = encoder.encode(data)
        assert encoder.written() == reference.lzw(data)
        assert size == len(encoder.written())
