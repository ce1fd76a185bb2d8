"""Addresses of hosts: who answers at one, and how NAT changes or stops packets.

A network without this table has the hosts' numbers as addresses. Addresses are numbers as in
`protocol.directory`, each with its port.

Hosts behind a NAT reach each other by their own addresses, and everybody else through an outside address of
the NAT, which is then the source that a receiver sees. A packet from outside comes in if the NAT forwards, or
for `timeout` seconds after the last packet between these two ends: the mapping is independent of the
endpoint, the filter is by address and port (RFC 4787). A connection dialled from outside needs a NAT that
forwards. Two NATs may have the same addresses inside.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.network.rules import UDP

NOBODY: Final = -1


class Nat:
    """A router between the hosts of one realm and the rest.

    `outside` has the outside address of each host. With `hairpin` a host inside reaches another by its
    outside address. `timeout` is in seconds. `ways` has, by host and address of a peer, when packets kept a
    way open: the times of the first and last of each spell, in order.
    """

    def __init__(
        self, outside: dict[int, int], forward: bool = False, hairpin: bool = False, timeout: float = 30.0
    ) -> None:
        self.outside = outside
        self.inside: dict[int, int] = {address: host for host, address in outside.items()}
        self.forward = forward
        self.hairpin = hairpin
        self.timeout = timeout
        self.ways: dict[int, dict[int, list[float]]] = {host: {} for host in outside}

    def goes_out(self, host: i64, peer: i64, now: float) -> None:
        """Note a packet of a host inside to an address outside."""
        way = self.ways[host].setdefault(peer, [])
        if way and now - way[-1] <= self.timeout:
            way[-1] = now
        else:
            way.extend((now, now))

    def lets_in(self, host: i64, peer: i64, transport: i64, now: float) -> bool:
        """Return whether a packet from the address `peer` comes to a host inside."""
        if self.forward:
            return True
        way = self.ways[host].get(peer)
        if transport != UDP or way is None or now - way[-1] > self.timeout:
            return False
        way[-1] = now
        return True


class NatInRetrospect(Nat):
    """A NAT of a run that is over, as it was at any time; nothing passes through it any more."""

    def __init__(self, nat: Nat) -> None:
        super().__init__(nat.outside, nat.forward, nat.hairpin, nat.timeout)
        self.ways = nat.ways

    def goes_out(self, host: i64, peer: i64, now: float) -> None:
        return

    def lets_in(self, host: i64, peer: i64, transport: i64, now: float) -> bool:
        if self.forward:
            return True
        way = self.ways[host].get(peer)
        if transport != UDP or way is None:
            return False
        spell: i64 = len(way) - 2
        while spell > 0 and way[spell] > now:
            spell -= 2
        return way[spell] <= now <= way[spell + 1] + self.timeout


class AddressTable:
    """The hosts by address. `realm` of a host is 0 outside all NATs, else the number of its NAT plus 1.

    `seen` is the source address of the packet last resolved, as its receiver sees it.
    """

    def __init__(self, realms: list[int], nats: list[Nat]) -> None:
        self.realms = realms
        self.nats = nats
        self.seen: i64 = NOBODY
        self._bound: list[int] = [NOBODY] * len(realms)
        self._hosts: list[dict[int, int]] = [{} for _ in range(len(nats) + 1)]
        self._behind: dict[int, Nat] = {}
        for nat in nats:
            for address in nat.inside:
                self._behind[address] = nat

    def bind(self, host: i64, address: i64) -> None:
        """Give a host an address, in place of the one it had and of the host that had it."""
        hosts = self._hosts[self.realms[host]]
        before = self._bound[host]
        if hosts.get(before, NOBODY) == host:
            hosts.pop(before)
        self._bound[host] = address
        hosts[address] = host

    def reserve(self, host: i64, address: i64) -> None:
        """Give a host an address unless another has it, which it shares then until one of them binds it."""
        self._bound[host] = address
        self._hosts[self.realms[host]].setdefault(address, host)

    def address(self, host: i64) -> i64:
        """Return the address that a host is bound to."""
        return self._bound[host]

    def holder(self, host: i64, address: i64) -> i64:
        """Return the host that has an address in the realm of `host`, or NOBODY."""
        return self._hosts[self.realms[host]].get(address, NOBODY)

    def has(self, host: i64, address: i64) -> bool:
        """Return whether a host still has an address."""
        return self.holder(host, address) == host

    def resolve(self, source: i64, address: i64, transport: i64, now: float) -> i64:
        """Return the host that a packet of `source` to an address comes to, or NOBODY; see also `seen`."""
        realm = self.realms[source]
        self.seen = self._bound[source]
        found = self._hosts[realm].get(address, NOBODY)
        if realm == 0 or found >= 0:
            return found if found >= 0 else self._through(address, transport, now)
        nat = self.nats[realm - 1]
        self.seen = nat.outside[source]
        if address in nat.inside and not nat.hairpin:
            return NOBODY
        nat.goes_out(source, address, now)
        found = self._hosts[0].get(address, NOBODY)
        return found if found >= 0 else self._through(address, transport, now)

    def _through(self, address: i64, transport: i64, now: float) -> i64:
        """Return the host behind an outside address, if its NAT lets the packet in."""
        nat = self._behind.get(address)
        if nat is None:
            return NOBODY
        host = nat.inside[address]
        return host if nat.lets_in(host, self.seen, transport, now) else NOBODY

    def admits(self, host: i64, peer: i64, now: float) -> bool:
        """Return whether a host's NAT lets a datagram in from an address that none of the hosts has."""
        realm = self.realms[host]
        return realm == 0 or self.nats[realm - 1].lets_in(host, peer, UDP, now)
