"""Addresses of members in a run: which each has now, and at which it can be reached.

The network needs its table of addresses only where one differs from its host's number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from serfsim.base.errors import SerfsimError
from serfsim.network.addresses import AddressTable, Nat
from serfsim.network.network import Network
from serfsim.scenario.cluster import Group
from serfsim.scenario.controls import NewAddress
from serfsim.scenario.lifetimes import double_use
from serfsim.scenario.roster import Roster
from serfsim.simulation.reach import Reach


class Placement:
    """`bound` and `told` are the numbers of the addresses that each member is bound to and advertises.

    `reach` is kept as soon as an address or a NAT can keep a member from another, None before.
    """

    def __init__(
        self,
        roster: Roster,
        network: Network,
        origin: float,
        groups: Mapping[str, Group] | None = None,
    ) -> None:
        self.roster = roster
        self.network = network
        self.origin = origin  # the engine's time at 0 of the scenario's clock
        self.bound = [member.address for member in roster.members]
        self.told = [member.advertised for member in roster.members]
        self.realms = [0] * len(roster.members)
        self._nats = list(self._make_nats(groups or {}))
        self.reach: Reach | None = None
        is_plain = all(address == number for number, address in enumerate(self.bound))
        if self._nats or not is_plain:
            self._make_table()
        if self._nats or self.told != self.bound or not is_plain:
            self._keep_reach()

    def _make_nats(self, groups: Mapping[str, Group]) -> Iterator[Nat]:
        """Make the NATs of groups, and note who is behind which."""
        count = 0
        for name, group in groups.items():
            if group.nat is None:
                continue
            count += 1
            outside = {}
            for number in self.roster.groups[name]:
                self.realms[number] = count
                outside[number] = self.roster.members[number].outside
            yield Nat(outside, group.nat.forward, group.nat.hairpin, group.nat.timeout)

    def _make_table(self) -> AddressTable:
        table = AddressTable(self.realms, self._nats)
        for number, address in enumerate(self.bound):
            table.reserve(number, address)
        self.network.addresses = table
        return table

    def _keep_reach(self) -> None:
        if self.reach is None:
            self.reach = Reach(self.bound, self.told, self.realms, self._nats, self.origin)

    def change(self, number: int, new: NewAddress) -> None:
        """Have a member's next process bound to another address, or tell another."""
        self._keep_reach()
        table = self.network.addresses
        if new.told is not None:
            self.told[number] = new.told
        elif new.bound is not None and self.told[number] == self.bound[number]:
            self.told[number] = new.bound
        if new.bound is not None:
            if table is None:
                table = self._make_table()
            self.bound[number] = new.bound

    def take(self, number: int, t: float) -> None:
        """Bind a member's host to its address as its process starts, at `t` on the scenario's clock.

        Raises SerfsimError where another's process runs there.
        """
        table = self.network.addresses
        if table is None:
            self._note(number, t)
            return
        holder = int(table.holder(number, self.bound[number]))
        if holder not in (-1, number) and self.network.hosts[holder].running:
            members = self.roster.members
            raise SerfsimError(double_use(members[holder], members[number], self.bound[number], t))
        table.bind(number, self.bound[number])
        self._note(number, t)

    def _note(self, number: int, t: float) -> None:
        if self.reach is not None:
            self.reach.took(t, number, self.bound[number], self.told[number])

    def contacts(self, number: int, members: Sequence[int]) -> list[int]:
        """Return the address at which a member reaches each of others, if it can."""
        return [self._contact(number, other) for other in members]

    def _contact(self, number: int, other: int) -> int:
        if self.realms[other] in (0, self.realms[number]):
            return self.bound[other]
        return self.roster.members[other].outside
