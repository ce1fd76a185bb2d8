"""The outcome of a tuning: every setting with its verdict, the front, and the answer in one sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.atomic_folders import write_each
from serfsim.base.errors import ResultError
from serfsim.results.summary import finite
from serfsim.study.statistics import Interval, interval
from serfsim.study.tuning.answer import sentence_of
from serfsim.study.tuning.describe import as_html, as_markdown
from serfsim.study.tuning.goals import Constraint, Goal
from serfsim.study.tuning.judging import Judgement, Verdict, judge_settings, verdict_of
from serfsim.study.tuning.settings import Setting

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Judged:
    """One setting: objective, judgements and the two goals of the front.

    The objective's interval is at the stated confidence, for this setting alone; the judgements are in the
    order of the constraints.
    """

    setting: Setting
    objective: Interval
    judgements: tuple[Judgement, ...]
    pareto: tuple[Interval, Interval]
    on_front: bool

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.judgements)


class Tuning:
    """The answer to a tuning.

    `status`: "found", "undecided" (more seeds could find one) or "none". `chosen` is the setting found.
    """

    def __init__(
        self,
        name: str,
        settings: Sequence[Setting],
        objective: Goal,
        constraints: Sequence[Constraint],
        *,
        confidence: float,
        judge: str,
        pareto: tuple[Goal, Goal],
    ) -> None:
        self.name = name
        self.objective = objective
        self.constraints = tuple(constraints)
        self.confidence = confidence
        self.judge = judge
        self.pareto = pareto
        rows = judge_settings(settings, constraints, confidence, judge)
        goals = dict.fromkeys((objective, *pareto))
        found = [{goal: measure(setting, goal, confidence) for goal in goals} for setting in settings]
        first, second = ([one[goal].estimate for one in found] for goal in pareto)
        front = on_front(first, second, (pareto[0].better, pareto[1].better))
        self.settings = [
            Judged(setting, one[objective], tuple(row), (one[pareto[0]], one[pareto[1]]), is_on)
            for setting, row, one, is_on in zip(settings, rows, found, front, strict=True)
        ]

    def best_of(self, verdict: str) -> list[Judged]:
        """Return the settings with this verdict that have an objective, the best first."""
        sign = 1.0 if self.objective.better == "lower" else -1.0
        able = [
            one
            for one in self.settings
            if one.verdict == verdict and abs(one.objective.estimate) < float("inf")
        ]
        return sorted(able, key=lambda one: sign * one.objective.estimate)

    @cached_property
    def chosen(self) -> Judged | None:
        return next(iter(self.best_of("satisfied")), None)

    @property
    def status(self) -> str:
        if self.chosen is not None:
            return "found"
        return "undecided" if any(one.verdict != "violated" for one in self.settings) else "none"

    @property
    def near_ties(self) -> list[Judged]:
        """The other satisfied settings whose objective's interval overlaps the chosen one's."""
        if self.chosen is None:
            return []
        others = self.best_of("satisfied")[1:]
        return [one for one in others if one.objective.overlaps(self.chosen.objective)]

    @cached_property
    def answer(self) -> str:
        """The answer in one sentence."""
        return sentence_of(self)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per setting, in the order of the grid.

        The parameters; seeds; failed (runs); the objective's name, ..._low, ..._high, ..._missing; for each
        constraint TEXT: TEXT: estimate, bound, verdict, confidence, missing, seeds_needed; verdict (of all
        constraints), on_front, chosen. Infinite bounds: too few runs for one.
        """
        # start-up: pandas is slow to import
        import pandas as pd

        return pd.DataFrame([self._row(one) for one in self.settings])

    @property
    def front(self) -> pd.DataFrame:
        """The rows of the table on the Pareto front."""
        return self.table[self.table["on_front"]]

    def _row(self, one: Judged) -> dict[str, Any]:
        name = self.objective.name
        row: dict[str, Any] = {
            **one.setting.parameters,
            "seeds": one.setting.seeds,
            "failed": one.setting.failed,
            name: one.objective.estimate,
            f"{name}_low": one.objective.low,
            f"{name}_high": one.objective.high,
            f"{name}_missing": one.setting.missing(self.objective.figure),
        }
        for judgement in one.judgements:
            text = judgement.constraint.text
            for column in ("estimate", "bound", "verdict", "confidence", "missing"):
                row[f"{text}: {column}"] = getattr(judgement, column)
            row[f"{text}: seeds_needed"] = float("nan") if judgement.needed is None else judgement.needed
        return {**row, "verdict": one.verdict, "on_front": one.on_front, "chosen": one is self.chosen}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the two goals against each other, with intervals, the front and the answer."""
        # start-up: they import matplotlib
        from serfsim.report.plots.style import new_axes
        from serfsim.study.tuning.plot import draw

        return draw(self, new_axes() if ax is None else ax)

    def save(self, folder: str | Path) -> Path:
        """Write tuning.json, tuning.csv, tuning.md and pareto.png into `folder`; return it."""
        return write(self, Path(folder))

    def _repr_html_(self) -> str:
        return as_html(self)

    def __repr__(self) -> str:
        return f"<Tuning {self.name}: {self.answer}>"


SCHEMA_VERSION: Final = 1


def write(tuning: Tuning, folder: Path) -> Path:
    """Write all files.

    Raises SerfsimError where the folder cannot be written.
    """
    # start-up: it imports matplotlib
    from serfsim.report.figures import png_of

    files = {
        "tuning.json": json.dumps(as_json(tuning), indent=2, allow_nan=False) + "\n",
        "tuning.csv": tuning.table.to_csv(index=False),
        "tuning.md": as_markdown(tuning),
        "pareto.png": png_of(tuning.plot),
    }
    write_each(folder, files, ResultError, "tuning")
    return folder


def as_json(tuning: Tuning) -> dict[str, Any]:
    """Return the tuning in types of JSON; values that are not finite become null."""
    document: dict[str, Any] = finite(
        {
            "schema_version": SCHEMA_VERSION,
            "name": tuning.name,
            "answer": tuning.answer,
            "status": tuning.status,
            "confidence": tuning.confidence,
            "judge": tuning.judge,
            "objective": {"name": tuning.objective.name, "better": tuning.objective.better},
            "constraints": [one.text for one in tuning.constraints],
            "pareto": [goal.name for goal in tuning.pareto],
            "chosen": None if tuning.chosen is None else tuning.chosen.setting.parameters,
            "near_ties": [one.setting.parameters for one in tuning.near_ties],
            "settings": tuning.table.to_dict("records"),
        }
    )
    return document


def measure(setting: Setting, goal: Goal, confidence: float) -> Interval:
    """Measure a goal at a setting; a run without the figure counts as worse than any with one."""
    worst = math.inf if goal.better == "lower" else -math.inf
    values = setting.values(goal.figure, without=worst, failed=worst)
    return interval(values, goal.statistic, confidence)


def on_front(first: Sequence[float], second: Sequence[float], ways: tuple[str, str]) -> list[bool]:
    """Return which of the points (first, second) are on the Pareto front.

    No other point is at least as good in both and better in one. `ways`: the better direction in each,
    'lower' or 'higher'. A value that is not finite is not on the front.
    """
    signs = [1.0 if way == "lower" else -1.0 for way in ways]
    points = [(signs[0] * x, signs[1] * y) for x, y in zip(first, second, strict=True)]

    def is_beaten(point: tuple[float, float]) -> bool:
        return any(x <= point[0] and y <= point[1] and (x, y) != point for x, y in points)

    return [math.isfinite(x) and math.isfinite(y) and not is_beaten((x, y)) for x, y in points]
