"""Options of `serfsim sweep`, checked before anything runs."""

from __future__ import annotations

from serfsim.base.english import nearest
from serfsim.base.errors import SweepError
from serfsim.scenario.figures import FIGURES, is_figure
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.statistics import is_statistic


def read_figures(text: str | None, scenario: Scenario | None = None) -> list[str]:
    """Read the names of --figures; without any, return those of the scenario's own study.

    Raises SweepError for an unknown figure.
    """
    if text is None and scenario is not None and scenario.situation and scenario.situation.study:
        return list(scenario.situation.study.figures)
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if not is_figure(name):
            expected = "a figure of a summary, such as detection.false_positives"
            raise SweepError(f"--figures: {found_expected(quoted(name), expected, nearest(name, FIGURES))}")
    return names


def read_statistic(text: str) -> str:
    """Read the name of --statistic.

    Raises SweepError for an unknown one.
    """
    if not is_statistic(text):
        raise SweepError(
            f"--statistic: {found_expected(quoted(text), 'mean, median, p1 to p99, min or max')}"
        )
    return text
