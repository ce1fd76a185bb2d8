"""The joining side of the join protocol: from a seed to the observers to the configuration (section 4.1)."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64

IDENTIFIERS: Final = 1 << 31


class Joiner:
    """A process that asks to be taken in.

    `attempt` counts its attempts; a message or a timer of an earlier one is void. `seeds` are the addresses
    that it asks in turn.
    """

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.identifier: i64 = 1 + rng.randrange(IDENTIFIERS)
        self.seeds: list[int] = []
        self.attempt: i64 = 0
        self.is_joining = False
        self.is_fetching = False

    def ask(self, address: i64) -> bool:
        """Add a seed; return True if the joiner was idle and should begin."""
        if address not in self.seeds:
            self.seeds.append(address)
        if self.is_joining:
            return False
        self.is_joining = True
        return True

    def next_seed(self) -> i64:
        """Begin another attempt; return whom to ask."""
        seed: i64 = self.seeds[self.attempt % len(self.seeds)]
        self.attempt += 1
        return seed

    def become_another_process(self) -> None:
        """Take a new identifier, as a process that was removed must (section 3)."""
        self.identifier = 1 + self.rng.randrange(IDENTIFIERS)

    def finish(self) -> None:
        self.attempt += 1
        self.seeds = []
        self.is_joining = False
        self.is_fetching = False
