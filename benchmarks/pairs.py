"""Alternate measurements of several cases, and ratios within pairs."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.cases import Case, Measurement


class Ratio(NamedTuple):
    """Median of the pairs' ratios, and its 95 % interval (bootstrap over the pairs)."""

    median: float
    low: float
    high: float
    pairs: int


def in_turns(
    cases: Sequence[Case], rounds: int, begins: Callable[[Case], None] = lambda case: None
) -> list[list[Measurement]]:
    """Measure each case `rounds` times; every round has its own seed.

    Each round runs all cases once, so a temporarily slow machine slows all of them; the first case rotates.
    Raises Unavailable.
    """
    found: list[list[Measurement]] = [[] for _ in cases]
    for round_ in range(rounds):
        order = range(len(cases)) if round_ % 2 == 0 else reversed(range(len(cases)))
        for number in order:
            begins(cases[number])
            found[number].append(cases[number].measure(seed=1 + round_))
    return found


def ratio(above: Sequence[float], below: Sequence[float], draws: int = 2000) -> Ratio:
    """Return the ratio of pairs: above[i] was measured beside below[i]."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(draws))
    low, high = medians[draws // 40], medians[-draws // 40 - 1]
    return Ratio(statistics.median(ratios), low, high, len(ratios))
