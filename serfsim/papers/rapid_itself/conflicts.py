"""Conflicting proposals of the cut detector alone (section 7, sensitivity to K, H and L).

Of 1000 processes some fail. All alerts about them reach every process, in a random order for each. A
process that proposes before it has heard enough of all of them conflicts with those that propose them all.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random
from serfsim.rivals.rapid import REMOVED, Configuration, CutDetector, observers_of, of_all

MEMBERS: Final = 1000
RINGS: Final = 10


def conflicting_share(high: int, low: int, failures: int, rng: Random, processes: int = MEMBERS) -> float:
    """Return the share of processes whose proposal lacks some of the failed members."""
    configuration = of_all(MEMBERS)
    failed = _sample(failures, rng)
    alerts = [
        (subject, 1 << ring)
        for subject in failed
        for ring, observer in enumerate(observers_of(subject, configuration.members, RINGS))
        if observer not in failed
    ]
    conflicts = sum(_proposed(configuration, alerts, high, low, rng) < failures for _ in range(processes))
    return conflicts / processes


def _proposed(
    configuration: Configuration, alerts: list[tuple[int, int]], high: int, low: int, rng: Random
) -> int:
    """Return how many members a process proposes to remove, once it proposes."""
    cut = CutDetector(configuration, RINGS, high, low)
    order = list(alerts)
    for last in range(len(order) - 1, 0, -1):
        other = rng.randrange(last + 1)
        order[last], order[other] = order[other], order[last]
    for subject, ring in order:
        cut.add(subject, REMOVED, ring, 0.0)
        proposal = cut.proposal()
        if proposal:
            return len(proposal)
    cut.imply(0.0)
    return len(cut.proposal())


def _sample(count: int, rng: Random) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        member = rng.randrange(MEMBERS)
        if member not in found:
            found.append(member)
    return found
