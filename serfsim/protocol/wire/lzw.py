"""LZW as Go writes it: least significant bit first, 8-bit literals (spec wire.md section 4)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64

CLEAR: Final = 256
END: Final = 257
FIRST_WIDTH: Final = 9
FIRST_OVERFLOW: Final = 512
LAST_CODE: Final = 4095


class BitWriter:
    def __init__(self) -> None:
        self.out = bytearray()
        self._bits: i64 = 0
        self._count: i64 = 0

    def write(self, code: i64, width: i64) -> None:
        self._bits |= code << self._count
        self._count += width
        while self._count >= 8:
            self.out.append(int(self._bits & 255))
            self._bits >>= 8
            self._count -= 8

    def close(self) -> bytes:
        if self._count > 0:
            self.out.append(int(self._bits & 255))
        return bytes(self.out)


def compress(data: bytes) -> bytes:
    """`data` as one LZW stream."""
    writer = BitWriter()
    table: dict[int, int] = {}
    high: i64 = END
    overflow: i64 = FIRST_OVERFLOW
    width: i64 = FIRST_WIDTH
    writer.write(CLEAR, width)
    code: i64 = -1
    for byte in data:
        if code < 0:
            code = byte
            continue
        pair: i64 = code << 8 | byte
        known = table.get(pair)
        if known is not None:
            code = known
            continue
        writer.write(code, width)
        code = byte
        high += 1
        if high == overflow:
            width += 1
            overflow *= 2
        if high == LAST_CODE:
            writer.write(CLEAR, width)
            width = FIRST_WIDTH
            high = END
            overflow = FIRST_OVERFLOW
            table.clear()
        else:
            table[pair] = high
    if code >= 0:
        writer.write(code, width)
        high += 1
        if high == overflow:
            width += 1
        if high == LAST_CODE:
            writer.write(CLEAR, width)
            width = FIRST_WIDTH
    writer.write(END, width)
    return writer.close()
