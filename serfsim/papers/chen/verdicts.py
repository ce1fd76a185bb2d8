"""NFD-S against its closed forms, and the same figures of memberlist, which nobody has published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serfsim.papers.chen.closed_forms import Setting
from serfsim.papers.chen.grid import GROUP_LOSSES, SETTINGS
from serfsim.study.reproduction import (
    NOT_JUDGED,
    Options,
    Verdict,
    intervals_of,
    judge,
    judge_near,
    means_of,
    report,
    values_of,
)
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 10_000  # mistakes
WITHIN = 0.03
NEAR = 0.1  # NFD-E's estimates scatter
PAPERS_DELAY = 0.02
FIGURES = ("recurrence_s", "duration_s", "accuracy")
NAMES = {"recurrence_s": "E(T_MR)", "duration_s": "E(T_M)", "accuracy": "1 - P_A"}


def setting(number: int) -> Setting:
    """Return the setting of a row of SETTINGS."""
    delta, loss, delay, _ = SETTINGS[number]
    return Setting(1.0, delta, loss, delay)


def values(rows: pd.DataFrame, study: str, number: int, figure: str) -> list[float]:
    """Return a figure of a setting, one of each seed."""
    delta, loss, delay, _ = SETTINGS[number]
    return list(values_of(rows, figure, study=study, delta=delta, loss=loss, delay=delay))


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge T_MR, T_M and P_A (+-3 % at 10,000 mistakes or more) and the bound of T_D (exact)."""
    found = []
    for number in range(len(SETTINGS)):
        one = setting(number)
        where = f"delta {one.delta:g}, loss {one.loss:g}, delay {one.delay:g}"
        mistakes = sum(values(rows, "mistakes", number, "mistakes"))
        for figure in FIGURES:
            ours = values(rows, "mistakes", number, figure)
            expected = getattr(one, figure)
            if figure == "accuracy":
                ours, expected = [1.0 - share for share in ours], 1.0 - expected
            name = f"{figure}.{number}"
            verdict = judge_near(name, f"{NAMES[figure]}, {where}", expected, ours, WITHIN)
            if ours and mistakes < ENOUGH:
                few = f"{mistakes:.0f} mistakes are too few"
                verdict = replace(verdict, outcome=NOT_JUDGED, why=few)
            found.append(verdict)
    for number in range(len(SETTINGS)):
        one = setting(number)
        late = values(rows, "crashes", number, "late")
        crashes = sum(values(rows, "crashes", number, "crashes"))
        claim = f"crashes of {crashes:.0f} detected later than delta + eta = {one.detection_bound_s:g} s"
        found.append(judge(f"bound.{number}", claim, "0", late, (0.0, 0.0), "exact", fewest=1))
    return [*found, *_estimated(rows), *_serf(rows)]


def _estimated(rows: pd.DataFrame) -> list[Verdict]:
    """Judge NFD-E by the closed forms of NFD-S at delta = alpha + E(D), at the paper's mean delay."""
    found = []
    for number in range(len(SETTINGS)):
        one = setting(number)
        where = f"NFD-E, alpha {one.delta - one.delay:g}, loss {one.loss:g}, delay {one.delay:g}"
        wrong = [1.0 - share for share in values(rows, "estimated", number, "accuracy")]
        name, claim = f"estimated.accuracy.{number}", f"{NAMES['accuracy']}, {where}"
        if one.delay == PAPERS_DELAY:
            found.append(judge_near(name, claim, 1.0 - one.accuracy, wrong, NEAR))
        else:
            found.append(report(name, claim, wrong))
    return found


def _serf(rows: pd.DataFrame) -> list[Verdict]:
    """Report the same figures of two members of Serf."""
    found = []
    for loss in GROUP_LOSSES:
        where = f"two members of Serf, {100 * loss:g} % of all packets lost"
        for figure, words in (
            ("accuracy", "P_A"),
            ("duration_s", "E(T_M) in s"),
            ("recurrence_s", "E(T_MR) in s"),
        ):
            values = list(values_of(rows, figure, study="memberlist", loss=loss))
            found.append(report(f"serf.{figure}.{loss:g}", f"{words}, {where}", values))
    return found


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return our figures of the settings in the table."""
    found = {
        f"{figure.removesuffix('_s')}.{number}": values(rows, "mistakes", number, figure)
        for number in (0, 3)
        for figure in FIGURES
    }
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return NFD-S's figures of the first setting, and Serf's by loss."""
    found = {f"NFD-S, {NAMES[figure]}": values_of(rows, figure, study="mistakes") for figure in FIGURES[:2]}
    for loss in GROUP_LOSSES:
        found[f"mistakes of two members of Serf, loss {100 * loss:g} %"] = values_of(
            rows, "mistakes", study="memberlist", loss=loss
        )
    return means_of(found)
