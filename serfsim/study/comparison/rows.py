"""One figure of one setting on both sides: the difference, its interval, and the verdict."""

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
ANY: Final = " > 0"  # ends the name of the share of runs in which a figure is not 0
STATISTICS: Final = ("mean", "p50", "p90", "p99", "max")
SHOWN: Final = ("worse", "better", "changed")  # of sweeps
TELLING: Final = (*SHOWN, "apart")


@dataclass(frozen=True)
class Row:
    """`difference` is candidate less base, in the figure's unit, with bounds `low` and `high`.

    `base` and `candidate` are the means of the runs compared: of pairs, those in which both have the
    figure. A figure 'NAME > 0' is the share of runs in which NAME is not 0.

    NaN bounds: there is no interval. `n`: the runs or nodes behind it, the fewer of both sides.
    `missing`: how many runs of the base and of the candidate have no such figure. Verdicts: better,
    worse, changed (the interval leaves out 0), of two results apart, whichever way it is; same (it does
    not, or there is no difference); equal (the very same in all runs); differs (there is no interval); "no
    value" (one side has none).
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
        """The part of the summary that it belongs to: detection, coordinates, ..."""
        return self.figure.split(".")[0]

    @property
    def is_share_of_runs(self) -> bool:
        """Whether it is the share of runs in which the figure is not 0."""
        return self.figure.endswith(ANY)

    def relative(self, value: float) -> float:
        """`value`, a difference or a bound, as a share of the base; NaN where the base is 0.

        A share of runs is one already, and stays as it is.
        """
        if self.is_share_of_runs:
            return value
        return value / abs(self.base) if self.base else math.nan


def verdict_of(figure: str, difference: float, low: float, high: float, *, equal: bool) -> Verdict:
    """What an interval of a difference says of a figure. `equal`: all runs agree to the last digit."""
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


def chosen_figures(figures: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """Those of `known` that are asked for: names or patterns such as 'detection.*'.

    All but the traffic of single types unless asked for. SerfsimError for one that fits nothing.
    """
    if figures is None:
        return [name for name in known if not name.startswith(BY_TYPE)]
    chosen: dict[str, None] = {}
    for pattern in figures:
        fitting = [name for name in known if fnmatchcase(name, pattern) or name.startswith(pattern + ".")]
        if not fitting:
            expected = "a figure, or a pattern of figures, that both have"
            raise SerfsimError(f"figures: {found_expected(repr(pattern), expected, nearest(pattern, known))}")
        chosen.update(dict.fromkeys(fitting))
    return [name for name in known if name in chosen]


def distinct(
    names: Sequence[str], doubles: Callable[[str, str], bool], asked: Collection[str]
) -> tuple[list[str], list[str]]:
    """The names without statistics that are another one's double, and a note on those left out.

    Where one member crashes a run, mean, median and all percentiles of a time are one value. What is
    `asked` for by its full name stays.
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
    notes = [f"of {stems} the statistics that are all the same are compared once"] if doubled else []
    return [name for name in names if name in left], notes
