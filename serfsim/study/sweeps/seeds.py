"""The seeds of a sweep: '1-20', '1,2,5-9', or whole numbers."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from typing import Final

from serfsim.base.errors import SweepError
from serfsim.scenario.model import LARGEST_SEED
from serfsim.scenario.problems import found_expected, quoted

MOST: Final = 1_000_000
_PART: Final = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")
_EXPECTED: Final = "seeds such as 1-20 or 1,2,5-9"


def read_seeds(text: str) -> list[int]:
    """[1, 2, 5, 6, 7] of '1,2,5-7'. SweepError for anything else, and for a seed that is there twice."""
    seeds: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise SweepError(f"seeds: {found_expected(quoted(text), _EXPECTED)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise SweepError(f"seeds: {found_expected(f'{first}-{last}', 'the smaller seed first')}")
        if last - first >= MOST:
            raise SweepError(f"seeds: {found_expected(f'{first}-{last}', f'at most {MOST:,} seeds')}")
        seeds += range(first, last + 1)
    return checked_seeds(seeds)


def checked_seeds(seeds: Iterable[int] | str) -> list[int]:
    """The seeds as a list of whole numbers, each once. SweepError."""
    if isinstance(seeds, str):
        return read_seeds(seeds)
    try:
        numbers = [operator.index(seed) for seed in seeds]
    except TypeError:
        raise SweepError(
            f"seeds: {found_expected(quoted(seeds), 'whole numbers, such as range(1, 21)')}"
        ) from None
    if not numbers:
        raise SweepError(f"seeds: {found_expected('no seed', 'at least one')}")
    outside = next((seed for seed in numbers if not 0 <= seed <= LARGEST_SEED), None)
    if outside is not None:
        raise SweepError(f"seeds: {found_expected(str(outside), f'a number from 0 to {LARGEST_SEED}')}")
    known: set[int] = set()
    for seed in numbers:
        if seed in known:
            raise SweepError(f"seeds: {found_expected(f'{seed} twice', 'each seed once')}")
        known.add(seed)
    return numbers
