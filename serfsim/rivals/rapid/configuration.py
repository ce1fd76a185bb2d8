"""Configurations: the sequence of memberships that all members agree on."""

from __future__ import annotations

from typing import Final, TypeAlias

from serfsim.native import i64

Proposal: TypeAlias = tuple[tuple[int, int], ...]
"""A view change: (member, identifier) of those that come, (member, REMOVED) of those that go, by number."""

REMOVED: Final = -1
MASK: Final = 0xFFFFFFFF
SEQUENCE: Final = 32  # bits of an identifier below the number of view changes
FIRST: Final = 1 << SEQUENCE


class Configuration:
    """Members with the identifiers of their processes.

    `number` identifies it: a hash of all changes so far, below a count of them. The paper has the hash alone;
    with the count a member knows which of two configurations is the newer one.
    """

    def __init__(self, number: i64, identifiers: dict[int, int]) -> None:
        self.number: i64 = number
        self.identifiers = identifiers
        self.members: list[int] = sorted(identifiers)

    def __contains__(self, member: i64) -> bool:
        return member in self.identifiers

    def has_process(self, member: i64, identifier: i64) -> bool:
        """Return whether this very process of a member is in."""
        return self.identifiers.get(member, REMOVED) == identifier

    @property
    def size(self) -> i64:
        return len(self.members)

    @property
    def fast_quorum(self) -> i64:
        """The votes of a fast round: three quarters (section 4.3)."""
        n: i64 = len(self.members)
        return n - (n - 1) // 4

    @property
    def majority(self) -> i64:
        n: i64 = len(self.members)
        return n // 2 + 1

    def after(self, proposal: Proposal) -> Configuration:
        """Return the configuration that follows once a proposal is decided."""
        identifiers = dict(self.identifiers)
        mixed: i64 = self.number & MASK
        for member, identifier in proposal:
            if identifier == REMOVED:
                identifiers.pop(member, 0)
            else:
                identifiers[member] = identifier
            mixed = _mix(_mix(mixed, member), identifier + 2)
        return Configuration(((self.number >> SEQUENCE) + 1) << SEQUENCE | mixed, identifiers)


def alone(member: i64, identifier: i64) -> Configuration:
    """Return the configuration of a process that founds a group."""
    return Configuration(FIRST | _mix(member + 1, identifier), {member: identifier})


def of_all(nodes: i64) -> Configuration:
    """Return the configuration of a group that has long been complete."""
    return Configuration(FIRST | (nodes & MASK), dict.fromkeys(range(nodes), 0))


def _mix(x: i64, y: i64) -> i64:
    mixed: i64 = (x * 0x45D9F3B + (y & MASK)) & MASK
    mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & MASK
    return mixed ^ (mixed >> 13)
