"""Random choices of members, drawn from a member's own stream."""

from __future__ import annotations

from serfsim.native import Random, i64


def shuffled(members: list[int], rng: Random) -> list[int]:
    """Return the members in random order (Fisher and Yates)."""
    found = list(members)
    last: i64 = len(found) - 1
    while last > 0:
        other: i64 = rng.randrange(last + 1)
        found[last], found[other] = found[other], found[last]
        last -= 1
    return found


def sample(members: list[int], count: i64, rng: Random) -> list[int]:
    """Return so many different members at random, or all of them where there are fewer."""
    rest = list(members)
    found: list[int] = []
    while len(found) < count and rest:
        at: i64 = rng.randrange(len(rest))
        found.append(rest[at])
        rest[at] = rest[len(rest) - 1]
        rest.pop()
    return found
