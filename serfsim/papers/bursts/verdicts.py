"""False positives by the length of loss bursts: new figures, without a published one beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.papers.bursts.runs import BURSTS, LOSSES, TCP
from serfsim.study.reproduction import Assumption, Options, Verdict, judge, judge_near, values_of
from serfsim.study.statistics import Interval, interval

if TYPE_CHECKING:
    import pandas as pd

ASSUMPTIONS: Final = (
    Assumption(
        "where",
        "pairs",
        ("links",),
        "not stated",
        "a chain for each ordered pair, which moves with its packets; or members' own links, by time",
    ),
)
MOST: Final = 1e9


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge that the mean loss is as wanted, and report false positives an hour."""
    found = []
    for loss in LOSSES:
        for burst in BURSTS:
            values = values_of(rows, "lost_share", loss=loss, burst=burst, tcp="open")
            where = f"{100 * loss:g} % in bursts of {burst}"
            found.append(
                judge_near(f"loss.{loss:g}.{burst}", f"mean loss, {where}", loss, values, 0.1, fewest=1)
            )
    for tcp in TCP:
        for loss in LOSSES:
            for burst in BURSTS:
                values = values_of(rows, "false_positives_per_hour", loss=loss, burst=burst, tcp=tcp)
                where = f"TCP {tcp}, {100 * loss:g} % in bursts of {burst}"
                claim = f"new: false positives an hour, 20 members, {where}"
                bounds = (0.0, 0.0) if tcp == "open" else (0.0, MOST)
                rule = "none with TCP" if tcp == "open" else "none published"
                name = f"false.{tcp}.{loss:g}.{burst}"
                found.append(judge(name, claim, "-", values, bounds, rule, fewest=1))
    return found


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return the mean losses that occurred."""
    found = {
        f"loss.{100 * loss:g}": [100.0 * one for one in values_of(rows, "lost_share", loss=loss, tcp="open")]
        for loss in (0.01, 0.1)
    }
    return {name: interval(values) for name, values in found.items() if values}


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return false positives and suspicions by TCP."""
    found = {}
    for tcp in TCP:
        for figure, words in (
            ("false_positives_per_hour", "false positives"),
            ("suspicions_per_hour", "suspicions"),
        ):
            values = values_of(rows, figure, tcp=tcp)
            if len(values):
                found[f"{words} an hour, TCP {tcp}"] = float(np.mean(values))
    return found
