"""LZW as Go writes it: least significant bit first, 8-bit literals (spec wire.md section 4).

The table of known pairs (code, byte) is hashed. It is never emptied: each entry carries the stamp of
the filling that it belongs to, and a new stream or a clear code begins a new one.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, u8, vec

CLEAR: Final = 256
END: Final = 257
FIRST_WIDTH: Final = 9
FIRST_OVERFLOW: Final = 512
LAST_CODE: Final = 4095

SLOTS: Final = 16384
SLOT_MASK: Final = 16383
HASH: Final = 40503
# An entry: stamp, then 20 bits of pair, then 12 of code.
CODE_BITS: Final = 12
CODE_MASK: Final = 0xFFF
STAMP_SHIFT: Final = 32


class Encoder:
    """Keeps its memory from stream to stream; `out` holds the last one."""

    def __init__(self) -> None:
        self.out: vec[u8] = vec[u8]()
        self.length: i64 = 0
        self._table: vec[i64] = vec[i64]([0] * SLOTS)
        self._stamp: i64 = 0
        self._bits: i64 = 0
        self._count: i64 = 0
        self._width: i64 = FIRST_WIDTH
        self._high: i64 = END
        self._overflow: i64 = FIRST_OVERFLOW

    def encode(self, data: bytes) -> i64:
        """Write `data` as one stream into `out`; its bytes."""
        self.length = 0
        self._bits = 0
        self._count = 0
        self._restart()
        self._write(CLEAR)
        table = self._table
        n: i64 = len(data)
        code: i64 = data[0] if n > 0 else 0
        i: i64 = 1
        while i < n:
            byte = i64(data[i])
            i += 1
            pair = code << 8 | byte
            wanted = self._stamp << STAMP_SHIFT | pair << CODE_BITS
            slot = (pair * HASH >> 4) & SLOT_MASK
            while table[slot] >> STAMP_SHIFT == self._stamp and table[slot] & ~CODE_MASK != wanted:
                slot = (slot + 1) & SLOT_MASK
            if table[slot] & ~CODE_MASK == wanted:
                code = table[slot] & CODE_MASK
                continue
            self._write(code)
            code = byte
            if self._next_code():
                table[slot] = wanted | self._high
        if n > 0:
            self._write(code)
            self._next_code()
        self._write(END)
        if self._count > 0:
            self._put(self._bits & 255)
        return self.length

    def _restart(self) -> None:
        self._stamp += 1
        self._width = FIRST_WIDTH
        self._high = END
        self._overflow = FIRST_OVERFLOW

    def _next_code(self) -> bool:
        """Step on after a code was written; False if the table was full and is begun anew."""
        self._high += 1
        if self._high == self._overflow:
            self._width += 1
            self._overflow *= 2
        if self._high == LAST_CODE:
            self._write(CLEAR)
            self._restart()
            return False
        return True

    def _write(self, code: i64) -> None:
        self._bits |= code << self._count
        self._count += self._width
        while self._count >= 8:
            self._put(self._bits & 255)
            self._bits >>= 8
            self._count -= 8

    def _put(self, byte: i64) -> None:
        if self.length < len(self.out):
            self.out[self.length] = u8(byte)
        else:
            self.out = append(self.out, u8(byte))
        self.length += 1


def compress(data: bytes) -> bytes:
    """`data` as one LZW stream."""
    encoder = Encoder()
    length = encoder.encode(data)
    return bytes([int(byte) for byte in encoder.out[0:length]])
