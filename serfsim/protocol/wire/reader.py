"""Reading msgpack as tolerantly as the real decoders do (spec wire.md section 1).

Any integer form is taken, strings and bytes in any of their three forms, and nil for anything, which
leaves the zero value. What is asked for is checked against what is there before memory is taken, so
that hostile lengths and counts cost nothing; nothing here calls itself, so that no depth does.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i64

NIL: Final = 0xC0
# Lamport times are 64 bits on the wire; beyond this a clock that goes on from one would overflow.
LARGEST_LTIME: Final = (1 << 62) - 1
LARGEST_U32: Final = 0xFFFFFFFF

# Descriptors whose value is a number of bytes that follow at once: the first code, and how many codes.
FIXED_LENGTHS: Final = b"\x01\x02\x04\x08\x01\x02\x04\x08"  # cc .. d3
EXTENSIONS: Final = b"\x02\x03\x05\x09\x11"  # d4 .. d8, type byte included


class WireError(Exception):
    """Unreadable input. The text is the real library's where it has one."""


class Reader:
    """Reads `data` from `at` on, to `end` at most; every method raises WireError."""

    def __init__(self, data: bytes, at: i64 = 0, end: i64 = -1) -> None:
        self.data = data
        self.at: i64 = at
        self.end: i64 = len(data) if end < 0 else end
        self.saw_signed = False  # an integer written as signed, until somebody forgets it

    def left(self) -> i64:
        return self.end - self.at

    def peek(self) -> i64:
        """Return the next byte without consuming it."""
        if self.at >= self.end:
            raise WireError("unexpected EOF")
        return i64(self.data[self.at])

    def byte(self) -> i64:
        value = self.peek()
        self.at += 1
        return value

    def take(self, length: i64) -> bytes:
        """Return the next `length` bytes."""
        if length > self.end - self.at:
            raise WireError("unexpected EOF")
        start = self.at
        self.at += length
        return self.data[start : start + length]

    def passes(self, data: bytes) -> bool:
        """Pass over `data` if that is what comes next."""
        end = self.at + len(data)
        if end > self.end or self.data[self.at : end] != data:
            return False
        self.at = end
        return True

    def big_endian(self, length: i64) -> int:
        """Return an unsigned number of `length` bytes, up to 8."""
        value = 0
        for byte in self.take(length):
            value = value << 8 | byte
        return value

    def _refuse(self, code: i64, wanted: str) -> WireError:
        return WireError(f"msgpack: found {hex(code)}; expected {wanted}")

    # Numbers -------------------------------------------------------------------------------------

    def integer(self) -> int:
        """Any integer form."""
        code = self.byte()
        if code < 0x80:
            return int(code)
        if code >= 0xE0:
            return int(code) - 256
        if code == NIL:
            return 0
        if 0xCC <= code <= 0xCF:
            return self.big_endian(i64(1) << (code - 0xCC))
        if 0xD0 <= code <= 0xD3:
            self.saw_signed = True
            length: i64 = i64(1) << (code - 0xD0)
            value = self.big_endian(length)
            bits = int(8 * length)
            return value - (1 << bits) if value >> (bits - 1) else value
        raise self._refuse(code, "an integer")

    def unsigned(self, largest: int = LARGEST_U32) -> i64:
        """Return an integer from 0 to `largest`, which is below 2 ** 63."""
        value = self.integer()
        if value < 0 or value > largest:
            raise WireError(f"msgpack: found {value}; expected 0 to {largest}")
        return i64(value)

    def ltime(self) -> i64:
        return self.unsigned(LARGEST_LTIME)

    def boolean(self) -> bool:
        code = self.byte()
        if code == 0xC3:
            return True
        if code == 0xC2 or code == NIL:
            return False
        raise self._refuse(code, "a boolean")

    def double(self) -> float:
        """Return a float of either size, or an integer."""
        code = self.peek()
        if code == 0xCB:
            self.at += 1
            return ieee(self.big_endian(8), 11, 52)
        if code == 0xCA:
            self.at += 1
            return ieee(self.big_endian(4), 8, 23)
        return float(self.integer())

    # Strings and bytes ---------------------------------------------------------------------------

    def raw(self) -> bytes:
        """Bytes, in the form of raw, str or bin; nil is none."""
        code = self.byte()
        if 0xA0 <= code <= 0xBF:
            return self.take(code & 31)
        if 0xD9 <= code <= 0xDB:
            return self.take(i64(self.big_endian(i64(1) << (code - 0xD9))))
        if 0xC4 <= code <= 0xC6:
            return self.take(i64(self.big_endian(i64(1) << (code - 0xC4))))
        if code == NIL:
            return b""
        raise self._refuse(code, "a string or bytes")

    def text(self) -> str:
        """Return raw bytes as text, which must be UTF-8; the real decoders accept any encoding."""
        data = self.raw()
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise WireError("found text that is not UTF-8") from None

    # Maps and arrays -----------------------------------------------------------------------------

    def map_entries(self) -> i64:
        """Return the number of key-value pairs that follow."""
        return self._entries(0x80, 0xDE, 2, "a map")

    def array_entries(self) -> i64:
        return self._entries(0x90, 0xDC, 1, "an array")

    def _entries(self, short: i64, long: i64, least: i64, wanted: str) -> i64:
        code = self.byte()
        entries: i64 = 0
        if code & 0xF0 == short:
            entries = code & 15
        elif code == long or code == long + 1:
            entries = i64(self.big_endian(2 if code == long else 4))
        elif code != NIL:
            raise self._refuse(code, wanted)
        if entries * least > self.end - self.at:
            raise WireError("unexpected EOF")
        return entries

    def skip(self) -> None:
        """Pass over one value with all that is in it."""
        values: i64 = 1
        while values > 0:
            values -= 1
            code = self.peek()
            if 0x80 <= code <= 0x8F or code == 0xDE or code == 0xDF:
                values += 2 * self.map_entries()
            elif 0x90 <= code <= 0x9F or code == 0xDC or code == 0xDD:
                values += self.array_entries()
            elif 0xA0 <= code <= 0xBF or 0xC4 <= code <= 0xC6 or 0xD9 <= code <= 0xDB:
                self.raw()
            else:
                self.at += 1
                self._skip_fixed(code)

    def _skip_fixed(self, code: i64) -> None:
        if code == 0xCA or code == 0xCB:
            self.take(4 if code == 0xCA else 8)
        elif 0xCC <= code <= 0xD3:
            self.take(i64(FIXED_LENGTHS[code - 0xCC]))
        elif 0xD4 <= code <= 0xD8:
            self.take(i64(EXTENSIONS[code - 0xD4]))
        elif 0xC7 <= code <= 0xC9:
            self.take(i64(self.big_endian(i64(1) << (code - 0xC7))) + 1)
        elif code == 0xC1:
            raise self._refuse(code, "a value")


def ieee(bits: int, exponent_bits: int, fraction_bits: int) -> float:
    """Return the number that an IEEE float's bits represent."""
    fraction = bits & ((1 << fraction_bits) - 1)
    exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    bias = (1 << (exponent_bits - 1)) - 1
    if exponent == (1 << exponent_bits) - 1:
        value = math.nan if fraction else math.inf
    elif exponent == 0:
        value = math.ldexp(float(fraction), 1 - bias - fraction_bits)
    else:
        value = math.ldexp(float(fraction | 1 << fraction_bits), exponent - bias - fraction_bits)
    return -value if bits >> (exponent_bits + fraction_bits) else value
