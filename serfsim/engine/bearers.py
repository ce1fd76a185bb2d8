"""The members meant by a name that several agents bear.

A machine knows members by name, the truth knows them by process. Which one an observer means follows from the
address under which it last saw the name join.
"""

from __future__ import annotations

from serfsim.native import i64

OBSERVER_SHIFT = 32


class Bearers:
    """`announce` says which member has a name and an address; `joined` follows each observer's view."""

    def __init__(self) -> None:
        self._members: dict[int, dict[int, int]] = {}  # by name, then by address
        self._homes: dict[int, int] = {}  # the address of each name where an event gives none
        self._meant: dict[int, int] = {}  # by observer and name

    def announce(self, name: i64, address: i64, member: i64) -> None:
        """Note that a member bears a name at an address from now on; the first address is the name's home."""
        self._homes.setdefault(name, address)
        self._members.setdefault(name, {})[address] = member

    def joined(self, observer: i64, name: i64, detail: i64) -> None:
        """Note a join; `detail` as in `protocol.events`."""
        members = self._members.get(name)
        if members is not None:
            address = detail - 1 if detail > 0 else self._homes[name]
            self._meant[observer << OBSERVER_SHIFT | name] = members.get(address, name)

    def member(self, observer: i64, name: i64) -> i64:
        """Return the member that an observer means by a name."""
        if name < 0 or name not in self._members:
            return name
        return self._meant.get(observer << OBSERVER_SHIFT | name, name)
