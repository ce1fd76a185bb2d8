"""Rows of a broadcast queue by length of message, and the broadcast that holds each name.

A row holds the broadcasts of one length in the order of their numbers, each at a place; `spans` says which
are sent next. Sending moves nothing. Finished broadcasts keep their places, marked DEAD, until the row is
packed.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import extend, i16, i32, i64, mypyc_attr, vec
from serfsim.protocol.memberlist.ledger import COLUMN_MASK, MIXED
from serfsim.protocol.memberlist.spans import HALF, LONGEST, LOW, ROW_BITS, Spans

DEAD: Final = -1
UNNAMED: Final = -1
KEPT_ROOM: Final = 64  # places
FIRST_NAME: Final = -2  # of those that broadcasts may have

# What stands for a name: nothing, one that was lost, or its place above its row as one number from 1 on.
NOBODY: Final = 0
LOST: Final = -1
LARGEST_PACKED: Final = 0x7FFFFFFF


@mypyc_attr(acyclic=True)
class Row:
    """All broadcasts of `size` bytes, at places 0 to before `end`; `live` of them are not DEAD.

    `ids` are their numbers in the ledger. What is seldom looked at stands beside: the number by which the
    queue orders them, which rises with the place, above the name; how often they were sent, or have been once
    the datagram at hand is full, if a number may come again (`Rows`); and tokens, only once any has one.
    `key` is that of its first lane, `column` the ledger's for all of them, or MIXED.
    """

    def __init__(self, size: i64, index: i64) -> None:
        self.size: i64 = size
        self.index: i64 = index  # among the rows of its queue
        self.key: i64 = (LONGEST - size) << ROW_BITS | index
        self.end: i64 = 0
        self.live: i64 = 0
        self.column: i64 = MIXED
        self.room: i64 = 0
        self.ids: vec[i32] = vec[i32]()
        self.tiers: vec[i16] = vec[i16]()
        self._sides: vec[i64] = vec[i64]()
        self._tokens: vec[i64] = vec[i64]()

    def number(self, place: i64) -> i64:
        return self._sides[place] >> HALF

    def name(self, place: i64) -> i64:
        return (self._sides[place] & LOW) + FIRST_NAME

    def token(self, place: i64) -> i64:
        return self._tokens[place] if len(self._tokens) > 0 else 0

    def put(self, place: i64, identity: i64, number: i64, name: i64, token: i64) -> None:
        self.ids[place] = i32(identity)
        self.tiers[place] = 0
        self._sides[place] = number << HALF | name - FIRST_NAME
        if token != 0 and len(self._tokens) == 0:
            self._tokens = vec[i64]([0] * self.room)
        if len(self._tokens) > 0:
            self._tokens[place] = token
        column: i64 = identity & COLUMN_MASK
        if self.live == 0:
            self.column = column
        elif self.column != column:
            self.column = MIXED
        self.live += 1

    def move(self, source: i64, target: i64) -> None:
        self.ids[target] = self.ids[source]
        self.tiers[target] = self.tiers[source]
        self._sides[target] = self._sides[source]
        if len(self._tokens) > 0:
            self._tokens[target] = self._tokens[source]

    def note_tier(self, a: i64, b: i64, tier: i64) -> None:
        """Note how often the broadcasts at places [a, b) were sent."""
        tiers = self.tiers
        while b > a:
            b -= 1
            tiers[b] = i16(tier)

    def twin_before(self, place: i64) -> i64:
        """Before a place the nearest that waits of its number and tier, or -1."""
        tiers, sides = self.tiers, self._sides
        number: i64 = sides[place] >> HALF
        at = place - 1
        while at >= 0 and sides[at] >> HALF == number:
            if tiers[at] == tiers[place] and self.ids[at] != DEAD:
                return at
            at -= 1
        return -1

    def twin_behind(self, place: i64) -> i64:
        """Return the twin behind a place."""
        tiers, sides = self.tiers, self._sides
        number: i64 = sides[place] >> HALF
        at = place + 1
        while at < self.end and sides[at] >> HALF == number:
            if tiers[at] == tiers[place] and self.ids[at] != DEAD:
                return at
            at += 1
        return -1

    def grow(self) -> None:
        """Make room for some more."""
        if self.room == 0:
            self.ids = vec[i32]([0] * 8)
            self.tiers = vec[i16]([0] * 8)
            self._sides = vec[i64]([0] * 8)
        else:
            more: i64 = self.room if self.room < 256 else self.room // 4
            room: i64 = self.room + more
            # Left to itself, `extend` would double what is reserved.
            self.ids = extend(extend(vec[i32](capacity=room), self.ids), self.ids[0:more])
            self.tiers = extend(extend(vec[i16](capacity=room), self.tiers), self.tiers[0:more])
            self._sides = extend(extend(vec[i64](capacity=room), self._sides), self._sides[0:more])
            if len(self._tokens) > 0:
                self._tokens = extend(extend(vec[i64](capacity=room), self._tokens), self._tokens[0:more])
        self.room = len(self.ids)

    def pack(self) -> vec[i32]:
        """Give up the places of the dead; where each place is now, or the one behind it if it is no more."""
        moved_to: vec[i32] = vec[i32]([0] * (self.end + 1))
        kept: i64 = 0
        place: i64 = 0
        while place < self.end:
            moved_to[place] = i32(kept)
            if self.ids[place] != DEAD:
                self.move(place, kept)
                kept += 1
            place += 1
        moved_to[self.end] = i32(kept)
        self.end = kept
        return moved_to

    def clear(self) -> None:
        """Forget all, dead or not, and give up the room that only a storm needs."""
        self.end = 0
        self.live = 0
        if self.room > KEPT_ROOM:
            self.room = 0
            self.ids = vec[i32]()
            self.tiers = vec[i16]()
            self._sides = vec[i64]()
            self._tokens = vec[i64]()


@mypyc_attr(allow_interpreted_subclasses=True)
class Rows:
    """`depth` wait. Of those from before the numbers last started again none is above `_old_top`.

    `restarts`: numbers start again whenever nothing waits. While `_old_top` is 0, none comes again, and rows
    do not know how often their broadcasts were sent.
    """

    def __init__(self, restarts: bool) -> None:
        self.restarts = restarts
        self.depth: i64 = 0
        self._number: i64 = 0  # of the last one
        self._old_top: i64 = 0
        self._spans = Spans()
        self._rows: list[Row] = []
        self._named: vec[i32] = vec[i32]()  # what stands for each name, from FIRST_NAME on
        # The same by name, of those alone that anything stands for, in a large cluster or a very long row.
        self._few_named: dict[int, int] | None = None

    def _standing(self, name: i64) -> i64:
        """Remove and return the broadcast that holds a name, to make room for another."""
        if self._few_named is not None:
            return self._few_named.get(name, NOBODY)
        slot = name - FIRST_NAME
        known: i64 = len(self._named)
        if slot >= known:
            more = slot + 1 - known if slot >= 2 * known else known
            self._named = extend(self._named, vec[i32]([NOBODY] * more))
        return i64(self._named[slot])

    def _stand(self, row: Row, place: i64) -> None:
        """Let a broadcast that has a name stand for it."""
        name = row.name(place)
        if name != UNNAMED:
            self._let_stand(name, (place << ROW_BITS | row.index) + 1)

    def _let_stand(self, name: i64, what: i64) -> None:
        if self._few_named is None and what > LARGEST_PACKED:
            self._unpack_names()
        if self._few_named is None:
            self._named[name - FIRST_NAME] = i32(what)
        elif what == NOBODY:
            self._few_named.pop(name, None)
        else:
            self._few_named[name] = what

    def _unpack_names(self) -> None:
        """Move what stands for names to a dictionary, which holds numbers of any size."""
        few: dict[int, int] = {}
        slot: i64 = 0
        while slot < len(self._named):
            if self._named[slot] != NOBODY:
                few[slot + FIRST_NAME] = int(self._named[slot])
            slot += 1
        self._few_named = few
        self._named = vec[i32]()

    def expect_many_names(self) -> None:
        """Call it while the queue is empty: the cluster is large."""
        self._few_named = {}

    def _row(self, size: i64) -> Row:
        """Return the row for messages of that length."""
        for row in self._rows:
            if row.size == size:
                return row
        row = Row(size, len(self._rows))
        self._rows.append(row)
        return row

    def _make_place(self, row: Row, number: i64) -> i64:
        """Return a place for another broadcast, in the order of numbers."""
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
            self._spans.make_way(row.index, place)
        return place

    def _pack(self, row: Row) -> None:
        """Give up the places of the dead."""
        self._spans.move(row.index, row.pack())
        place: i64 = 0
        while place < row.end:
            self._stand(row, place)
            place += 1

    def _pack_sparse(self) -> None:
        """Pack the rows in which most are dead: those of a number that comes again stand side by side."""
        for row in self._rows:
            if row.end > 2 * row.live:
                self._pack(row)

    def _clear(self) -> None:
        """Nothing waits: forget what is dead, too."""
        self._spans.end = 0
        for row in self._rows:
            row.clear()

    def _start_again(self) -> None:
        """Nothing waits in any lane; only what is to be moved on, or nothing, is left in the rows."""
        if self.restarts:
            self._number = 0
            self._old_top = 0
        self._spans.end = 0
        for row in self._rows:
            while row.end > 0 and row.ids[row.end - 1] == DEAD:
                row.end -= 1
            if row.end == 0:
                row.clear()
