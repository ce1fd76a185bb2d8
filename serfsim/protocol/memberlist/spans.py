"""Order of a broadcast queue: spans of places, in the order of sending.

Broadcasts of one length form a row (`rows`), each at a place. Those of a row that were sent equally often
are a lane, which is a few spans of places: broadcasts that are sent together move from lane to lane
together, so that most lanes have one or two spans, and a queue a dozen.

A span is two numbers: its lane's key, and places [a, b) as a << HALF | b. Keys rise with the number of
transmissions, then with shorter length. The broadcasts that are sent next come last: spans are in the order
of falling keys, and those of one key in that of rising places. The dead among them are skipped.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, extend, i32, i64, mypyc_attr, vec

HALF: Final = 32
LOW: Final = 0xFFFFFFFF

# A key: tier << TIER_SHIFT | (LONGEST - size) << ROW_BITS | the row's index.
ROW_BITS: Final = 16
ROW_MASK: Final = 0xFFFF
LONGEST: Final = 0xFFFFFF
TIER_SHIFT: Final = 40
NEXT_TIER: Final = 1 << TIER_SHIFT


@mypyc_attr(acyclic=True)
class Spans:
    """`end` numbers are in use, two a span."""

    def __init__(self) -> None:
        self.end: i64 = 0
        self.words: vec[i64] = vec[i64]()

    def add(self, key: i64, a: i64, b: i64) -> None:
        """Take in a span that no other overlaps; it becomes one with those of its lane beside it."""
        words = self.words
        end = self.end
        at = end
        while at > 0 and (words[at - 2] < key or (words[at - 2] == key and words[at - 1] >> HALF > a)):
            at -= 2
        joins_next = at < end and words[at] == key and words[at + 1] >> HALF == b
        if at > 0 and words[at - 2] == key and words[at - 1] & LOW == a:
            a = words[at - 1] >> HALF
            if joins_next:
                b = words[at + 1] & LOW
                self._drop(at)
            words[at - 1] = a << HALF | b
            return
        if joins_next:
            words[at + 1] = a << HALF | words[at + 1] & LOW
            return
        if end == len(words):
            words = append(append(words, 0), 0)
            self.words = words
        while end > at:
            end -= 2
            words[end + 2] = words[end]
            words[end + 3] = words[end + 1]
        words[at] = key
        words[at + 1] = a << HALF | b
        self.end += 2

    def _drop(self, at: i64) -> None:
        words = self.words
        self.end -= 2
        while at < self.end:
            words[at] = words[at + 2]
            words[at + 1] = words[at + 3]
            at += 2

    def add_all(self, added: vec[i64], count: i64) -> i64:
        """Take in `count` numbers of spans, in the order of sending; where the first of them is now.

        None overlaps another. `close_up` then joins neighbours.
        """
        if self.end + count > len(self.words):
            self.words = extend(self.words, vec[i64]([0] * (self.end + count)))
        words = self.words
        old = self.end
        at = old + count
        self.end = at
        new: i64 = 0
        while new < count:
            key, span = added[new], added[new + 1]
            at -= 2
            if old > 0 and (words[old - 2] < key or (words[old - 2] == key and words[old - 1] > span)):
                old -= 2
                words[at] = words[old]
                words[at + 1] = words[old + 1]
            else:
                words[at] = key
                words[at + 1] = span
                new += 2
        return at

    def make_way(self, row: i64, place: i64) -> None:
        """Make room for a broadcast without a lane: places from there on move up by one."""
        at = self.end
        while at > 0:
            at -= 2
            key = self.words[at]
            if key & ROW_MASK != row:
                continue
            a: i64 = self.words[at + 1] >> HALF
            b: i64 = self.words[at + 1] & LOW
            if a >= place:
                self.words[at + 1] = (a + 1) << HALF | (b + 1)
            elif b > place:
                self.words[at + 1] = a << HALF | place
                self.add(key, place + 1, b + 1)

    def move(self, row: i64, moved_to: vec[i32]) -> None:
        """Renumber the places of a row; the dead have none."""
        words = self.words
        at: i64 = 0
        while at < self.end:
            if words[at] & ROW_MASK == row:
                span = words[at + 1]
                words[at + 1] = i64(moved_to[span >> HALF]) << HALF | i64(moved_to[span & LOW])
            at += 2
        self.close_up(0)

    def close_up(self, first: i64) -> None:
        """From the number `first` on, give up empty spans and join neighbours."""
        words = self.words
        kept = first
        at = first
        while at < self.end:
            key, span = words[at], words[at + 1]
            at += 2
            if span >> HALF == span & LOW:
                continue
            if kept > 0 and words[kept - 2] == key and words[kept - 1] & LOW == span >> HALF:
                words[kept - 1] = words[kept - 1] >> HALF << HALF | span & LOW
                continue
            words[kept] = key
            words[kept + 1] = span
            kept += 2
        self.end = kept
