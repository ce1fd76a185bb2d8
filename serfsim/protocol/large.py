"""Views of a large cluster that began converged: differences from the start, in a computed order.

A view of its own costs 8 bytes a member and a probe ring 4: over 100 GB for 100,000 members. In such a
cluster a view is therefore the shared view of the start plus `Changes`, and the probe ring is a keyed
permutation (`KeyedOrder`), whose places are computed on demand. It draws four random numbers a ring where a
shuffle draws one a member: the runs differ, their distribution does not. Smaller clusters keep their
results to the bit.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr, vec

# Converged clusters with more members than this are large, unless `Directory.large_above` says otherwise.
LARGE: Final = 10_000

KEY_BITS: Final = 28
ROUNDS: Final = 4

# A word of `Changes`: the member above, its value plus 1 below; 0 is an empty slot.
VALUE_BITS: Final = 35
VALUE_MASK: Final = 0x7FFFFFFFF
FEWEST_SLOTS: Final = 8
NO_CHANGE: Final = -1


def scramble(value: i64, key: i64) -> i64:
    """Return a pseudorandom number of 31 bits; both arguments are below 2**28."""
    mixed: i64 = (value + key) * 0x2545F491 & 0x3FFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x1B873593 & 0x3FFFFFFFFFF
    return mixed >> 11


@mypyc_attr(acyclic=True)
class KeyedOrder:
    """A random order of the members 0 .. nodes - 1, fewer than 2**28; `at` and `place` are inverse.

    A Feistel network: a place is a row and a column, and in each round the row moves by what the column
    gives, then the column by what the row gives. What ends outside goes round again. Never changed once made.
    """

    def __init__(self, nodes: i64, rng: Random) -> None:
        self.nodes: i64 = nodes
        self.columns: i64 = 1
        while self.columns * self.columns < nodes:
            self.columns += 1
        self.rows: i64 = (nodes + self.columns - 1) // self.columns
        self.keys: vec[i64] = vec[i64]([rng.randrange(1 << KEY_BITS) for _ in range(ROUNDS)])

    def at(self, place: i64) -> i64:
        rows, columns, keys = self.rows, self.columns, self.keys
        number = place
        while True:
            row: i64 = number // columns
            column: i64 = number % columns
            turn: i64 = 0
            while turn < ROUNDS:
                row = (row + scramble(column, keys[turn])) % rows
                column = (column + scramble(row, keys[turn] ^ 0x5A5A5A5)) % columns
                turn += 1
            number = row * columns + column
            if number < self.nodes:
                return number

    def place(self, node: i64) -> i64:
        rows, columns, keys = self.rows, self.columns, self.keys
        number = node
        while True:
            row: i64 = number // columns
            column: i64 = number % columns
            turn: i64 = ROUNDS
            while turn > 0:
                turn -= 1
                column = (column - scramble(row, keys[turn] ^ 0x5A5A5A5)) % columns
                row = (row - scramble(column, keys[turn])) % rows
            number = row * columns + column
            if number < self.nodes:
                return number


@mypyc_attr(acyclic=True)
class Changes:
    """Values (0 to 2**34) of members (fewer than 2**28) that differ from the shared ones, in 8 bytes each.

    A hash table with open addressing, at most half full. Its order is that of the hash: no result may
    depend on it.
    """

    def __init__(self) -> None:
        self.words: vec[i64] = vec[i64]()
        self.count: i64 = 0

    def _slot(self, node: i64) -> i64:
        """Return the slot of a member, or the empty slot for it."""
        words = self.words
        mask: i64 = len(words) - 1
        slot: i64 = scramble(node, 0) & mask
        while words[slot] != 0 and words[slot] >> VALUE_BITS != node:
            slot = slot + 1 & mask
        return slot

    def find(self, node: i64) -> i64:
        """Return the value of a member, or NO_CHANGE."""
        if self.count == 0:
            return NO_CHANGE
        return (self.words[self._slot(node)] & VALUE_MASK) - 1

    def put(self, node: i64, value: i64) -> None:
        if self.count * 2 >= len(self.words):
            self._grow()
        slot = self._slot(node)
        if self.words[slot] == 0:
            self.count += 1
        self.words[slot] = node << VALUE_BITS | value + 1

    def drop(self, node: i64) -> None:
        """Forget the value of a member, if it has one. Those that stand further on for it move up."""
        if self.count == 0:
            return
        words = self.words
        mask: i64 = len(words) - 1
        gap = self._slot(node)
        if words[gap] == 0:
            return
        self.count -= 1
        slot: i64 = gap + 1 & mask
        while words[slot] != 0:
            wanted: i64 = scramble(words[slot] >> VALUE_BITS, 0) & mask
            if slot - wanted & mask >= slot - gap & mask:
                words[gap] = words[slot]
                gap = slot
            slot = slot + 1 & mask
        words[gap] = 0

    def _grow(self) -> None:
        before = self.words
        size: i64 = max(FEWEST_SLOTS, 2 * len(before))
        self.words = vec[i64]([0] * size)
        for word in before:
            if word != 0:
                self.words[self._slot(word >> VALUE_BITS)] = word

    def copy(self) -> Changes:
        other = Changes()
        other.words = self.words[:]
        other.count = self.count
        return other

    def nodes(self) -> list[int]:
        """Return the members that have a value, in no order."""
        return [word >> VALUE_BITS for word in self.words if word != 0]
