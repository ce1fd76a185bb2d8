"""A row of a comparison: one figure at one setting, its difference, interval and verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.scenario.figures import BY_TYPE, better
from serfsim.scenario.problems import found_expected, listed

Verdict = Literal["better", "worse", "changed", "apart", "same", "equal", "differs", "no value"]
ANY: Final = " > 0"  # suffix of the share of runs in which a figure is not 0
STATISTICS: Final = ("mean", "p50", "p90", "p99", "max")
SHOWN: Final = ("worse", "better", "changed")  # of sweeps
TELLING: Final = (*SHOWN, "apart")


@dataclass(frozen=True)
class Row:
    """One figure of one setting on both sides.

    `difference` is candidate minus base, in the figure's unit, with bounds `low` and `high`; NaN bounds mean
    there is no interval. `base` and `candidate` are means over the runs compared, for pairs over those in
    which both have the figure. A figure 'NAME > 0' is the share of runs in which NAME is not 0. `n`: runs or
    nodes, the smaller of both sides. `missing`: runs of the base and of the candidate without the figure.

    Verdicts: better, worse or changed (the interval excludes 0), apart (the same for two results), same (it
    includes 0, or there is no difference), equal (identical in all runs), differs (no interval), "no value"
    (missing on one side).
    """

    setting: str
    figure: str
    base: float
    candidate: float
    difference: float
    low: float
    high: float
    n: int
    missing: tuple[int, int]
    verdict: Verdict

    @property
    def family(self) -> str:
        """The section of the summary the figure belongs to: detection, coordinates, ..."""
        return self.figure.split(".")[0]

    @property
    def is_share_of_runs(self) -> bool:
        """True for the share of runs in which a figure is not 0."""
        return self.figure.endswith(ANY)

    def relative(self, value: float) -> float:
        """Return `value`, a difference or a bound, as a share of the base; NaN where the base is 0.

        A share of runs is returned unchanged.
        """
        if self.is_share_of_runs:
            return value
        return value / abs(self.base) if self.base else math.nan


def verdict_of(figure: str, difference: float, low: float, high: float, *, equal: bool) -> Verdict:
    """Return the verdict that the interval of a difference implies.

    `equal`: all runs agree to the last digit.
    """
    if equal:
        return "equal"
    if math.isnan(difference):
        return "no value"
    if not (math.isfinite(low) and math.isfinite(high)):
        return "differs" if difference else "same"
    if low <= 0.0 <= high:
        return "same"
    way = better(figure)
    if way == "neither":
        return "changed"
    return "better" if (difference < 0) == (way == "lower") else "worse"


def select_figures(figures: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """Return the known figures that names or patterns such as 'detection.*' select.

    Without `figures`, all except the traffic of single message types. Raises SerfsimError for a pattern that
    matches nothing.
    """
    if figures is None:
        return [name for name in known if not name.startswith(BY_TYPE)]
    chosen: dict[str, None] = {}
    for pattern in figures:
        fitting = [name for name in known if fnmatchcase(name, pattern) or name.startswith(pattern + ".")]
        if not fitting:
            expected = "a figure or a pattern of figures that both sides have"
            raise SerfsimError(f"figures: {found_expected(repr(pattern), expected, nearest(pattern, known))}")
        chosen.update(dict.fromkeys(fitting))
    return [name for name in known if name in chosen]


def distinct(
    names: Sequence[str], doubles: Callable[[str, str], bool], asked: Collection[str]
) -> tuple[list[str], list[str]]:
    """Drop statistics that duplicate another one, and return the names left with a note.

    Where a run has a single crash, mean, median and all percentiles of a time are one value. Names in `asked`
    stay.
    """
    kept: dict[str, list[str]] = {}
    doubled: dict[str, None] = {}
    for name in names:
        stem, _, statistic = name.rpartition(".")
        known = kept.setdefault(stem, [])
        alike = statistic in STATISTICS and any(doubles(name, other) for other in known)
        if alike and name not in asked:
            doubled[stem] = None
        else:
            known.append(name)
    left = {name for members in kept.values() for name in members}
    stems = listed(doubled).replace(" or ", " and ")
    notes = [f"identical statistics of {stems} are compared once"] if doubled else []
    return [name for name in names if name in left], notes
