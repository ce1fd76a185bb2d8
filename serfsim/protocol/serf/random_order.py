"""Orders that Serf leaves to chance: of a shuffled list, and of a Go map."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64

SLOTS: Final = 8  # of a bucket of a Go map


def shuffled(names: list[str], rng: Random) -> list[str]:
    """The names in random order."""
    order = names.copy()
    i: i64 = 0
    while i < len(order):
        j: i64 = rng.randrange(i + 1)
        other = order[i]
        order[i] = order[j]
        order[j] = other
        i += 1
    return order


def as_go_ranges(entries: dict[str, str], rng: Random) -> dict[str, str]:
    """The entries of a Go map in the order of one loop over it; another each time.

    Up to eight entries lie in one bucket in the order in which they were put there, and a loop goes
    round from a random slot; those of a larger map lie scattered.
    """
    count: i64 = len(entries)
    if count < 2:
        return entries
    names = list(entries)
    if count <= SLOTS:
        start: i64 = rng.randrange(SLOTS)
        if start < count:
            names = names[start:] + names[:start]
    else:
        names = shuffled(names, rng)
    return {name: entries[name] for name in names}
