"""Goals: 'detection.false_positives_at_healthy.p95 == 0', 'detection.full_s.p99'.

The longest prefix of a name that is a figure of a run is the figure; the rest is the statistic over seeds
(default: mean). `detection.full_s.p99` is a figure of one run, so it means the figure's mean over seeds;
`detection.full_s.p99.p95` is its 95th percentile over seeds.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ValidationError

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.scenario.claims import Claim
from serfsim.scenario.figures import BY_TYPE, OWN, better, is_figure, unit_of
from serfsim.scenario.problems import found_expected, problems_of, report
from serfsim.study.statistics import is_statistic

_NAME: Final = re.compile(r"\s*([\w./+-]+)(.*)", re.DOTALL)
_STATISTICS: Final = "a statistic over seeds: mean, median, p1 to p99, min or max"


@dataclass(frozen=True)
class Goal:
    """A statistic over seeds of a figure.

    `better`: the direction of improvement.
    """

    figure: str
    statistic: str
    better: Literal["lower", "higher"]

    @property
    def name(self) -> str:
        return f"{self.figure}.{self.statistic}"

    @property
    def unit(self) -> str:
        return unit_of(self.figure)


@dataclass(frozen=True)
class Constraint(Goal):
    """A goal with a comparison and a threshold.

    `text` as written, the threshold in the figure's unit.
    """

    text: str
    comparison: str
    threshold: float


def read_goal(text: str, where: str, known: Collection[str] = (), way: Any = None) -> Goal:
    """Read a figure and its statistic.

    `known`: the figures the runs have, where known. `way`: 'lower' or 'higher', where it is given rather than
    the figure's own. Raises SerfsimError, its message starting with `where`, for anything else.
    """
    if not text.strip():
        raise SerfsimError(f"{where}: {found_expected('nothing', 'a figure such as detection.full_s.p99')}")
    figure, statistic = _split(text.strip(), where, known)
    own = better(figure)
    return Goal(figure, statistic, way or ("lower" if own == "neither" else own))


def read_constraint(text: str, where: str, known: Collection[str] = ()) -> Constraint:
    """Read a comparison, as in a claim, of a statistic over seeds.

    Raises SerfsimError where it is invalid.
    """
    match = _NAME.fullmatch(text)
    if match is None or not re.match(r"\s*[=!<>]", match[2]):
        _claim(text, where)
        raise AssertionError(text)
    figure, statistic = _split(match[1], where, known)
    claim = _claim(figure + match[2], where)
    way: Literal["lower", "higher"] = "higher" if claim.comparison in (">", ">=", "!=") else "lower"
    written = " ".join(text.split())
    return Constraint(figure, statistic, way, written, claim.comparison, claim.threshold)


def _claim(text: str, where: str) -> Claim:
    try:
        return Claim.model_validate(text)
    except ValidationError as error:
        raise SerfsimError(f"{where}: {report(problems_of(error))}") from None


def _split(name: str, where: str, known: Collection[str]) -> tuple[str, str]:
    """Split a name into figure and statistic."""
    start, _, last = name.rpartition(".")
    if name.startswith((BY_TYPE, OWN)):
        figure, statistic = (start, last) if is_statistic(last) and is_figure(start) else (name, "mean")
    elif is_figure(name):
        figure, statistic = name, "mean"
    elif is_figure(start):
        if not is_statistic(last):
            raise SerfsimError(f"{where}: {found_expected(repr(last), f'{_STATISTICS}, after {start}')}")
        figure, statistic = start, last
    else:
        _claim(f"{name} == 0", where)  # which suggests the nearest figure
        raise AssertionError(name)
    if known and figure not in known:
        meant = nearest(figure, known)
        raise SerfsimError(f"{where}: {found_expected(repr(figure), 'a figure that these runs have', meant)}")
    return figure, statistic


def figures_of(columns: Collection[str]) -> list[str]:
    """Return the columns of a tidy table that are figures."""
    return [name for name in columns if is_figure(name)]
