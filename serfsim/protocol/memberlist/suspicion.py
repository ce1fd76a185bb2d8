"""The suspicion timer: the more members confirm, the sooner it ends (spec memberlist.md section 6).

A suspicion starts at the maximum timeout and is shortened towards the minimum by each
confirmation from another accuser, logarithmically, until k have confirmed. Where the cluster is
too small for k confirmations, k is 0 and the timer runs the minimum from the start.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import append, i32, i64, mypyc_attr, vec
from serfsim.protocol.large import Changes
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.rules import STEP

NOBODY: Final = -1
NEVER: Final = 1e300


def suspicion_timeout(suspicion_mult: i64, n: i64, interval: float) -> float:
    """Return the minimum timeout in seconds for `n` known nodes, with three decimals of the logarithm."""
    nodes = n if n > 1 else 1
    node_scale = math.log10(float(nodes))
    if node_scale < 1.0:
        node_scale = 1.0
    thousandths = math.floor(node_scale * 1000.0)
    # Whole nanoseconds, as the library computes it.
    interval_ns: i64 = i64(interval * 1e9 + 0.5)
    total: i64 = suspicion_mult * i64(thousandths) * interval_ns
    return float(total // 1000) / 1e9


def stepwise_suspicion_timeout(suspicion_mult: i64, n: i64, interval: float) -> float:
    """Return the timeout before Serf 0.8.1: it doubles at ten members and grows as much at a hundred."""
    steps: i64 = i64(math.ceil(math.log10(float(n + 1))))
    interval_ns: i64 = i64(interval * 1e9 + 0.5)
    return float(suspicion_mult * steps * interval_ns) / 1e9


def remaining_suspicion_time(
    confirmations: i64, k: i64, elapsed: float, minimum: float, maximum: float
) -> float:
    """Seconds left after `confirmations` of `k`; may be negative, which means: at once."""
    fraction = math.log(float(confirmations) + 1.0) / math.log(float(k) + 1.0)
    raw = maximum - fraction * (maximum - minimum)
    timeout = math.floor(1000.0 * raw) / 1000.0
    if timeout < minimum:
        timeout = minimum
    return timeout - elapsed


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class Suspicion:
    """One running timer about one member.

    `ends_at` is when it runs out as things stand, `order` when that was settled, among all of a node; `slot`
    is its place among them.
    """

    def __init__(self, from_node: i64, k: i64, minimum: float, maximum: float, now: float) -> None:
        self.k: i64 = k
        self.minimum = minimum
        self.maximum = maximum
        self.started_at = now
        self.confirmations: i64 = 0
        self.ends_at = 0.0
        self.order: i64 = 0
        self.slot: i64 = 0
        self.accusers = vec[i32]([i32(from_node)])

    def first_timeout(self) -> float:
        """Seconds from the start to the expiry while nobody has confirmed."""
        return self.minimum if self.k < 1 else self.maximum

    def confirm(self, from_node: i64) -> bool:
        """Count a confirmation; False if it is not wanted or from a known accuser."""
        if self.confirmations >= self.k:
            return False
        for known in self.accusers:
            if i64(known) == from_node:
                return False
        self.accusers = append(self.accusers, i32(from_node))
        self.confirmations += 1
        return True

    def remaining(self, now: float) -> float:
        """Seconds until the expiry as the confirmations stand now."""
        return remaining_suspicion_time(
            self.confirmations, self.k, now - self.started_at, self.minimum, self.maximum
        )


@mypyc_attr(acyclic=True)
class Suspicions:
    """All running timers of a node, each at a slot; the last one moves into the place of one that ends."""

    def __init__(self) -> None:
        self._settled: i64 = 0  # how often an end was
        self._running: list[Suspicion] = []
        self._slots = Changes()  # of the members suspected
        self._nodes: vec[i32] = vec[i32]()  # at least as long as `_running`
        self._ends: vec[float] = vec[float]()

    def add(self, node: i64, suspicion: Suspicion) -> None:
        """Suspect a member that is not suspected; it has no end yet."""
        slot: i64 = len(self._running)
        suspicion.slot = slot
        self._running.append(suspicion)
        self._slots.put(node, slot)
        if slot == len(self._ends):
            self._nodes = append(self._nodes, 0)
            self._ends = append(self._ends, NEVER)
        self._nodes[slot] = i32(node)
        self._ends[slot] = NEVER

    def settle(self, suspicion: Suspicion, at: float) -> None:
        """Set the end of a suspicion to the time `at`, as things stand now."""
        self._settled += 1
        suspicion.order = self._settled
        suspicion.ends_at = at
        self._ends[suspicion.slot] = at

    def find(self, node: i64) -> Suspicion | None:
        """Return the suspicion of a member, if one is running."""
        slot = self._slots.find(node)
        return self._running[slot] if slot >= 0 else None

    def end(self, node: i64) -> None:
        """End the suspicion of a member, if there is one."""
        slot = self._slots.find(node)
        if slot < 0:
            return
        self._slots.drop(node)
        suspicion = self._running.pop()
        last: i64 = len(self._running)
        if slot != last:
            self._running[slot] = suspicion
            suspicion.slot = slot
            self._slots.put(i64(self._nodes[last]), slot)
            self._nodes[slot] = self._nodes[last]
            self._ends[slot] = self._ends[last]

    def first(self) -> i64:
        """Return the member whose timer ends first, or NOBODY; of equal ends the one settled first."""
        ends = self._ends
        first: i64 = NOBODY
        earliest = NEVER
        slot: i64 = 0
        n: i64 = len(self._running)
        while slot < n:
            at = ends[slot]
            if at < earliest or (at == earliest and self._order(slot) < self._order(first)):
                first = slot
                earliest = at
            slot += 1
        return NOBODY if first == NOBODY else i64(self._nodes[first])

    def _order(self, slot: i64) -> i64:
        return self._running[slot].order

    def nodes(self) -> list[int]:
        """All who are suspected, in no order."""
        return self._slots.nodes()


def confirmations_wanted(suspicion_mult: i64, n: i64, wanted: i64 = -1) -> i64:
    """k: how many confirmations bring the timer to its minimum; 0 where too few could accuse.

    `wanted` replaces memberlist's suspicion_mult - 2 where it is not negative.
    """
    k = suspicion_mult - 2 if wanted < 0 else wanted
    if n - 2 < k:
        k = 0
    return k if k > 0 else 0


@mypyc_attr(allow_interpreted_subclasses=True)
class SuspicionRule:
    """The time from a suspicion to the verdict that a member is dead (Lifeguard, arXiv 1707.00788, IV-B)."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._minimum_for: i64 = -1  # how many known members `_minimum` is computed for
        self._minimum = 0.0

    def begin(self, node: i64, from_node: i64, now: float) -> Suspicion:
        """Begin a suspicion of `node`, with k and the timeouts for the members known now."""
        config = self.core.config
        n = self.core.members.count
        if n != self._minimum_for:
            self._minimum_for = n
            if self.core.features.suspicion_growth == STEP:
                self._minimum = stepwise_suspicion_timeout(config.suspicion_mult, n, config.probe_interval)
            else:
                self._minimum = suspicion_timeout(config.suspicion_mult, n, config.probe_interval)
        minimum = self._minimum
        maximum = float(config.suspicion_max_timeout_mult) * minimum
        # Without Lifeguard's suspicion nobody is waited for: the minimum it is, and news of it is old.
        k: i64 = 0
        if config.lha_suspicion:
            k = confirmations_wanted(config.suspicion_mult, n, config.suspicion_confirmations)
        return Suspicion(from_node, k, minimum, maximum, now)

    def remaining(self, suspicion: Suspicion, now: float) -> float:
        """Seconds left; asked for at the beginning and after each confirmation. Below 0 is at once."""
        if suspicion.confirmations == 0:
            return suspicion.first_timeout() - (now - suspicion.started_at)
        return suspicion.remaining(now)
