"""Wires of limited bandwidth that a fault or a group puts before some hosts, or between some."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, vec

BY_SOURCE: Final = 0  # each sender has a wire of its own
BY_TARGET: Final = 1  # each receiver
SHARED: Final = 2  # one wire for all


class Link:
    """Wires of `bandwidth` bits a second, of which each carries one packet at a time, in order.

    `by` says whose they are: BY_SOURCE, BY_TARGET or SHARED. What waits is never dropped.
    """

    def __init__(self, bandwidth: float, hosts: i64, by: i64) -> None:
        self.bandwidth = bandwidth
        self.by: i64 = by
        wires: i64 = 1 if by == SHARED else hosts
        self.free_at = vec[float]([0.0] * wires)

    def wait(self, source: i64, target: i64, size: i64, now: float) -> float:
        """Seconds until the last bit of a packet of `size` bytes is through."""
        wire: i64 = 0
        if self.by == BY_SOURCE:
            wire = source
        elif self.by == BY_TARGET:
            wire = target
        begin = self.free_at[wire]
        if begin < now:
            begin = now
        end = begin + float(8 * size) / self.bandwidth
        self.free_at[wire] = end
        return end - now
