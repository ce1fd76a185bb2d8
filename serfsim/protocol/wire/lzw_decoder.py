"""Undoing `lzw`: codes back to bytes (spec wire.md section 4, read backwards).

A code stands for the bytes of an earlier one and one more, so each is kept as (prefix, last byte) and
written back to front. The code that the encoder has only just made may come before the decoder knows
it: then it is the last one with its own first byte behind it.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i32, i64, u8, vec
from serfsim.protocol.wire.lzw import CLEAR, END, FIRST_OVERFLOW, FIRST_WIDTH
from serfsim.protocol.wire.reader import WireError

CODES: Final = 4096
LARGEST_WIDTH: Final = 12
NONE: Final = -1


class Decoder:
    """One stream; `out` is what has been read of it."""

    def __init__(self, limit: i64) -> None:
        self.limit: i64 = limit
        self.out = bytearray()
        self._prefix: vec[i32] = vec[i32]([0] * CODES)
        self._suffix: vec[u8] = vec[u8]([0] * CODES)
        self._width: i64 = FIRST_WIDTH
        self._high: i64 = END
        self._overflow: i64 = FIRST_OVERFLOW
        self._last: i64 = NONE

    def decode(self, data: bytes) -> None:
        """Read a whole stream; what lies behind its end is not looked at. Raises WireError."""
        bits: i64 = 0
        count: i64 = 0
        for byte in data:
            bits |= i64(byte) << count
            count += 8
            while count >= self._width:
                code = bits & ((i64(1) << self._width) - 1)
                bits >>= self._width
                count -= self._width
                if code == END:
                    return
                self._take(code)
        raise WireError("unexpected EOF")

    def _take(self, code: i64) -> None:
        if code == CLEAR:
            self._width = FIRST_WIDTH
            self._high = END
            self._overflow = FIRST_OVERFLOW
            self._last = NONE
            return
        if code > self._high:
            raise WireError("lzw: invalid code")
        first = self._write(code)
        if self._last != NONE:
            self._prefix[self._high] = i32(self._last)
            self._suffix[self._high] = u8(first)
        self._last = code
        self._high += 1
        if self._high >= self._overflow:
            if self._width == LARGEST_WIDTH:
                # The table is full: codes go on, but no more are made.
                self._last = NONE
                self._high -= 1
            else:
                self._width += 1
                self._overflow *= 2

    def _write(self, code: i64) -> i64:
        """Append what a code stands for; its first byte."""
        reversed_bytes = bytearray()
        at = code
        is_new = code == self._high and self._last != NONE
        if is_new:
            at = self._last
        while at > END:
            reversed_bytes.append(int(self._suffix[at]))
            at = i64(self._prefix[at])
        reversed_bytes.append(int(at))
        reversed_bytes.reverse()
        if is_new:
            reversed_bytes.append(int(at))
        if len(self.out) + len(reversed_bytes) > self.limit:
            raise WireError(f"Decompressed payload is larger than limit ({self.limit})")
        self.out += reversed_bytes
        return at


def decompress(data: bytes, limit: i64) -> bytes:
    """Decompress one LZW stream to at most `limit` bytes. Raise WireError."""
    decoder = Decoder(limit)
    decoder.decode(data)
    return bytes(decoder.out)
