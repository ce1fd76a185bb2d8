"""Rules that the control plane puts on packets for a while: blocks, partitions, added loss and latency.

A rule covers transports and an ordered relation of hosts, from sources to targets, and back if it is
symmetric. Each packet and segment meets the rules in force when it is sent. It passes unless a rule that
covers it drops it; the latencies that rules add are summed.

Rules are added and removed in groups with one handle each, so that a fault undoes only its own. Hosts are
given by index. Packets of a host to itself never get here.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, u8, vec
from serfsim.network.jitter import Jitter
from serfsim.network.link import Link
from serfsim.network.loss import Loss

UDP: Final = 1
TCP: Final = 2
ALL: Final = 3

# The transports of pool k (`pools`) are these bits 2 * k places higher; the cluster's own agents are pool 0.
POOL_BITS: Final = 2
EVERY_POOL: Final = 0x1555555555555555
MOST_POOLS: Final = 30  # beside the cluster's own

# Directions as the nodes concerned see them.
IN: Final = 1
OUT: Final = 2
BOTH: Final = 3

LOST: Final = -1.0


class Effect:
    """The effect of a rule: without any of these it drops everything.

    `loss` is drawn beside the network's own, and only for packets of more than `above` IP bytes. `delay`
    seconds are added to the one-way latency, or only to a share `late` of the packets, which the others
    overtake; so are `jitter`, the time at a `link`, and the path's own latency times `stretch`. A share
    `twice` of the datagrams arrives twice. With `refuses` the sender's kernel refuses to send.
    """

    def __init__(
        self,
        loss: Loss | None = None,
        delay: float = 0.0,
        refuses: bool = False,
        above: i64 = -1,
        late: float = 1.0,
        twice: float = 0.0,
        stretch: float = 0.0,
        jitter: Jitter | None = None,
        link: Link | None = None,
    ) -> None:
        self.loss = loss
        self.delay = delay
        self.refuses = refuses
        self.above: i64 = above
        self.late = late
        self.twice = twice
        self.stretch = stretch
        self.jitter = jitter
        self.link = link
        # Most effects are a loss or a delay; the others are looked at apart.
        self.is_plain = late == 1.0 and twice == 0.0 and stretch == 0.0 and jitter is None and link is None
        self.drops = loss is None and delay == 0.0 and self.is_plain

    def added(self, source: i64, target: i64, size: i64, base: float, now: float, rng: Random) -> float:
        """Return the seconds that it adds to a packet of `size` IP bytes and a latency of `base`."""
        seconds = self.delay
        if self.late < 1.0 and rng.random() >= self.late:
            seconds = 0.0
        seconds += self.stretch * base
        if self.jitter is not None:
            seconds += self.jitter.sample(base, rng)
        if self.link is not None:
            seconds += self.link.wait(source, target, size, now)
        return seconds


class Rule:
    """One effect on packets from `sources` to `targets` (symmetric: and back) of `hosts` hosts.

    It holds for the agents of every pool on these hosts, until `limit_to` confines it to one. With `outside`
    senders that are none of the hosts are among the sources too.
    """

    def __init__(
        self,
        effect: Effect,
        transports: i64,
        hosts: i64,
        sources: list[int],
        targets: list[int],
        symmetric: bool = False,
        outside: bool = False,
    ) -> None:
        self.effect = effect
        self.transports: i64 = transports * EVERY_POOL
        self.symmetric = symmetric
        self.outside = outside
        self.is_source = flags(hosts, sources)
        self.is_target = flags(hosts, targets)

    def limit_to(self, pool: i64) -> None:
        """Confine the rule to the agents of one pool."""
        self.transports = (self.transports & ALL) << (POOL_BITS * pool)

    def covers(self, source: i64, target: i64, transport: i64) -> bool:
        if self.transports & transport == 0:
            return False
        if self.is_source[source] != 0 and self.is_target[target] != 0:
            return True
        return self.symmetric and self.is_source[target] != 0 and self.is_target[source] != 0

    def covers_from_outside(self, target: i64, transport: i64) -> bool:
        return self.outside and self.transports & transport != 0 and self.is_target[target] != 0


def flags(hosts: i64, chosen: list[int]) -> vec[u8]:
    """1 for each chosen host, shape (hosts,). IndexError for a number out of range."""
    result = vec[u8]([0] * hosts)
    for host in chosen:
        if not 0 <= host < hosts:
            raise IndexError("there is no host with this number")
        result[i64(host)] = 1
    return result


class RuleSet:
    """The rules in force. `count` is 0 while there are none: then nobody need ask."""

    def __init__(self, hosts: i64) -> None:
        self.hosts: i64 = hosts
        self.count: i64 = 0
        self.refusing: i64 = 0  # those of them that refuse
        self.doubled = False  # the packet of the last verdict arrives twice
        self.rules: list[Rule] = []
        self._groups: dict[int, list[Rule]] = {}
        self._last_handle = 0

    # For the control plane ---------------------------------------------------------------------

    def add(self, rules: list[Rule]) -> int:
        """Put rules in force; the handle to `remove` them by."""
        self._last_handle += 1
        self._groups[self._last_handle] = rules
        self._collect()
        return self._last_handle

    def remove(self, handle: int) -> None:
        """Take the rules of a handle away. KeyError if they are gone already."""
        del self._groups[handle]
        self._collect()

    def around(self, effect: Effect, transports: i64, nodes: list[int], direction: i64 = BOTH) -> int:
        """Add an effect on what `nodes` receive (IN), send (OUT), or both; return its handle."""
        everybody = list(range(self.hosts))
        if direction == OUT:
            return self.add([Rule(effect, transports, self.hosts, nodes, everybody)])
        return self.add([Rule(effect, transports, self.hosts, everybody, nodes, direction == BOTH, True)])

    def between(
        self, effect: Effect, transports: i64, first: list[int], second: list[int], one_way: bool = False
    ) -> int:
        """Add an effect on packets from `first` to `second`, and back unless `one_way`; return its handle."""
        return self.add([Rule(effect, transports, self.hosts, first, second, not one_way)])

    def partition(self, sides: list[list[int]], one_way: bool = False, transports: i64 = ALL) -> int:
        """Nothing passes from side to side; `one_way`: from the first to the second only. The handle.

        Hosts on no side reach everybody; nobody outside reaches a side.
        """
        if one_way:
            return self.add([Rule(Effect(), transports, self.hosts, sides[0], sides[1], outside=True)])
        rules: list[Rule] = []
        for i in range(len(sides)):
            others: list[int] = []
            for j in range(len(sides)):
                if j != i:
                    others.extend(sides[j])
            rules.append(Rule(Effect(), transports, self.hosts, sides[i], others, outside=True))
        return self.add(rules)

    def _collect(self) -> None:
        self.rules = []
        for group in self._groups.values():
            self.rules.extend(group)
        self.count = len(self.rules)
        self.refusing = 0
        for rule in self.rules:
            if rule.effect.refuses:
                self.refusing += 1

    # For packets -------------------------------------------------------------------------------

    def verdict(
        self,
        source: i64,
        target: i64,
        transport: i64,
        rng: Random,
        size: i64 = 0,
        base: float = 0.0,
        now: float = 0.0,
    ) -> float:
        """Return the seconds that the rules add to this packet's latency, or LOST; see also `doubled`.

        `size` is the IP bytes of the packet, `base` its latency in seconds. Losses and all else are drawn
        from `rng` in the order in which the rules were added, up to the first that drops the packet. Of
        rules beside each other with one effect only the first counts.
        """
        delay = 0.0
        self.doubled = False
        last: Effect | None = None
        for rule in self.rules:
            effect = rule.effect
            if effect is not last and rule.covers(source, target, transport):
                last = effect
                added = self._meet(effect, source, target, rng, size, base, now)
                if added < 0.0:
                    return LOST
                delay += added
        return delay

    def verdict_from_outside(self, target: i64, transport: i64, rng: Random, size: i64, now: float) -> float:
        """Return the same for a packet of a sender that is none of the hosts, next door to the target."""
        delay = 0.0
        last: Effect | None = None
        for rule in self.rules:
            effect = rule.effect
            if effect is not last and rule.covers_from_outside(target, transport):
                last = effect
                added = self._meet(effect, target, target, rng, size, 0.0, now)
                if added < 0.0:
                    return LOST
                delay += added
        return delay

    def _meet(
        self, effect: Effect, source: i64, target: i64, rng: Random, size: i64, base: float, now: float
    ) -> float:
        """Return the seconds that one effect adds to a packet's latency, or LOST."""
        if effect.drops:
            return LOST
        loss = effect.loss
        if loss is not None and size > effect.above and loss.drops(source, target, rng):
            return LOST
        if effect.is_plain:
            return effect.delay
        seconds = effect.added(source, target, size, base, now, rng)
        if effect.twice > 0.0 and rng.random() < effect.twice:
            self.doubled = True
        return seconds

    def refuses(self, source: i64, target: i64, transport: i64) -> bool:
        """Return whether the kernel of `source` refuses to send to `target`: nothing gets to the network."""
        if source == target or target < 0 or target >= self.hosts:
            return False
        return any(rule.effect.refuses and rule.covers(source, target, transport) for rule in self.rules)

    def blocks(self, source: i64, target: i64, transport: i64) -> bool:
        """Return whether a rule drops everything that this transport sends from `source` to `target`."""
        return any(rule.effect.drops and rule.covers(source, target, transport) for rule in self.rules)

    def reachable(self, source: i64, target: i64) -> bool:
        """Return whether some transport passes both ways."""
        for transport in (UDP, TCP):
            if not (self.blocks(source, target, transport) or self.blocks(target, source, transport)):
                return True
        return False


class RulesOfPool(RuleSet):
    """The rules in force, to which only such as concern one pool are added."""

    def __init__(self, shared: RuleSet, pool: i64) -> None:
        super().__init__(shared.hosts)
        self.shared = shared
        self.pool: i64 = pool

    def add(self, rules: list[Rule]) -> int:
        for rule in rules:
            rule.limit_to(self.pool)
        return self.shared.add(rules)

    def remove(self, handle: int) -> None:
        self.shared.remove(handle)
