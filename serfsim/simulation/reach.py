"""Reach of members by their addresses, at any time of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from serfsim.network.addresses import AddressTable, Nat, NatInRetrospect
from serfsim.network.rules import TCP, UDP

TRANSPORTS = {"udp": UDP, "tcp": TCP}


class Place(NamedTuple):
    """The addresses that a member's process is bound to and tells from `t` on."""

    t: float
    member: int
    bound: int
    told: int


class Reach:
    """The addresses of members over time; `t` is in seconds on the scenario's clock and never falls.

    A member reaches another if its packets to the address that the other tells come to the other. The answer
    comes back: it goes to the address that the packet came from. `origin` is the engine's time at 0.
    """

    def __init__(
        self,
        bound: Sequence[int],
        told: Sequence[int],
        realms: Sequence[int],
        nats: Sequence[Nat],
        origin: float,
    ) -> None:
        self.origin = origin
        self._first = (list(bound), list(told))
        self._realms = list(realms)
        self._nats = nats
        self._places: list[Place] = []
        self._rewind()

    def took(self, t: float, member: int, bound: int, told: int) -> None:
        """Note that a member's process starts at an address and tells one."""
        self._places.append(Place(t, member, bound, told))

    def _rewind(self) -> None:
        """Go back to the time before all starts."""
        bound, told = self._first
        self._told = list(told)
        self._table = AddressTable(self._realms, [NatInRetrospect(nat) for nat in self._nats])
        for member, address in enumerate(bound):
            self._table.reserve(member, address)
        self._next = 0
        self._t = -math.inf

    def _go_to(self, t: float) -> None:
        if t < self._t:
            self._rewind()
        self._t = t
        while self._next < len(self._places) and self._places[self._next].t <= t:
            place = self._places[self._next]
            self._table.bind(place.member, place.bound)
            self._told[place.member] = place.told
            self._next += 1

    def passes(self, source: int, target: int, transport: str, t: float) -> bool:
        """Return whether packets of a transport ("udp" or "tcp") of one member come to another at `t`."""
        self._go_to(t)
        address, at = self._told[target], t + self.origin
        return source == target or self._table.resolve(source, address, TRANSPORTS[transport], at) == target
