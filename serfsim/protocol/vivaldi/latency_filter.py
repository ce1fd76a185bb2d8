"""The last few round-trip times to every peer, and their median (spec coordinate.md section 3, step 1).

In a cluster of 5000 a node may hold samples of thousands of peers, so they lie packed in one table
with open addressing: peer number `p` is in the first free slot from `p` modulo the capacity on. The
table is at most three quarters full; growing and forgetting lay it out anew.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, vec

EMPTY: Final = -1.0  # where a peer's number would be
NOBODY: Final = -1
ABSENT: Final = -1.0  # no round trip takes less than no time
FIRST_CAPACITY: Final = 8  # capacities are powers of two


class LatencyFilter:
    """`size` samples a peer; the newest push out the oldest."""

    def __init__(self, size: i64) -> None:
        self.size: i64 = size
        self.count: i64 = 0
        self._capacity: i64 = 0
        # A slot: the peer's number, then `size` samples, oldest first, ABSENT after the last.
        self._width: i64 = size + 1
        self._table: vec[float] = vec[float]()

    def median(self, peer: i64, rtt: float) -> float:
        """Add a sample in seconds; the median of the peer's samples, of an even number the upper one."""
        slot = self._slot(peer)
        if slot < 0 or self._table[slot * self._width] == EMPTY:
            if (self.count + 1) * 4 > self._capacity * 3:
                self._lay_out(max(2 * self._capacity, FIRST_CAPACITY), NOBODY)
                slot = self._slot(peer)
            self._table[slot * self._width] = float(peer)
            self.count += 1
        start = slot * self._width + 1
        return self._middle(start, self._add(start, rtt))

    def forget(self, peer: i64) -> None:
        """Drop the samples of a peer, if there are any."""
        slot = self._slot(peer)
        if slot >= 0 and self._table[slot * self._width] != EMPTY:
            self.count -= 1
            self._lay_out(self._capacity, peer)

    def _slot(self, peer: i64) -> i64:
        """Return the slot of a peer, or the empty slot for it; -1 while there is no table."""
        if self._capacity == 0:
            return -1
        table, width, mask = self._table, self._width, self._capacity - 1
        slot = peer & mask
        name = float(peer)
        while table[slot * width] != EMPTY and table[slot * width] != name:
            slot = (slot + 1) & mask
        return slot

    def _lay_out(self, capacity: i64, without: i64) -> None:
        """Move everything but the peer `without` into a new table."""
        table, width = self._table, self._width
        old_capacity = self._capacity
        self._capacity = capacity
        self._table = vec[float]([ABSENT] * (capacity * width))
        old: i64 = 0
        while old < old_capacity:
            peer = i64(table[old * width])
            if peer != NOBODY and peer != without:
                slot = self._slot(peer) * width
                i: i64 = 0
                while i < width:
                    self._table[slot + i] = table[old * width + i]
                    i += 1
            old += 1

    def _add(self, start: i64, rtt: float) -> i64:
        """Append to the samples at `start`; how many there are now."""
        samples = self._table
        used: i64 = 0
        while used < self.size and samples[start + used] != ABSENT:
            used += 1
        if used == self.size:
            i: i64 = 1
            while i < used:
                samples[start + i - 1] = samples[start + i]
                i += 1
            used -= 1
        samples[start + used] = rtt
        return used + 1

    def _middle(self, start: i64, used: i64) -> float:
        """Return the median: the sample with half of the others (rounded down) before it in order."""
        samples = self._table
        i: i64 = 0
        while i < used:
            candidate = samples[start + i]
            less: i64 = 0
            equal: i64 = 0
            j: i64 = 0
            while j < used:
                if samples[start + j] < candidate:
                    less += 1
                elif samples[start + j] == candidate:
                    equal += 1
                j += 1
            if less <= used // 2 < less + equal:
                return candidate
            i += 1
        raise AssertionError("some sample is in the middle")
