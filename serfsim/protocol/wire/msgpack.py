"""The msgpack forms that memberlist and Serf write (spec wire.md section 1)."""

from __future__ import annotations

import math

from serfsim.native import i64


def unsigned(value: int) -> bytes:
    if value < 128:
        return value.to_bytes(1, "big")
    if value < 256:
        return b"\xcc" + value.to_bytes(1, "big")
    if value < 65536:
        return b"\xcd" + value.to_bytes(2, "big")
    if value < 4294967296:
        return b"\xce" + value.to_bytes(4, "big")
    return b"\xcf" + value.to_bytes(8, "big")


def raw(data: bytes) -> bytes:
    """A string or byte slice."""
    length = len(data)
    if length <= 31:
        return (0xA0 + length).to_bytes(1, "big") + data
    if length <= 65535:
        return b"\xda" + length.to_bytes(2, "big") + data
    return b"\xdb" + length.to_bytes(4, "big") + data


def text(value: str) -> bytes:
    return raw(value.encode())


def boolean(value: bool) -> bytes:
    return b"\xc3" if value else b"\xc2"


def map_header(entries: int) -> bytes:
    if entries < 16:
        return (0x80 + entries).to_bytes(1, "big")
    return b"\xde" + entries.to_bytes(2, "big")


def array_header(entries: int) -> bytes:
    if entries < 16:
        return (0x90 + entries).to_bytes(1, "big")
    return b"\xdc" + entries.to_bytes(2, "big")


def double(value: float) -> bytes:
    """An IEEE double; what is too small to be a normal number is written as zero."""
    mantissa, exponent = math.frexp(abs(value))
    if mantissa == 0.0 or exponent < -1021:
        return b"\xcb\x00\x00\x00\x00\x00\x00\x00\x00"
    bits = int(mantissa * 9007199254740992.0) - 4503599627370496
    bits += (exponent + 1022) << 52
    if value < 0.0:
        bits += 1 << 63
    return b"\xcb" + bits.to_bytes(8, "big")


def filler(length: i64, seed: i64) -> bytes:
    """Bytes that no compression shortens, for a content that is not known."""
    data = bytearray()
    state: i64 = (seed * 2654435761 + 12345) & 0x7FFFFFFF
    while len(data) < length:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        data.append(int((state >> 16) & 255))
    return bytes(data)
