"""The transmit-limited queue (spec memberlist.md section 8): what is still to be told, and how often.

Entries stand in tiers by how often they were sent. A datagram is filled from the lowest tier up;
within a tier the longest message goes first, and of equally long ones the newest. An entry leaves
after retransmit_mult * ceil(log10(n + 1)) sends. A tier is a row of lanes, one for each length of
message, and a lane a heap by age: a wave of a thousand messages has a handful of lengths.

"Newest" goes by a number that, as in the library, starts again whenever the queue runs empty,
even while a datagram is being filled or the only message is being replaced: then what is queued next
counts as older. Where that makes two numbers equal the library loses one entry; this queue does not.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import append, i32, i64, mypyc_attr, vec
from serfsim.protocol.memberlist.lane import PLACE_BITS, Lane, lane_of
from serfsim.protocol.memberlist.messages import Message

UNNAMED: Final = -1


def retransmit_limit(retransmit_mult: i64, n: i64) -> i64:
    """How often a broadcast is sent in a cluster of `n` nodes."""
    return retransmit_mult * i64(math.ceil(math.log10(float(n + 1))))


@mypyc_attr(acyclic=True)
class Broadcast:
    """A queued message. `token` is reported when it is finished; 0 means that nobody waits.

    `is_gone`: it was displaced, and whoever comes across it lets it drop.
    """

    def __init__(self, message: Message, name: i64, token: i64, number: i64) -> None:
        self.message = message
        self.size: i64 = message.size
        self.name: i64 = name
        self.token: i64 = token
        self.number: i64 = number
        self.transmits: i64 = 0
        self.is_gone = False


@mypyc_attr(allow_interpreted_subclasses=True)
class TransmitLimitedQueue:
    """`finished` collects the tokens of entries sent often enough, displaced or pruned."""

    def __init__(self, retransmit_mult: i64) -> None:
        self.retransmit_mult: i64 = retransmit_mult
        self.depth: i64 = 0
        self.finished: list[int] = []
        self._tiers: list[list[Lane]] = [[]]
        self._places: list[Broadcast] = []
        self._free: vec[i32] = vec[i32]()  # places that may be used again
        self._free_count: i64 = 0
        self._named: dict[int, Broadcast] = {}
        self._number: i64 = 0
        self._limit_for: i64 = -1
        self._limit: i64 = 0

    def queue(self, message: Message, name: i64 = UNNAMED, token: i64 = 0) -> None:
        """Add a message; one of the same name is finished and replaced."""
        if self.depth == 0:
            self._number = 0
        self._number += 1
        entry = Broadcast(message, name, token, self._number)
        if name != UNNAMED:
            old = self._named.get(name)
            if old is not None:
                old.is_gone = True
                self.depth -= 1
                self._finish(old)
                if self.depth == 0:
                    self._number = 0
            self._named[name] = entry
        self._insert(entry, self._new_place(entry))
        self.depth += 1

    def get_broadcasts(self, n: i64, overhead: i64, limit: i64, into: list[Message]) -> i64:
        """Append to `into` what fits in `limit` bytes at `overhead` a message; the bytes used.

        `n` is the number of nodes that the retransmit limit is reckoned for.
        """
        if self.depth == 0:
            return 0
        sends = self._sends(n)
        used: i64 = 0
        standing = self.depth
        aside: list[Broadcast] = []
        aside_places: list[int] = []
        tier: i64 = 0
        while tier < len(self._tiers):
            free = limit - used - overhead
            if free <= 0:
                break
            place = self._take(self._tiers[tier], free)
            if place < 0:
                tier += 1
                continue
            entry = self._places[place]
            standing -= 1
            used += overhead + entry.size
            into.append(entry.message)
            entry.transmits += 1
            if entry.transmits >= sends:
                self.depth -= 1
                self._leave(entry, place)
                self._finish(entry)
            else:
                aside.append(entry)
                aside_places.append(place)
        if standing == 0:
            self._number = 0
        i: i64 = 0
        while i < len(aside):
            self._insert(aside[i], i64(aside_places[i]))
            i += 1
        return used

    def prune(self, keep: i64) -> None:
        """Drop entries from the end of the order until at most `keep` are left."""
        tier: i64 = len(self._tiers) - 1
        while self.depth > keep and tier >= 0:
            for lane in self._tiers[tier]:
                places = self._emptied(lane)
                while self.depth > keep and len(places) > 0:
                    place = i64(places.pop())
                    entry = self._places[place]
                    self.depth -= 1
                    self._leave(entry, place)
                    self._finish(entry)
                for place in places:
                    self._insert(self._places[place], place)
            tier -= 1

    def in_order(self) -> list[Broadcast]:
        """All entries, first to be sent first."""
        entries: list[Broadcast] = []
        for tier in self._tiers:
            for lane in reversed(tier):
                places = self._emptied(lane)
                for place in places:
                    entries.append(self._places[place])
                    self._insert(self._places[place], place)
        return entries

    def _sends(self, n: i64) -> i64:
        if n != self._limit_for:
            self._limit_for = n
            self._limit = retransmit_limit(self.retransmit_mult, n)
        return self._limit

    # Places ------------------------------------------------------------------------------------

    def _new_place(self, entry: Broadcast) -> i64:
        if self._free_count > 0:
            self._free_count -= 1
            place = i64(self._free[self._free_count])
            self._places[place] = entry
            return place
        self._places.append(entry)
        self._free = append(self._free, 0)
        return len(self._places) - 1

    def _free_place(self, place: i64) -> None:
        self._free[self._free_count] = i32(place)
        self._free_count += 1

    def _insert(self, entry: Broadcast, place: i64) -> None:
        while len(self._tiers) <= entry.transmits:
            self._tiers.append([])
        lane_of(self._tiers[entry.transmits], entry.size).push((entry.number << PLACE_BITS) | place)

    def _take(self, tier: list[Lane], free: i64) -> i64:
        """The place of the first entry of a tier with at most `free` bytes, or -1; it leaves its lane."""
        at: i64 = len(tier) - 1
        while at >= 0:
            lane = tier[at]
            while lane.size <= free and lane.count > 0:
                place = lane.pop()
                if not self._places[place].is_gone:
                    return place
                self._free_place(place)
            at -= 1
        return -1

    def _emptied(self, lane: Lane) -> list[int]:
        """The places of a lane's entries, newest first; they leave it."""
        places: list[int] = []
        while lane.count > 0:
            place = lane.pop()
            if self._places[place].is_gone:
                self._free_place(place)
            else:
                places.append(place)
        return places

    # Leaving -----------------------------------------------------------------------------------

    def _leave(self, entry: Broadcast, place: i64) -> None:
        self._free_place(place)
        if entry.name != UNNAMED:
            del self._named[entry.name]

    def _finish(self, entry: Broadcast) -> None:
        if entry.token != 0:
            self.finished.append(entry.token)
