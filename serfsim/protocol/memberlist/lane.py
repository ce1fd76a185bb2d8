"""The broadcasts of one tier that are equally long: a heap of their places, the newest on top."""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, mypyc_attr, vec

PLACE_BITS: Final = 24
PLACE_MASK: Final = 0xFFFFFF


@mypyc_attr(acyclic=True)
class Lane:
    """`size` is the length of its messages, `transmits` how often each was sent.

    A key is a broadcast's number above the bits of its place.
    """

    def __init__(self, size: i64, transmits: i64) -> None:
        self.size: i64 = size
        self.transmits: i64 = transmits
        self.count: i64 = 0
        self.keys: vec[i64] = vec[i64]()

    def push(self, key: i64) -> None:
        i: i64 = self.count
        self.count += 1
        if i == len(self.keys):
            self.keys = append(self.keys, key)
        keys = self.keys
        while i > 0:
            parent: i64 = (i - 1) >> 1
            if keys[parent] > key:
                break
            keys[i] = keys[parent]
            i = parent
        keys[i] = key

    def pop(self) -> i64:
        """The key of the newest, which leaves. Only while `count` > 0."""
        keys = self.keys
        top = keys[0]
        self.count -= 1
        n: i64 = self.count
        key = keys[n]
        i: i64 = 0
        while True:
            child: i64 = 2 * i + 1
            if child >= n:
                break
            if child + 1 < n and keys[child + 1] > keys[child]:
                child += 1
            if keys[child] < key:
                break
            keys[i] = keys[child]
            i = child
        keys[i] = key
        return top

    def replace(self, key: i64) -> i64:
        """Put `key` where one of the same number is; that one, or -1 where there is none."""
        at = self._place_of(key >> PLACE_BITS)
        if at < 0:
            return -1
        replaced = self.keys[at]
        self.keys[at] = key
        return replaced

    def remove(self, number: i64) -> i64:
        """Take out the key of that number; it, or -1 where there is none."""
        at = self._place_of(number)
        if at < 0:
            return -1
        removed = self.keys[at]
        waiting = self.count
        kept: vec[i64] = self.keys[0:waiting]
        self.count = 0
        i: i64 = 0
        while i < waiting:
            if i != at:
                self.push(kept[i])
            i += 1
        return removed

    def _place_of(self, number: i64) -> i64:
        i: i64 = 0
        while i < self.count:
            if self.keys[i] >> PLACE_BITS == number:
                return i
            i += 1
        return -1


class Tier:
    """The lanes of all broadcasts that were sent equally often, the longest messages last."""

    def __init__(self, transmits: i64) -> None:
        self.transmits: i64 = transmits
        self.lanes: list[Lane] = []

    def lane(self, size: i64) -> Lane:
        """The lane for messages of this length, made where it is missing."""
        at: i64 = len(self.lanes)
        while at > 0:
            lane = self.lanes[at - 1]
            if lane.size == size:
                return lane
            if lane.size < size:
                break
            at -= 1
        made = Lane(size, self.transmits)
        self.lanes.insert(at, made)
        return made
