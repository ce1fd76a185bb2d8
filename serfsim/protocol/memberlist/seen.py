"""Messages that a node need not look at again: a bit for each message of the ledger.

In a storm a node gets each message dozens of times. The bit of a message is set once the message can never
change this node's view again. All bits are cleared when that may no longer hold: a member is forgotten or
changes its address, or a buffered intent expires.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import extend, i32, i64, mypyc_attr, u8, vec
from serfsim.protocol.memberlist.ledger import COLUMN_BITS

# A window of the newest messages is kept: older ones hardly come any more, and are only looked at.
MOST_BYTES: Final = 1 << 15


@mypyc_attr(acyclic=True)
class Seen:
    def __init__(self) -> None:
        self._bits: vec[u8] = vec[u8]()
        self._first: i64 = 0  # the eighth part of the place in the ledger that the bits begin with

    def has(self, number: i64) -> bool:
        byte: i64 = (number >> COLUMN_BITS + 3) - self._first
        if byte < 0 or byte >= len(self._bits):
            return False
        return i64(self._bits[byte]) >> (number >> COLUMN_BITS & 7) & 1 != 0

    def last_news(self, numbers: vec[i32], first: i64, end: i64) -> i64:
        """Return the last of the places [first, end) whose message has no bit, or `first` - 1."""
        bits, begin = self._bits, self._first
        known: i64 = len(bits)
        at = end - 1
        while at >= first:
            place: i64 = i64(numbers[at]) >> COLUMN_BITS
            byte: i64 = (place >> 3) - begin
            if byte < 0 or byte >= known or i64(bits[byte]) >> (place & 7) & 1 == 0:
                return at
            at -= 1
        return at

    def add(self, number: i64) -> None:
        byte: i64 = (number >> COLUMN_BITS + 3) - self._first
        if byte < 0:
            return
        if byte >= len(self._bits):
            byte = self._make_room(byte)
        self._bits[byte] = u8(i64(self._bits[byte]) | 1 << (number >> COLUMN_BITS & 7))

    def _make_room(self, byte: i64) -> i64:
        """Have a place for a byte beyond the end; where it is then."""
        if byte >= MOST_BYTES:
            self._first += byte
            self._bits = vec[u8]([0] * 64)
            return 0
        known: i64 = len(self._bits)
        more: i64 = byte + 1 - known + byte // 2 + 64
        self._bits = extend(self._bits, vec[u8]([0] * more))
        return byte

    def clear(self) -> None:
        self._bits = vec[u8]()
        self._first = 0
