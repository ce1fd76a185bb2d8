"""Sizes of messages after memberlist's compression.

The simulation carries objects; encoding and compressing each would cost far more than everything else. But
messages of one shape (so many alive messages behind a ping, so many members in a push/pull) shrink by nearly
the same ratio, since field names and common parts of names and addresses repeat. A shape is therefore encoded
and compressed at its 1st, 2nd, 4th, 8th ... use. In between its ratio is used: the mean of a datagram's, the
last of a push/pull's, since views and Lamport times change. So sizes follow the cluster's own names and tags:
push/pulls to 1 %, single datagrams to 4 %, their sum to 1.5 %.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.wire.lzw import LZW, Encoder
from serfsim.protocol.wire.memberlist_fields import COMPRESS_FIELDS
from serfsim.protocol.wire.msgpack import string_size, unsigned_size

TO_BE_MEASURED: Final = -1


def wrapped_size(length: i64) -> i64:
    """Bytes of a compress message around `length` compressed ones (spec wire.md section 4)."""
    return COMPRESS_FIELDS.size + unsigned_size(LZW) + string_size(length)


@mypyc_attr(acyclic=True)
class Shape:
    """Sizes of the messages of one shape that were really compressed."""

    def __init__(self) -> None:
        self.plain: i64 = 0
        self.packed: i64 = 0
        self.uses: i64 = 0
        self.next_measure: i64 = 1


@mypyc_attr(allow_interpreted_subclasses=True)
class WireSizes:
    """The shapes met so far, by a number that the caller makes up."""

    def __init__(self) -> None:
        self._shapes: dict[int, Shape] = {}
        # In a wave of gossip most datagrams are of the shape of the one before.
        self._last_key: i64 = -1
        self._last = Shape()
        self._encoder = Encoder()

    def reckon(self, key: i64, plain: i64) -> i64:
        """Return the compressed size of a message of this shape in `plain` bytes, or TO_BE_MEASURED."""
        if key != self._last_key:
            found = self._shapes.get(key)
            if found is None:
                found = Shape()
                self._shapes[key] = found
            self._last_key = key
            self._last = found
        shape = self._last
        shape.uses += 1
        if shape.uses == shape.next_measure:
            shape.next_measure *= 2
            return TO_BE_MEASURED
        return shape.packed * plain // shape.plain

    def measure(self, key: i64, data: bytes, is_steady: bool) -> i64:
        """Return the compressed size of an encoded message, and keep it for others of its shape.

        In a steady shape it counts along with those before, otherwise instead of them.
        """
        shape = self._shapes[key]
        packed = wrapped_size(self._encoder.encode(data))
        if not is_steady:
            shape.plain = 0
            shape.packed = 0
        shape.plain += len(data)
        shape.packed += packed
        return packed


def coarse(count: i64) -> i64:
    """Return a count below 64 for a shape's number: exact up to 4, then ever coarser."""
    if count <= 4:
        return count
    if count <= 12:
        return 4 + (count - 4) // 2
    if count <= 60:
        return 8 + (count - 12) // 4
    doublings: i64 = 0
    while count > 80:
        count = count * 4 // 5
        doublings += 1
    return 20 + doublings if doublings < 43 else 63
