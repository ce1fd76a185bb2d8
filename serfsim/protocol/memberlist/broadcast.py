"""The transmit-limited queue (spec memberlist.md section 8): what is still to be told, and how often.

Entries stand in tiers by how often they were sent. A datagram is filled from the lowest tier up;
within a tier the longest message goes first, and of equally long ones the newest. An entry leaves
after retransmit_mult * ceil(log10(n + 1)) sends. A tier is a row of lanes, one for each length of
message, and a lane a heap by age: a wave of a thousand messages has a handful of lengths.

"Newest" goes by a number that, as in the library, starts again whenever the queue runs empty,
even while a datagram is being filled or the only message is being replaced: then what is queued next
counts as older. And then two broadcasts of one length, sent equally often, may come to have one number.
The library keeps them in a tree, where the later takes the place of the earlier: the earlier is lost, and
nobody is told. That is how, among real agents under loss, one refutation in two hundred is never sent,
and its sender declared dead by all (section 8.5). Only what was queued before the numbers last started
again, `_before`, can have a number that comes again.

Before Serf 0.8.2 the queue was a list: within a tier the newest goes first whatever its length, numbers
never start again and nothing is lost.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import append, i64, mypyc_attr, vec
from serfsim.protocol.memberlist.lane import PLACE_BITS, PLACE_MASK, Lane, Tier
from serfsim.protocol.memberlist.messages import Message

UNNAMED: Final = -1


def retransmit_limit(retransmit_mult: i64, n: i64) -> i64:
    """How often a broadcast is sent in a cluster of `n` nodes."""
    return retransmit_mult * i64(math.ceil(math.log10(float(n + 1))))


@mypyc_attr(allow_interpreted_subclasses=True)
class TransmitLimitedQueue:
    """`finished` collects the tokens of broadcasts sent often enough, displaced or pruned.

    A broadcast has a place, where its message, name and token are; 0 for a token means that nobody
    waits. What was displaced leaves its place empty until its key comes up in a lane. What was lost is
    in no lane, but its name still stands for it until the next of that name.
    """

    def __init__(self, retransmit_mult: i64, longest_first: bool = True) -> None:
        self.retransmit_mult: i64 = retransmit_mult
        self.longest_first = longest_first
        self.depth: i64 = 0
        self.finished: list[int] = []
        self._shortest: i64 = 1 << 30  # no message here was ever shorter
        self._tiers: list[Tier] = [Tier(0)]
        self._messages: list[Message | None] = []
        self._names: vec[i64] = vec[i64]()
        self._tokens: vec[i64] = vec[i64]()
        self._free: vec[i64] = vec[i64]()  # places that may be used again
        self._free_count: i64 = 0
        self._named: dict[int, int] = {}
        self._lost: dict[int, LostKey] = {}
        self._number: i64 = 0
        self._before: dict[int, bool] = {}
        self._before_top: i64 = 0  # the highest of them
        self._limit_for: i64 = -1
        self._limit: i64 = 0

    def queue(self, message: Message, name: i64 = UNNAMED, token: i64 = 0) -> None:
        """Add a message; one of the same name is finished and replaced."""
        if self.depth == 0 and self.longest_first:
            self._number = 0
            self._forget_before()
        self._number += 1
        number = self._number
        if name != UNNAMED:
            old: i64 = self._named.get(name, -1)
            if old >= 0:
                if self._messages[old] is None:
                    self._finish_lost(old)
                else:
                    self._messages[old] = None
                    self._finish(old)
                if self.depth == 0 and self.longest_first:
                    # As in the library, which has numbered the new one already.
                    self._restart_numbers()
                    self._remember_before(number)
        place = self._new_place(message, name, token)
        if name != UNNAMED:
            self._named[name] = place
        self.depth += 1
        if message.size < self._shortest:
            self._shortest = message.size
        self._insert(self._tiers[0].lane(message.size), (number << PLACE_BITS) | place)

    def get_broadcasts(self, n: i64, overhead: i64, limit: i64, into: list[Message]) -> i64:
        """Append to `into` what fits in `limit` bytes at `overhead` a message; the bytes used.

        `n` is the number of nodes that the retransmit limit is reckoned for.
        """
        if self.depth == 0 or limit - overhead < self._shortest:
            return 0
        sends = self._sends(n)
        used: i64 = 0
        standing = self.depth
        # What goes on waiting is set aside until the datagram is full, so that none is in it twice.
        aside: list[Lane] = []
        aside_keys = vec[i64]()
        tier: i64 = 0
        while tier < len(self._tiers) and limit - used - overhead >= self._shortest:
            lane = self._first_lane(self._tiers[tier], limit - used - overhead)
            if lane is None:
                tier += 1
                continue
            # All that fits of a lane goes at once; of an old queue's, the next may be in another.
            while True:
                key = lane.pop()
                message = self._messages[key & PLACE_MASK]
                if message is None:
                    self._free_place(key & PLACE_MASK)
                else:
                    standing -= 1
                    used += overhead + lane.size
                    into.append(message)
                    if tier + 1 >= sends:
                        self._leave(key & PLACE_MASK)
                    else:
                        aside.append(lane)
                        aside_keys = append(aside_keys, key)
                if lane.count == 0 or limit - used < overhead + lane.size or not self.longest_first:
                    break
        i: i64 = 0
        if standing == 0 and self.longest_first:
            self._restart_numbers()
            while i < len(aside_keys):
                self._remember_before(aside_keys[i] >> PLACE_BITS)
                i += 1
        i = 0
        while i < len(aside_keys):
            lane = aside[i]
            self._insert(self._tier(lane.transmits + 1).lane(lane.size), aside_keys[i])
            i += 1
        return used

    def prune(self, keep: i64) -> None:
        """Drop broadcasts from the end of the order until at most `keep` are left."""
        for tier in reversed(self._tiers):
            for lane in tier.lanes:
                if self.depth <= keep:
                    return
                keys = self._emptied(lane)
                while self.depth > keep and len(keys) > 0:
                    self._leave(keys.pop() & PLACE_MASK)
                for key in keys:
                    lane.push(key)

    def in_order(self) -> list[Broadcast]:
        """All broadcasts, first to be sent first."""
        found: list[Broadcast] = []
        for tier in self._tiers:
            for lane in reversed(tier.lanes):
                for key in self._emptied(lane):
                    lane.push(key)
                    place = i64(key) & PLACE_MASK
                    message = self._messages[place]
                    if message is not None:
                        found.append(Broadcast(message, self._names[place], tier.transmits))
        return found

    def _sends(self, n: i64) -> i64:
        if n != self._limit_for:
            self._limit_for = n
            self._limit = retransmit_limit(self.retransmit_mult, n)
        return self._limit

    # Places and lanes --------------------------------------------------------------------------

    def _new_place(self, message: Message, name: i64, token: i64) -> i64:
        place: i64 = len(self._messages)
        if self._free_count > 0:
            self._free_count -= 1
            place = self._free[self._free_count]
            self._messages[place] = message
        else:
            self._messages.append(message)
            self._names = append(self._names, name)
            self._tokens = append(self._tokens, token)
            self._free = append(self._free, 0)
        self._names[place] = name
        self._tokens[place] = token
        return place

    def _free_place(self, place: i64) -> None:
        self._free[self._free_count] = place
        self._free_count += 1

    def _restart_numbers(self) -> None:
        """Nothing waits in any lane; what was displaced leaves them, with its number."""
        self._number = 0
        self._forget_before()
        for tier in self._tiers:
            for lane in tier.lanes:
                while lane.count > 0:
                    self._free_place(lane.pop() & PLACE_MASK)

    def _remember_before(self, number: i64) -> None:
        self._before[number] = True
        if number > self._before_top:
            self._before_top = number

    def _forget_before(self) -> None:
        if self._before_top > 0:
            self._before = {}
            self._before_top = 0

    def _insert(self, lane: Lane, key: i64) -> None:
        """Have a broadcast wait in a lane; one of its number there is lost."""
        number = key >> PLACE_BITS
        if number <= self._before_top and number in self._before:
            replaced = lane.replace(key)
            if replaced >= 0:
                self._lose(lane, replaced)
                return
        lane.push(key)

    def _lose(self, lane: Lane, key: i64) -> None:
        """The key is in no lane any more. Of a broadcast that waited, a name stays as it was."""
        place = key & PLACE_MASK
        if self._messages[place] is None:
            self._free_place(place)
            return
        self._messages[place] = None
        self.depth -= 1
        if self._names[place] == UNNAMED:
            self._free_place(place)
        else:
            self._lost[place] = LostKey(lane, key >> PLACE_BITS)

    def _tier(self, transmits: i64) -> Tier:
        while len(self._tiers) <= transmits:
            self._tiers.append(Tier(len(self._tiers)))
        return self._tiers[transmits]

    def _first_lane(self, tier: Tier, free: i64) -> Lane | None:
        """The lane of the longest messages of at most `free` bytes, if any waits."""
        at: i64 = len(tier.lanes) - 1
        if not self.longest_first:
            return self._newest_lane(tier, free)
        while at >= 0:
            lane = tier.lanes[at]
            if lane.count > 0 and lane.size <= free:
                return lane
            at -= 1
        return None

    def _newest_lane(self, tier: Tier, free: i64) -> Lane | None:
        """The lane of the newest message of at most `free` bytes, if any waits."""
        found: Lane | None = None
        for lane in tier.lanes:
            if lane.count > 0 and lane.size <= free and (found is None or lane.keys[0] > found.keys[0]):
                found = lane
        return found

    def _emptied(self, lane: Lane) -> list[int]:
        """The keys of a lane's broadcasts, newest first; they leave it."""
        keys: list[int] = []
        while lane.count > 0:
            key = lane.pop()
            if self._messages[key & PLACE_MASK] is None:
                self._free_place(key & PLACE_MASK)
            else:
                keys.append(key)
        return keys

    # Leaving -----------------------------------------------------------------------------------

    def _leave(self, place: i64) -> None:
        """Done with, and out of its lane already."""
        self._messages[place] = None
        self._free_place(place)
        name = self._names[place]
        if name != UNNAMED:
            del self._named[name]
        self._finish(place)

    def _finish(self, place: i64) -> None:
        self.depth -= 1
        if self._tokens[place] != 0:
            self.finished.append(self._tokens[place])

    def _finish_lost(self, place: i64) -> None:
        """One of its name displaces a lost broadcast: what has its number now goes in its stead."""
        lost = self._lost.pop(place)
        if self._tokens[place] != 0:
            self.finished.append(self._tokens[place])
        self._free_place(place)
        key = lost.lane.remove(lost.number)
        if key >= 0:
            self._lose(lost.lane, key)


@mypyc_attr(acyclic=True)
class LostKey:
    """Where a lost broadcast was, and under which number."""

    def __init__(self, lane: Lane, number: i64) -> None:
        self.lane = lane
        self.number: i64 = number


class Broadcast:
    """A queued message as `TransmitLimitedQueue.in_order` shows it."""

    def __init__(self, message: Message, name: i64, transmits: i64) -> None:
        self.message = message
        self.name: i64 = name
        self.transmits: i64 = transmits
