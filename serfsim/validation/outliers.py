"""Figures without a tolerance that the recordings contradict.

Each recording's value, or the mean of several, is compared with its own simulated runs. One in fifty lies
outside their 1..99 % range by chance. So a figure is listed once it lies outside on the same side in at least
two recordings of a kind; `by_chance` where chance may produce that many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from serfsim.validation.compare import RANGE, Pair
from serfsim.validation.runs import pool_figures
from serfsim.validation.tolerances import tolerance_of

LEAST = 2
LEAST_RUNS = 20  # the extremes of fewer runs are too close together
UNLIKELY = 0.01
# Types of messages, whose sizes are judged and counts checked.
TWICE = "_message_bytes_per_node_s"
SAME = 1e-9  # relative; values printed alike lie inside


@dataclass(frozen=True)
class Outlier:
    """A figure of a kind.

    `above`: the recorded values lie above the simulated ones. `of`: recordings compared.
    """

    kind: str
    figure: str
    above: bool
    recordings: tuple[str, ...]
    recorded: tuple[float, ...]
    simulated: tuple[float, ...]  # means of the runs
    of: int
    by_chance: bool


def outliers(pairs: list[Pair]) -> tuple[list[Outlier], int]:
    """Return the figures to list, and the number of (recording, figure) values checked."""
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
    """Return the probability that a value lies below the interpolated 1 % quantile of so many others."""
    return (1.0 + RANGE[0] * (runs - 1)) / (runs + 1)


def side_of(pair: Pair, figure: str) -> tuple[int, str, float, float] | None:
    """Return +1 above the range of the simulated runs, -1 below, 0 inside; None without values."""
    recorded = np.array(pair.recorded[figure], dtype=np.float64)
    recorded = recorded[np.isfinite(recorded)]
    runs = [pool_figures({seed: run}, figure) for seed, run in sorted(pair.runs.items())]
    means = np.array([np.mean(values) for values in runs if values])
    if len(recorded) == 0 or len(means) == 0:
        return None
    value = float(recorded.mean())
    low, high = np.quantile(means, RANGE)
    slack = SAME * max(1.0, abs(value))
    sign = int(value > high + slack) - int(value < low - slack)
    return sign, pair.golden.name, value, float(means.mean())
