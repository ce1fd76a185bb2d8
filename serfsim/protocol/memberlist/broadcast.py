"""The transmit-limited queue (spec memberlist.md section 8): what is still to be told, and how often.

Entries stand in tiers by how often they were sent. A datagram is filled from the lowest tier up;
within a tier the longest message goes first, and of equally long ones the newest. An entry leaves
after retransmit_mult * ceil(log10(n + 1)) sends. Each tier is a list with its best entry last, so
that filling a datagram pops from ends and only the way back into the next tier needs a search.

"Newest" goes by a number that, as in the library, starts again whenever the queue runs empty,
even while a datagram is being filled or the only message is being replaced: then what is queued next
counts as older. Where that makes two numbers equal the library loses one entry; this queue does not.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.messages import Message

UNNAMED: Final = -1


def retransmit_limit(retransmit_mult: i64, n: i64) -> i64:
    """How often a broadcast is sent in a cluster of `n` nodes."""
    return retransmit_mult * i64(math.ceil(math.log10(float(n + 1))))


@mypyc_attr(acyclic=True)
class Broadcast:
    """A queued message. `token` is reported when it is finished; 0 means that nobody waits.

    `number` is the library's, which may start again; `serial` never does and settles ties.
    """

    def __init__(self, message: Message, name: i64, token: i64, number: i64, serial: i64) -> None:
        self.message = message
        self.size: i64 = message.size
        self.name: i64 = name
        self.token: i64 = token
        self.number: i64 = number
        self.serial: i64 = serial
        self.transmits: i64 = 0


@mypyc_attr(allow_interpreted_subclasses=True)
class TransmitLimitedQueue:
    """`finished` collects the tokens of entries sent often enough, displaced or pruned."""

    def __init__(self, retransmit_mult: i64) -> None:
        self.retransmit_mult: i64 = retransmit_mult
        self.depth: i64 = 0
        self.finished: list[int] = []
        self._tiers: list[list[Broadcast]] = [[]]
        self._named: dict[int, Broadcast] = {}
        self._number: i64 = 0
        self._serial: i64 = 0
        self._limit_for: i64 = -1
        self._limit: i64 = 0

    def queue(self, message: Message, name: i64 = UNNAMED, token: i64 = 0) -> None:
        """Add a message; one of the same name is finished and replaced."""
        if self.depth == 0:
            self._number = 0
        self._number += 1
        self._serial += 1
        entry = Broadcast(message, name, token, self._number, self._serial)
        if name != UNNAMED:
            old = self._named.get(name)
            if old is not None:
                self._remove(old)
                self._finish(old)
                if self.depth == 0:
                    self._number = 0
        if name != UNNAMED:
            self._named[name] = entry
        self._insert(entry)
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
        tier: i64 = 0
        while tier < len(self._tiers):
            entries = self._tiers[tier]
            free = limit - used - overhead
            if free <= 0:
                break
            at = _best_that_fits(entries, free)
            if at < 0:
                tier += 1
                continue
            entry = entries.pop(at)
            standing -= 1
            used += overhead + entry.size
            into.append(entry.message)
            entry.transmits += 1
            if entry.transmits >= sends:
                self.depth -= 1
                self._drop_name(entry)
                self._finish(entry)
            else:
                aside.append(entry)
        if standing == 0:
            self._number = 0
        for entry in aside:
            self._insert(entry)
        return used

    def prune(self, keep: i64) -> None:
        """Drop entries from the end of the order until at most `keep` are left."""
        tier: i64 = len(self._tiers) - 1
        while self.depth > keep and tier >= 0:
            entries = self._tiers[tier]
            while self.depth > keep and len(entries) > 0:
                entry = entries.pop(0)
                self.depth -= 1
                self._drop_name(entry)
                self._finish(entry)
            tier -= 1

    def in_order(self) -> list[Broadcast]:
        """All entries, first to be sent first."""
        entries: list[Broadcast] = []
        for tier in self._tiers:
            entries.extend(reversed(tier))
        return entries

    def _sends(self, n: i64) -> i64:
        if n != self._limit_for:
            self._limit_for = n
            self._limit = retransmit_limit(self.retransmit_mult, n)
        return self._limit

    def _insert(self, entry: Broadcast) -> None:
        while len(self._tiers) <= entry.transmits:
            self._tiers.append([])
        entries = self._tiers[entry.transmits]
        if len(entries) == 0 or _comes_before(entry, entries[-1]):
            entries.append(entry)
        else:
            entries.insert(_position(entries, entry), entry)

    def _remove(self, entry: Broadcast) -> None:
        entries = self._tiers[entry.transmits]
        entries.pop(_position(entries, entry))
        self.depth -= 1
        self._drop_name(entry)

    def _drop_name(self, entry: Broadcast) -> None:
        if entry.name != UNNAMED:
            del self._named[entry.name]

    def _finish(self, entry: Broadcast) -> None:
        if entry.token != 0:
            self.finished.append(entry.token)


def _comes_before(entry: Broadcast, other: Broadcast) -> bool:
    """Within a tier: longer first, then newer first."""
    if entry.size != other.size:
        return entry.size > other.size
    if entry.number != other.number:
        return entry.number > other.number
    return entry.serial > other.serial


def _position(entries: list[Broadcast], entry: Broadcast) -> i64:
    """The index of `entry`, or where it belongs; worst first, best last."""
    low: i64 = 0
    high: i64 = len(entries)
    while low < high:
        middle = (low + high) >> 1
        if _comes_before(entry, entries[middle]):
            low = middle + 1
        else:
            high = middle
    return low


def _best_that_fits(entries: list[Broadcast], free: i64) -> i64:
    """The index of the first entry in sending order with at most `free` bytes, or -1."""
    last: i64 = len(entries) - 1
    if last < 0 or entries[last].size <= free:
        return last
    low: i64 = 0
    high: i64 = last
    while low < high:
        middle = (low + high) >> 1
        if entries[middle].size <= free:
            low = middle + 1
        else:
            high = middle
    return low - 1
