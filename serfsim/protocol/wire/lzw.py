"""LZW as Go writes it: least significant bit first, 8-bit literals (spec wire.md section 4).

The table of known pairs (code, byte) is hashed. It is never emptied: each entry carries the stamp of
the filling that it belongs to, and a new stream or a clear code begins a new one.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i32, i64, vec

LZW: Final = 0  # its number in compress messages

CLEAR: Final = 256
END: Final = 257
FIRST_WIDTH: Final = 9
FIRST_OVERFLOW: Final = 512
LAST_CODE: Final = 4095

SLOTS: Final = 16384
SLOT_MASK: Final = 16383
HASH: Final = 40503
NO_BYTE: Final = 256
# An entry: stamp, then 21 bits of pair, then 12 of code.
CODE_BITS: Final = 12
CODE_MASK: Final = 0xFFF
STAMP_SHIFT: Final = 33


class Encoder:
    """Keeps its memory from stream to stream."""

    def __init__(self) -> None:
        self._table: vec[i64] = vec[i64]([0] * SLOTS)
        self._stamp: i64 = 0
        self._codes: vec[i32] = vec[i32]()  # of the last stream: a code below its width in bits
        self._count: i64 = 0

    def encode(self, data: bytes) -> i64:
        """Divide `data` into the codes of one stream; the bytes it takes."""
        n: i64 = len(data)
        if 2 * n + 3 > len(self._codes):
            self._codes = vec[i32]([0] * (4 * n + 64))
        table, codes = self._table, self._codes
        self._stamp += 1
        stamp: i64 = self._stamp << STAMP_SHIFT
        width: i64 = FIRST_WIDTH
        high: i64 = END
        overflow: i64 = FIRST_OVERFLOW
        codes[0] = i32(width << CODE_BITS | CLEAR)
        count: i64 = 1
        bits: i64 = width
        code: i64 = data[0] if n > 0 else 0
        i: i64 = 1
        while i <= n:
            # Behind the last byte stands one that no table has.
            byte: i64 = data[i] if i < n else NO_BYTE
            i += 1
            pair = code << 9 | byte
            wanted = stamp | pair << CODE_BITS
            slot = (pair * HASH >> 4) & SLOT_MASK
            entry = table[slot]
            while entry >= stamp and entry & ~CODE_MASK != wanted:
                slot = slot + 1 & SLOT_MASK
                entry = table[slot]
            if entry & ~CODE_MASK == wanted:
                code = entry & CODE_MASK
                continue
            codes[count] = i32(width << CODE_BITS | code)
            count += 1
            bits += width
            code = byte
            high += 1
            if high == overflow:
                width += 1
                overflow *= 2
            if high < LAST_CODE:
                table[slot] = wanted | high
                continue
            codes[count] = i32(width << CODE_BITS | CLEAR)
            count += 1
            bits += width
            self._stamp += 1
            stamp = self._stamp << STAMP_SHIFT
            width = FIRST_WIDTH
            high = END
            overflow = FIRST_OVERFLOW
        codes[count] = i32(width << CODE_BITS | END)
        self._count = count + 1
        return (bits + width + 7) // 8

    def written(self) -> bytes:
        """Return the last stream."""
        out = bytearray()
        bits: i64 = 0
        waiting: i64 = 0
        at: i64 = 0
        while at < self._count:
            code = i64(self._codes[at])
            at += 1
            bits |= (code & CODE_MASK) << waiting
            waiting += code >> CODE_BITS
            while waiting >= 8:
                out.append(int(bits & 255))
                bits >>= 8
                waiting -= 8
        if waiting > 0:
            out.append(int(bits & 255))
        return bytes(out)


def compress(data: bytes) -> bytes:
    """Compress `data` to one LZW stream."""
    encoder = Encoder()
    encoder.encode(data)
    return encoder.written()
