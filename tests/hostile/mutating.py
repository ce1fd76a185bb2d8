"""Changes of real input: bytes put in, taken out, repeated and mixed, and values that break readers."""

from __future__ import annotations

import random

TOKENS = (
    b"\x00",
    b"\xff" * 4,
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",  # msgpack: an array of four thousand million
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 40,
    b"\xcf" + b"\xff" * 8,
    b"\xd3\x80" + b"\x00" * 7,
    b"\xcb\x7f\xf8" + b"\x00" * 6,
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b"nan",
    b"inf",
    b"1ns",
    b"1000000000",
    b"!!int 'x'",
    b"!!python/object/apply:os.system [true]",
    b"&a [*a]",
    b"*a",
    b"<<: *a",
    b"[" * 60,
    b"{" * 60,
    b"../../etc/passwd",
    b"/dev/zero",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x1b[2J",
    b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>",
    b"&a;&a;&a;",
    b"\n",
    b"\t",
    b",",
    b": ",
    b"- ",
    b"#",
    b"'",
    b'"',
)


PRINTABLE = [token for token in TOKENS if token.isascii() and token.decode("ascii").isprintable()]
TEXTS = (*PRINTABLE, b"\n", b"\t")
LETTERS = bytes(range(32, 127)) + b"\n\t"


def noise(length: int, is_text: bool, rng: random.Random) -> bytes:
    return bytes(rng.choices(LETTERS, k=length)) if is_text else rng.randbytes(length)


def mutated(data: bytes, others: list[bytes], rng: random.Random, is_text: bool = False) -> bytes:
    """Return `data` after one to five changes; `others` lend parts.

    `is_text`: most changes of text leave it text, so that they get past the decoding.
    """
    is_text = is_text and rng.random() < 0.95
    tokens = TEXTS if is_text else TOKENS
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        at = rng.randrange(len(made) + 1)
        length = min(rng.choice((1, 1, 2, 4, 8, 32, 200)), len(made) - at)
        kind = rng.randrange(9)
        if kind == 0 and at < len(made):
            made[at : at + 1] = noise(1, is_text, rng)
        elif kind == 1 and at < len(made):
            made[at] ^= 1 << rng.randrange(4 if is_text else 8)
        elif kind == 2:
            del made[at : at + length]
        elif kind == 3:
            made[at:at] = made[at : at + length] * rng.choice((1, 2, 3, 50))
        elif kind == 4:
            made[at:at] = rng.choice(tokens)
        elif kind == 5:
            made[at : at + length] = rng.choice(tokens)
        elif kind == 6:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            made[at : at + length] = other[start : start + rng.choice((1, 4, 20, 100))]
        elif kind == 7:
            del made[at:]
        else:
            made[at : at + length] = noise(length, is_text, rng)
    return bytes(made)
