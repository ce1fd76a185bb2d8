"""Options of `serfsim sweep`, checked before anything runs."""

from __future__ import annotations

from serfsim.base.english import nearest
from serfsim.base.errors import SweepError
from serfsim.scenario.figures import FIGURES, is_figure
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.statistics import is_statistic


def read_figures(text: str | None) -> list[str]:
    """Read the names of --figures.

    Raises SweepError for an unknown figure.
    """
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
