"""What a queue of broadcasts stands in: rows by length, in these lanes by how often they were sent.

Which lanes have any span is tabulated, so that a datagram is filled without looking at the others: one byte
for each row of each tier, `_width` of them a tier; how many of each tier; and how many of all.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import extend, i32, i64, mypyc_attr, u8, vec
from serfsim.protocol.memberlist.lane import DEAD, FIRST_NAME, UNNAMED, Row

# What stands for a name: nothing, one that was lost, or its row and place as one number from 1 on.
NOBODY: Final = 0
LOST: Final = -1
PLACE_BITS: Final = 32
PLACE_MASK: Final = 0xFFFFFFFF


@mypyc_attr(allow_interpreted_subclasses=True)
class Rows:
    """`depth` wait. Of those from before the numbers last started again none is above `_old_top`."""

    def __init__(self) -> None:
        self.depth: i64 = 0
        self._number: i64 = 0  # of the last one
        self._old_top: i64 = 0
        self._tiers: i64 = 0
        self._width: i64 = 4
        self._occupied: i64 = 0
        self._used: vec[u8] = vec[u8]()
        self._waiting: vec[i32] = vec[i32]()
        self._sizes: vec[i32] = vec[i32]()  # of the rows
        self._rows: list[Row] = []  # by size
        self._rows_by_index: list[Row] = []
        self._named: vec[i64] = vec[i64]()  # what stands for each name, from FIRST_NAME on
        # The same by name, of those alone that anything stands for, in a large cluster.
        self._few_named: dict[int, int] | None = None

    def _standing(self, name: i64) -> i64:
        """What stands for a name; there is room for something else afterwards."""
        if self._few_named is not None:
            return self._few_named.get(name, NOBODY)
        slot = name - FIRST_NAME
        known: i64 = len(self._named)
        if slot >= known:
            more = slot + 1 - known if slot >= 2 * known else known
            self._named = extend(self._named, vec[i64]([NOBODY] * more))
        return self._named[slot]

    def _stand(self, row: Row, place: i64) -> None:
        """Let a broadcast that has a name stand for it."""
        name = row.name(place)
        if name != UNNAMED:
            self._let_stand(name, (row.index << PLACE_BITS | place) + 1)

    def _let_stand(self, name: i64, what: i64) -> None:
        if self._few_named is None:
            self._named[name - FIRST_NAME] = what
        elif what == NOBODY:
            self._few_named.pop(name, None)
        else:
            self._few_named[name] = what

    def expect_many_names(self) -> None:
        """Call it while the queue is empty: the cluster is large."""
        self._few_named = {}

    def _row(self, size: i64) -> Row:
        """The row for messages of that length."""
        at: i64 = len(self._rows)
        while at > 0 and self._rows[at - 1].size >= size:
            at -= 1
            if self._rows[at].size == size:
                return self._rows[at]
        row = Row(size, len(self._rows_by_index))
        self._rows_by_index.append(row)
        self._rows.insert(at, row)
        self._sizes = vec[i32]([i32(other.size) for other in self._rows])
        while self._width < len(self._rows):
            self._width *= 2
        self._tabulate()
        return row

    def _tabulate(self) -> None:
        """Reckon anew which lanes have any span: there is another row, or another tier."""
        self._used = vec[u8]([0] * (self._tiers * self._width))
        self._waiting = vec[i32]([0] * self._tiers)
        self._occupied = 0
        for at, row in enumerate(self._rows):
            row.at = at
            tier: i64 = 0
            while tier < self._tiers:
                if row.lane(tier).count > 0:
                    self._note_used(row, tier)
                tier += 1

    def _note_used(self, row: Row, tier: i64) -> None:
        place = tier * self._width + row.at
        if self._used[place] == 0:
            self._used[place] = 1
            self._waiting[tier] += 1
            self._occupied += 1

    def _note_empty(self, row: Row, tier: i64) -> None:
        self._used[tier * self._width + row.at] = 0
        self._waiting[tier] -= 1
        self._occupied -= 1

    def _add(self, row: Row, tier: i64, a: i64, b: i64) -> None:
        """Have the broadcasts at places `a` to before `b` wait in a lane."""
        if tier >= self._tiers:
            self._tiers = tier + 1
            self._tabulate()
        row.lanes[tier].add(a, b)
        self._note_used(row, tier)

    def _cut(self, row: Row, tier: i64, place: i64) -> None:
        """Take a broadcast out of the lane that it is in."""
        row.lanes[tier].cut(place)
        if row.lanes[tier].count == 0:
            self._note_empty(row, tier)

    def _make_place(self, row: Row, number: i64) -> i64:
        """A place for another broadcast, in the order of numbers."""
        if row.end == row.room:
            if row.live * 4 < row.end * 3:
                self._pack(row)
            else:
                row.grow()
        place = row.end
        row.end += 1
        if number <= self._old_top:
            while place > 0 and row.number(place - 1) > number:
                row.move(place - 1, place)
                if row.ids[place] != DEAD:
                    self._stand(row, place)
                place -= 1
            row.new_from += 1
            for lane in row.lanes:
                lane.make_way(place)
        return place

    def _pack(self, row: Row) -> None:
        """Give up the places of the dead."""
        row.pack()
        place: i64 = 0
        while place < row.end:
            self._stand(row, place)
            place += 1
        tier: i64 = 0
        while tier < self._tiers:
            if self._used[tier * self._width + row.at] != 0 and row.lanes[tier].count == 0:
                self._note_empty(row, tier)
            tier += 1

    def _pack_sparse(self) -> None:
        """Pack the rows in which most are dead: those of a number that comes again stand side by side."""
        for row in self._rows:
            if row.end > 2 * row.live:
                self._pack(row)

    def _clear(self) -> None:
        """Nothing waits: forget what is dead, too."""
        self._empty_lanes()
        for row in self._rows:
            row.clear()

    def _restart_numbers(self) -> None:
        """Nothing waits in any lane; only what is to be moved on, or nothing, is left in the rows."""
        self._number = 0
        self._old_top = 0
        self._empty_lanes()
        for row in self._rows:
            while row.end > 0 and row.ids[row.end - 1] == DEAD:
                row.end -= 1
            row.new_from = row.end

    def _empty_lanes(self) -> None:
        """What the lanes still have is dead."""
        if self._occupied == 0:
            return
        for row in self._rows:
            for lane in row.lanes:
                lane.count = 0
        at: i64 = 0
        while at < len(self._used):
            self._used[at] = 0
            at += 1
        tier: i64 = 0
        while tier < self._tiers:
            self._waiting[tier] = 0
            tier += 1
        self._occupied = 0
