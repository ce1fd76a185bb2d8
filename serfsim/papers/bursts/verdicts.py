"""False positives by the length of loss bursts: new figures, without a published one beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.papers.bursts.runs import BURSTS, LOSSES, TCP
from serfsim.study.reproduction import (
    Assumption,
    Options,
    Verdict,
    intervals_of,
    judge_near,
    means_of,
    report,
    values_of,
)
from serfsim.study.statistics import Interval

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
                values = list(values_of(rows, "false_positives_per_hour", loss=loss, burst=burst, tcp=tcp))
                where = f"TCP {tcp}, {100 * loss:g} % in bursts of {burst}"
                claim = f"false positives an hour, 20 members, {where}"
                found.append(report(f"false.{tcp}.{loss:g}.{burst}", claim, values))
    return found


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return the suspicions an hour where TCP is cut and losses are independent, as in SWIM's formula."""
    found = {
        f"suspicions.{loss:g}": values_of(rows, "suspicions_per_hour", loss=loss, burst=1, tcp="cut")
        for loss in LOSSES
    }
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return false positives and suspicions by TCP."""
    found = {}
    for tcp in TCP:
        for figure, words in (
            ("false_positives_per_hour", "false positives"),
            ("suspicions_per_hour", "suspicions"),
        ):
            found[f"{words} an hour, TCP {tcp}"] = values_of(rows, figure, tcp=tcp)
    return means_of(found)
