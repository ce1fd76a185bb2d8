"""The transmit-limited queue (spec memberlist.md section 8): waiting broadcasts and their transmissions.

Broadcasts are in tiers by number of transmissions. A datagram is filled from the lowest tier up; within a
tier the longest message goes first, and of equally long ones the newest. A broadcast leaves after
retransmit_mult * ceil(log10(n + 1)) transmissions. Broadcasts of one length form a row (`rows`), those of a
row in one tier a lane (`spans`): a wave of a thousand messages has a handful of lengths.

"Newest" means the highest number. As in the library, numbering restarts whenever the queue is empty, even
while a datagram is being filled or the only message is being replaced; the next broadcast then counts as
older. So two broadcasts of one length and tier may have one number. The library keeps them in a tree, where
the later replaces the earlier, which is lost without notice: among real agents under loss, one refutation
in two hundred is never sent, and its sender is declared dead by all (section 8.5). Only broadcasts from
before the last restart, all at most `_old_top`, can have a number that occurs again. Broadcasts of one
number are neighbours in their row.

With `restarts` set to False numbering goes on, as in Grafana's fork and as hashicorp/memberlist#263 offers:
no two broadcasts have one number, and none is lost.

Before Serf 0.8.2 the queue was a list: within a tier the newest goes first whatever its length, numbering
never restarts, and nothing is lost.
"""

from __future__ import annotations

import math

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.ledger import Filling, Ledger
from serfsim.protocol.memberlist.messages import Message
from serfsim.protocol.memberlist.rows import DEAD, LOST, NOBODY, UNNAMED, Row, Rows
from serfsim.protocol.memberlist.spans import HALF, LOW, NEXT_TIER, ROW_BITS, ROW_MASK, TIER_SHIFT

__all__ = ["UNNAMED", "TransmitLimitedQueue", "retransmit_limit"]


def retransmit_limit(retransmit_mult: i64, n: i64) -> i64:
    """Return how often a broadcast is sent in a cluster of `n` nodes."""
    return retransmit_mult * i64(math.ceil(math.log10(float(n + 1))))


