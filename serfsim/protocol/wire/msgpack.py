"""The msgpack forms that memberlist and Serf write (spec wire.md section 1)."""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i64

# Each byte by its number: a number is written often.
BYTES: Final = [bytes([number]) for number in range(256)]
NIL_VALUE: Final = b"\xc0"


def two_bytes(value: int) -> bytes:
    """Encode a number below 65536, big-endian."""
    return BYTES[value >> 8] + BYTES[value & 255]


def unsigned(value: int) -> bytes:
    if value < 128:
        return BYTES[value]
    if value < 256:
        return b"\xcc" + BYTES[value]
    if value < 65536:
        return b"\xcd" + two_bytes(value)
    if value < 4294967296:
        return b"\xce" + value.to_bytes(4, "big")
    return b"\xcf" + value.to_bytes(8, "big")


def integer(value: int, is_signed: bool) -> bytes:
    """Encode a non-negative number of a signed type, as Serf before 0.10.2 or since writes it."""
    if not is_signed or value < 128:
        return unsigned(value)
    if value < 32768:
        return b"\xd1" + two_bytes(value)
    if value < 2147483648:
        return b"\xd2" + value.to_bytes(4, "big")
    return b"\xd3" + value.to_bytes(8, "big")


def raw(data: bytes) -> bytes:
    """Encode a string or byte slice."""
    length = len(data)
    if length <= 31:
        return BYTES[0xA0 + length] + data
    if length <= 65535:
        return b"\xda" + two_bytes(length) + data
    return b"\xdb" + length.to_bytes(4, "big") + data


def raw_or_nil(data: bytes) -> bytes:
    """Encode a byte slice; an empty one is nil, as an absent payload is."""
    return raw(data) if len(data) > 0 else NIL_VALUE


def text(value: str) -> bytes:
    return raw(value.encode())


def boolean(value: bool) -> bytes:
    return b"\xc3" if value else b"\xc2"


def map_header(entries: int) -> bytes:
    if entries < 16:
        return BYTES[0x80 + entries]
    if entries < 65536:
        return b"\xde" + two_bytes(entries)
    return b"\xdf" + entries.to_bytes(4, "big")


def array_header(entries: int) -> bytes:
    if entries < 16:
        return BYTES[0x90 + entries]
    if entries < 65536:
        return b"\xdc" + two_bytes(entries)
    return b"\xdd" + entries.to_bytes(4, "big")


def double(value: float) -> bytes:
    """Encode an IEEE double."""
    mantissa, exponent = math.frexp(abs(value))
    if value != value:
        bits = 0x7FF8000000000001
    elif mantissa == math.inf:
        bits = 0x7FF0000000000000
    elif mantissa == 0.0:
        bits = 0
    elif exponent < -1021:
        # Too small for a normal number: a multiple of 2 ** -1074.
        bits = int(math.ldexp(mantissa, exponent + 1074))
    else:
        bits = int(mantissa * 9007199254740992.0) - 4503599627370496
        bits += (exponent + 1022) << 52
    if math.copysign(1.0, value) < 0.0:
        bits += 1 << 63
    return b"\xcb" + bits.to_bytes(8, "big")


# Sizes -------------------------------------------------------------------------------------------


def string_size(length: i64) -> i64:
    """Bytes that msgpack needs for a string or byte slice of `length` (spec wire.md section 5, S)."""
    if length <= 31:
        return length + 1
    if length <= 65535:
        return length + 3
    return length + 5


def unsigned_size(value: i64) -> i64:
    """Bytes that msgpack needs for an unsigned integer (spec wire.md section 5, U)."""
    if value < 128:
        return 1
    if value < 256:
        return 2
    if value < 65536:
        return 3
    if value < 4294967296:
        return 5
    return 9


def integer_size(value: i64, is_signed: bool) -> i64:
    """Return the size of a signed integer, which Serf 0.10.2 and later write as such."""
    if not is_signed or value < 128:
        return unsigned_size(value)
    if value < 32768:
        return 3
    return 5 if value < 2147483648 else 9


def header_size(entries: i64) -> i64:
    """Bytes that msgpack needs before the entries of a map or array."""
    if entries <= 15:
        return 1
    return 3 if entries <= 65535 else 5


def filler(length: i64, seed: i64) -> bytes:
    """Bytes that no compression shortens, for a content that is not known."""
    data = bytearray()
    state: i64 = (seed * 2654435761 + 12345) & 0x7FFFFFFF
    while len(data) < length:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        data.append(int((state >> 16) & 255))
    return bytes(data)
