"""The broadcasts of one length (`Row`), and of these the ones sent equally often (`Lane`).

A row holds its broadcasts in the order of their numbers, each at a place. A lane holds none: it knows by
spans of places which of the row are its own. What is sent together goes from lane to lane together, so a
lane mostly has a span or two, and nothing is moved. Of broadcasts that are done with the places stay, DEAD,
until the row is packed.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, extend, i32, i64, mypyc_attr, vec

HALF: Final = 32
LOW: Final = 0xFFFFFFFF
DEAD: Final = -1
UNNAMED: Final = -1
FIRST_NAME: Final = -2  # of those that broadcasts may have


@mypyc_attr(acyclic=True)
class Lane:
    """`spans`: places a to before b as a << HALF | b, rising, `count` of them. The dead are skipped."""

    def __init__(self) -> None:
        self.count: i64 = 0
        self.spans: vec[i64] = vec[i64]()

    def add(self, a: i64, b: i64) -> None:
        """Take in a span that none of it overlaps; it becomes one with those beside it."""
        spans = self.spans
        end = self.count
        at: i64 = end
        while at > 0 and spans[at - 1] >> HALF > a:
            at -= 1
        joins_next = at < end and spans[at] >> HALF == b
        if at > 0 and spans[at - 1] & LOW == a:
            a = spans[at - 1] >> HALF
            if joins_next:
                b = spans[at] & LOW
                self._drop(at)
            spans[at - 1] = a << HALF | b
            return
        if joins_next:
            spans[at] = a << HALF | spans[at] & LOW
            return
        if end == len(spans):
            spans = append(spans, 0)
            self.spans = spans
        while end > at:
            spans[end] = spans[end - 1]
            end -= 1
        spans[at] = a << HALF | b
        self.count += 1

    def _drop(self, at: i64) -> None:
        spans = self.spans
        self.count -= 1
        while at < self.count:
            spans[at] = spans[at + 1]
            at += 1

    def cut(self, place: i64) -> None:
        """Give up one place."""
        at = self._span_of(place)
        if at < 0:
            return
        a: i64 = self.spans[at] >> HALF
        b: i64 = self.spans[at] & LOW
        self._drop(at)
        if a < place:
            self.add(a, place)
        if place + 1 < b:
            self.add(place + 1, b)

    def holds(self, place: i64) -> bool:
        return self._span_of(place) >= 0

    def _span_of(self, place: i64) -> i64:
        at: i64 = self.count - 1
        while at >= 0:
            if self.spans[at] >> HALF <= place and place < self.spans[at] & LOW:
                return at
            at -= 1
        return -1

    def make_way(self, place: i64) -> None:
        """Another broadcast, not of this lane, takes the place: those from there on move up by one."""
        at: i64 = self.count
        while at > 0:
            at -= 1
            a: i64 = self.spans[at] >> HALF
            b: i64 = self.spans[at] & LOW
            if a >= place:
                self.spans[at] = (a + 1) << HALF | (b + 1)
            elif b > place:
                self.spans[at] = a << HALF | place
                self.add(place + 1, b + 1)
                return
            else:
                return


@mypyc_attr(acyclic=True)
class Row:
    """All broadcasts of `size` bytes, at places 0 to before `end`; `live` of them are not DEAD.

    `ids` are their numbers in the ledger. What is seldom looked at stands beside: the number by which the
    queue orders them, which rises with the place, above the name; and tokens, only once any has one. From
    the place `new_from` on numbers are above those from before the numbers last began again.
    """

    def __init__(self, size: i64, index: i64) -> None:
        self.size: i64 = size
        self.index: i64 = index  # among the rows in the order in which they came
        self.at: i64 = 0  # among the rows in the order of their sizes
        self.end: i64 = 0
        self.live: i64 = 0
        self.room: i64 = 0
        self.new_from: i64 = 0
        self.ids: vec[i32] = vec[i32]()
        self._sides: vec[i64] = vec[i64]()
        self._tokens: vec[i64] = vec[i64]()
        self.lanes: list[Lane] = [Lane()]

    def number(self, place: i64) -> i64:
        return self._sides[place] >> HALF

    def name(self, place: i64) -> i64:
        return (self._sides[place] & LOW) + FIRST_NAME

    def token(self, place: i64) -> i64:
        return self._tokens[place] if len(self._tokens) > 0 else 0

    def put(self, place: i64, identity: i64, number: i64, name: i64, token: i64) -> None:
        self.ids[place] = i32(identity)
        self._sides[place] = number << HALF | name - FIRST_NAME
        if token != 0 and len(self._tokens) == 0:
            self._tokens = vec[i64]([0] * self.room)
        if len(self._tokens) > 0:
            self._tokens[place] = token
        self.live += 1

    def move(self, source: i64, target: i64) -> None:
        self.ids[target] = self.ids[source]
        self._sides[target] = self._sides[source]
        if len(self._tokens) > 0:
            self._tokens[target] = self._tokens[source]

    def lane(self, tier: i64) -> Lane:
        while len(self.lanes) <= tier:
            self.lanes.append(Lane())
        return self.lanes[tier]

    def grow(self) -> None:
        """Make room for some more."""
        if self.room == 0:
            self.ids = vec[i32]([0] * 8)
            self._sides = vec[i64]([0] * 8)
        else:
            more: i64 = self.room if self.room < 256 else self.room // 4
            self.ids = extend(self.ids, self.ids[0:more])
            self._sides = extend(self._sides, self._sides[0:more])
            if len(self._tokens) > 0:
                self._tokens = extend(self._tokens, self._tokens[0:more])
        self.room = len(self.ids)

    def pack(self) -> None:
        """Give up the places of the dead."""
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
        self.new_from = i64(moved_to[self.new_from])
        self.end = kept
        for lane in self.lanes:
            before: vec[i64] = lane.spans[0 : lane.count]
            lane.count = 0
            for span in before:
                a: i64 = i64(moved_to[span >> HALF])
                b: i64 = i64(moved_to[span & LOW])
                if a < b:
                    lane.add(a, b)

    def clear(self) -> None:
        """Forget all, dead or not; its lanes are empty already."""
        self.end = 0
        self.live = 0
        self.new_from = 0