@mypyc_attr(allow_interpreted_subclasses=True)
class TransmitLimitedQueue(Rows):
    """`finished` collects the tokens of broadcasts sent often enough, displaced or pruned; 0 is no token.

    `ledger` numbers the messages and counts those lost; without one the queue has its own. What was lost is
    in no lane, but its name still stands for it until the next of that name.
    """

    def __init__(
        self, retransmit_mult: i64, longest_first: bool = True, ledger: Ledger | None = None
    ) -> None:
        super().__init__(longest_first)
        self.retransmit_mult: i64 = retransmit_mult
        self.longest_first = longest_first
        self.ledger = Ledger() if ledger is None else ledger
        self.finished: list[int] = []
        self._shortest: i64 = 1 << 30  # no message here was ever shorter
        self._last: Row | None = None  # where the last message came in
        self._lost: dict[int, LostBroadcast] = {}
        self._first_changed: i64 = 0  # of the numbers of spans, since the last datagram was begun
        self._limit_for: i64 = -1
        self._limit: i64 = 0

    def queue(self, message: Message, name: i64 = UNNAMED, token: i64 = 0) -> None:
        """Add a message; one of the same name is finished and replaced."""
        if self.depth == 0:
            self._clear()
            if self.restarts:
                self._number = 0
                self._old_top = 0
        self._number += 1
        number = self._number
        if name != UNNAMED and self._displace(name) and self.depth == 0 and self.restarts:
            # As in the library, which has numbered the new one already.
            self._start_again()
            self._old_top = number
        row = self._last
        if row is None or row.size != message.size:
            row = self._row(message.size)
            self._last = row
        place = self._make_place(row, number)
        row.put(place, self.ledger.number(message), number, name, token)
        self._stand(row, place)
        self.depth += 1
        if message.size < self._shortest:
            self._shortest = message.size
        self._lose_twins(row, place, place + 1)
        self._spans.add(row.key, place, place + 1)

    def retransmit_limit(self, n: i64) -> i64:
        """Return how often a broadcast is sent in a cluster of `n` nodes; called when `n` changes."""
        return retransmit_limit(self.retransmit_mult, n)

    # Filling datagrams -------------------------------------------------------------------------

    def get_broadcasts(self, n: i64, overhead: i64, limit: i64, into: list[Message]) -> i64:
        """`fill` for those who want messages: they are appended to `into`."""
        filling = Filling(self.ledger)
        filling.begin(limit)
        used = self.fill(n, overhead, limit, filling)
        into.extend(filling.load().messages())
        return used

    def fill(self, n: i64, overhead: i64, limit: i64, filling: Filling) -> i64:
        """Put what fits in `limit` bytes at `overhead` a message; the bytes used.

        `n` is the number of nodes that the retransmit limit is reckoned for. What goes on waiting is moved
        on only once the datagram is full, so that none is in it twice.
        """
        if self.depth == 0 or limit - overhead < self._shortest:
            return 0
        if n != self._limit_for:
            self._limit_for = n
            self._limit = self.retransmit_limit(n)
        standing = self.depth
        put = filling.count
        filling.move_count = 0
        if self.longest_first:
            left = self._fill_longest(overhead, limit, filling)
            if filling.count - put == standing:
                self._start_again()
                if self.restarts:
                    self._remember_moves(filling)
                self._move_on(filling)
                self._pack_sparse()
                return limit - left
        else:
            left = self._fill_newest(overhead, limit, filling)
        self._move_on(filling)
        return limit - left

    def _fill_longest(self, overhead: i64, room: i64, filling: Filling) -> i64:
        """Of each tier the longest first, of one length the newest; the bytes left of `room`."""
        spans = self._spans
        least = self._shortest + overhead
        at = spans.end
        while at > 0 and room >= least:
            at -= 2
            room = self._take(at, overhead, room, filling)
        self._first_changed = at
        return room

    def _take(self, at: i64, overhead: i64, room: i64, filling: Filling) -> i64:
        """Put what fits of one span; the bytes left of `room`."""
        words = self._spans.words
        key = words[at]
        row = self._rows[key & ROW_MASK]
        step = row.size + overhead
        if step > room:
            return room
        ids, numbers = row.ids, filling.numbers
        first = filling.count
        put = first
        a: i64 = words[at + 1] >> HALF
        place: i64 = words[at + 1] & LOW
        highest: i64 = -1
        lowest: i64 = 0
        while place > a and room >= step:
            place -= 1
            if ids[place] != DEAD:
                numbers[put] = ids[place]
                put += 1
                room -= step
                lowest = place
                if highest < 0:
                    highest = place
        words[at + 1] = a << HALF | place
        if highest >= 0:
            filling.count = put
            filling.end_of(first, row.size, row.column)
            self._told(row, key, lowest, highest + 1, filling)
        return room

    def _fill_newest(self, overhead: i64, room: i64, filling: Filling) -> i64:
        """Of each tier the newest first, whatever its length; the bytes left of `room`."""
        spans = self._spans
        tier: i64 = 0
        at = spans.end
        while at > 0:
            tier = spans.words[at - 2] >> TIER_SHIFT
            newest = self._newest_of(tier, overhead, room)
            if newest < 0:  # look in the next tier
                while at > 0 and spans.words[at - 2] >> TIER_SHIFT == tier:
                    at -= 2
                continue
            key = spans.words[newest]
            row = self._rows[key & ROW_MASK]
            place: i64 = (spans.words[newest + 1] & LOW) - 1
            spans.words[newest + 1] -= 1
            filling.numbers[filling.count] = row.ids[place]
            filling.count += 1
            filling.end_of(filling.count - 1, row.size, row.column)
            self._told(row, key, place, place + 1, filling)
            room -= row.size + overhead
        return room

    def _newest_of(self, tier: i64, overhead: i64, room: i64) -> i64:
        """Return the span whose last broadcast is a tier's newest that fits, or -1; drop the dead behind."""
        words = self._spans.words
        newest: i64 = -1
        number: i64 = -1
        at = self._spans.end
        while at > 0:
            at -= 2
            row = self._rows[words[at] & ROW_MASK]
            if words[at] >> TIER_SHIFT != tier or row.size + overhead > room:
                continue
            a: i64 = words[at + 1] >> HALF
            b: i64 = words[at + 1] & LOW
            while b > a and row.ids[b - 1] == DEAD:
                b -= 1
            words[at + 1] = a << HALF | b
            if b > a and row.number(b - 1) > number:
                newest = at
                number = row.number(b - 1)
        return newest

    def _told(self, row: Row, key: i64, a: i64, b: i64, filling: Filling) -> None:
        """Count a transmission of the broadcasts at places [a, b): remove them or plan their move."""
        tier: i64 = (key >> TIER_SHIFT) + 1
        if tier < self._limit:
            filling.move(key + NEXT_TIER, a << HALF | b)
            if self._old_top > 0:
                row.note_tier(a, b, tier)
            return
        while b > a:
            b -= 1
            if row.ids[b] != DEAD:
                self._leave(row, b)

    def _remember_moves(self, filling: Filling) -> None:
        """Mark the broadcasts left when numbering restarts: their numbers may occur again."""
        move: i64 = 0
        while move < filling.move_count:
            row = self._rows[filling.moves[move] & ROW_MASK]
            span = filling.moves[move + 1]
            row.note_tier(span >> HALF, span & LOW, filling.moves[move] >> TIER_SHIFT)
            last: i64 = (span & LOW) - 1
            if row.number(last) > self._old_top:
                self._old_top = row.number(last)
            move += 2

    def _move_on(self, filling: Filling) -> None:
        """Move the broadcasts that keep waiting to the next tier."""
        moves = filling.moves
        move: i64 = 0
        while move < filling.move_count:
            span = moves[move + 1]
            self._lose_twins(self._rows[moves[move] & ROW_MASK], span >> HALF, span & LOW)
            move += 2
        spans = self._spans
        if self.longest_first:
            first = spans.add_all(moves, move)
            spans.close_up(first if first < self._first_changed else self._first_changed)
            return
        spans.close_up(0)
        while move > 0:
            move -= 2
            spans.add(moves[move], moves[move + 1] >> HALF, moves[move + 1] & LOW)

    # All of it ---------------------------------------------------------------------------------

    def prune(self, keep: i64) -> None:
        """Drop broadcasts from the end of the order until at most `keep` are left."""
        for found in reversed(self.places()):
            if self.depth <= keep:
                return
            self._leave(found.row, found.place)

    def places(self) -> list[Place]:
        """Return the places of all broadcasts, in the order in which a tier's of one length are sent."""
        found: list[Place] = []
        words = self._spans.words
        at = self._spans.end
        while at > 0:
            at -= 2
            row = self._rows[words[at] & ROW_MASK]
            place: i64 = words[at + 1] & LOW
            while place > words[at + 1] >> HALF:
                place -= 1
                if row.ids[place] != DEAD:
                    found.append(Place(row, words[at] >> TIER_SHIFT, place))
        return found

    # Numbers that come again -------------------------------------------------------------------

    def _lose_twins(self, row: Row, a: i64, b: i64) -> None:
        """Move the broadcasts at places [a, b) to a lane, and lose others there with their numbers.

        Since broadcasts of one number stand side by side, only those beside the ends may be such.
        """
        if self._old_top == 0:
            return
        twin = row.twin_before(a)
        if twin >= 0:
            self._lose(row, twin)
        twin = row.twin_behind(b - 1)
        if twin >= 0:
            self._lose(row, twin)

    def _lose(self, row: Row, place: i64) -> None:
        """Drop a broadcast from all lanes without notice; its name keeps its entry."""
        row.ids[place] = DEAD
        row.live -= 1
        self.depth -= 1
        self.ledger.lost += 1
        name = row.name(place)
        if name != UNNAMED:
            self._let_stand(name, LOST)
            self._lost[name] = LostBroadcast(row, i64(row.tiers[place]), row.number(place), row.token(place))

    def _finish_lost(self, name: i64) -> None:
        """One of its name displaces a lost broadcast: what has its number now goes in its stead."""
        lost = self._lost.pop(name)
        if lost.token != 0:
            self.finished.append(lost.token)
        row = lost.row
        place = row.end - 1
        while place >= 0 and row.number(place) >= lost.number:
            is_alike = row.number(place) == lost.number and i64(row.tiers[place]) == lost.tier
            if is_alike and row.ids[place] != DEAD:
                self._lose(row, place)
                return
            place -= 1

    # Leaving -----------------------------------------------------------------------------------

    def _displace(self, name: i64) -> bool:
        """Finish the broadcast of a name; False if there is none."""
        standing = self._standing(name)
        if standing == NOBODY:
            return False
        if standing == LOST:
            self._finish_lost(name)
        else:
            self._finish(self._rows[standing - 1 & ROW_MASK], standing - 1 >> ROW_BITS)
        return True

    def _leave(self, row: Row, place: i64) -> None:
        """Done with, name and all."""
        name = row.name(place)
        if name != UNNAMED:
            self._let_stand(name, NOBODY)
        self._finish(row, place)

    def _finish(self, row: Row, place: i64) -> None:
        row.ids[place] = DEAD
        row.live -= 1
        self.depth -= 1
        if row.token(place) != 0:
            self.finished.append(row.token(place))


@mypyc_attr(acyclic=True)
class LostBroadcast:
    """In which lane a lost broadcast was, and under which number."""

    def __init__(self, row: Row, tier: i64, number: i64, token: i64) -> None:
        self.row = row
        self.tier: i64 = tier
        self.number: i64 = number
        self.token: i64 = token


@mypyc_attr(acyclic=True)
class Place:
    def __init__(self, row: Row, tier: i64, place: i64) -> None:
        self.row = row
        self.tier: i64 = tier
        self.place: i64 = place
