"""Figures for which no agreement was laid down: which of them recordings contradict all the same.

Each recording's value, the mean where it has several, is held against those of its own simulated runs. One
in fifty lies outside their 1..99 % range though nothing is wrong. So a figure is listed once it lies outside
in two recordings of a kind or more, to the same side; `by_chance` where so many of so many may.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from serfsim.validation.compare import RANGE, Pair
from serfsim.validation.runs import pooled
from serfsim.validation.tolerances import tolerance_of

LEAST = 2
LEAST_RUNS = 20  # the extremes of fewer are too close to call anything outside
UNLIKELY = 0.01
# Their counts are looked at, and their sizes judged.
TWICE = "_message_bytes_per_node_s"
SAME = 1e-9  # of a value; what is printed alike lies inside


@dataclass(frozen=True)
class Outlier:
    """A figure of a kind; `above` where recorded values lie above simulated ones; `of` were compared."""

    kind: str
    figure: str
    above: bool
    recordings: tuple[str, ...]
    recorded: tuple[float, ...]
    simulated: tuple[float, ...]  # their means
    of: int
    by_chance: bool


def outliers(pairs: list[Pair]) -> tuple[list[Outlier], int]:
    """What is to be listed, and how many (recording, figure) were looked at; none of too few runs."""
    sides: dict[tuple[str, str], list[tuple[int, str, float, float]]] = {}
    for pair in pairs:
        for figure in pair.recorded:
            if figure.endswith(TWICE) or tolerance_of(pair.golden, figure) is not None:
                continue
            if len(pair.runs) >= LEAST_RUNS and (seen := side_of(pair, figure)) is not None:
                sides.setdefault((pair.golden.kind, figure), []).append(seen)
    found = []
    for (kind, figure), seen_all in sides.items():
        for sign in (1, -1):
            mine = [seen for seen in seen_all if seen[0] == sign]
            if len(mine) >= LEAST:
                _, names, recorded, simulated = zip(*mine, strict=True)
                chance = (
                    float(binom.sf(len(mine) - 1, len(seen_all), one_side(len(pairs[0].runs)))) > UNLIKELY
                )
                found.append(
                    Outlier(kind, figure, sign > 0, names, recorded, simulated, len(seen_all), chance)
                )
    return found, sum(map(len, sides.values()))


def one_side(runs: int) -> float:
    """How often one more value lies below the 1 % quantile, interpolated, of so many; above 99 % as often."""
    return (1.0 + RANGE[0] * (runs - 1)) / (runs + 1)


def side_of(pair: Pair, figure: str) -> tuple[int, str, float, float] | None:
    """+1 above the range of the simulated runs, -1 below, 0 inside; None where one side has no value."""
    recorded = np.array(pair.recorded[figure], dtype=np.float64)
    recorded = recorded[np.isfinite(recorded)]
    runs = [pooled({seed: run}, figure) for seed, run in sorted(pair.runs.items())]
    means = np.array([np.mean(values) for values in runs if values])
    if len(recorded) == 0 or len(means) == 0:
        return None
    value = float(recorded.mean())
    low, high = np.quantile(means, RANGE)
    slack = SAME * max(1.0, abs(value))
    sign = int(value > high + slack) - int(value < low - slack)
    return sign, pair.golden.name, value, float(means.mean())
