"""The claims of SWIM's formulas, judged, and our figures beside the published ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.swim import closed_forms
from serfsim.papers.swim.grid import DETECTION, FALSE, HALF_DOWN, INFECTION, LOAD, SMALL_GROUPS
from serfsim.study.reproduction import (
    NOT_JUDGED,
    Options,
    Verdict,
    intervals_of,
    judge,
    judge_near,
    means_of,
    values_of,
)
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 400  # failed rounds
JUDGED_INFECTION = {56: ("p50", "p90"), 128: ("p50", "p90", "p99"), 1000: ("p50", "p90", "p99")}
SHARE = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge first detection (+-2 %), failed rounds (+-5 %), infection (+-1 period), and load (+-2 %)."""
    return [*_detection(rows), *_false(rows), *_infection(rows), *_load(rows), *_scatter(rows)]


def _detection(rows: pd.DataFrame) -> list[Verdict]:
    sizes = {n: crashed for n, (crashed, _) in DETECTION.items()}
    cells = [*sizes.items(), HALF_DOWN[:2]]
    found = []
    for n, crashed in cells:
        values = values_of(rows, "periods", study="detection", n=n, crashed=crashed)
        name = f"detection.n{n}" if crashed < n // 2 else "detection.half"
        words = f"first detection in whole periods, {n} members" + (
            f", {crashed} crash" if crashed > 1 else ""
        )
        found.append(judge_near(name, words, closed_forms.first_detection(n, crashed), values, 0.02))
    n, (crashed, _) = 1000, DETECTION[1000]
    values = values_of(rows, "seconds", study="detection", n=n)
    expected = 1.0 + closed_forms.first_pick(1.0 / n, n - crashed)
    words = "the same in continuous time, to the end of the round"
    found.append(judge_near("detection.continuous", words, expected, values, 0.02))
    return found


def _false(rows: pd.DataFrame) -> list[Verdict]:
    found = []
    for q_ml, proxies in FALSE.items():
        for k in proxies:
            failed = sum(values_of(rows, "failed_rounds", study="false", q_ml=q_ml, k=k))
            values = values_of(rows, "failed_share", study="false", q_ml=q_ml, k=k)
            time = closed_forms.detection_time()
            verdict = judge_near(
                f"false.q{q_ml:g}.k{k}",
                f"PM(T) of false detections, q_ml = {q_ml:g}, k = {k}",
                closed_forms.false_detection(q_ml, k),
                [share * time for share in values],
                0.05,
            )
            if values and failed < ENOUGH:
                few = f"{failed:.0f} failed rounds are too few"
                verdict = replace(verdict, outcome=NOT_JUDGED, why=few)
            found.append(verdict)
    return found


def _infection(rows: pd.DataFrame) -> list[Verdict]:
    found = []
    for n, names in JUDGED_INFECTION.items():
        for name in names:
            expected = closed_forms.infection_time(n, SHARE[name])
            found.append(
                judge(
                    f"infection.n{n}.{name}",
                    f"periods until {100 * SHARE[name]:g} % of {n} members have an update",
                    f"{expected:.3g}",
                    values_of(rows, name, study="infection", n=n),
                    (expected - 1.0, expected + 1.0),
                    "±1 period",
                )
            )
    return found


def _load(rows: pd.DataFrame) -> list[Verdict]:
    values = values_of(rows, "sent", study="load", n=LOAD)
    return [judge_near("load", "a member sends two messages a period", 2.0, values, 0.02)]


def _scatter(rows: pd.DataFrame) -> list[Verdict]:
    """Judge whether the paper's measured means scatter around ours: single groups, a few crashes each."""
    values = [
        float(np.mean(chosen))
        for n in (*SMALL_GROUPS, 28)
        if len(chosen := values_of(rows, "periods", study="detection", n=n))
    ]
    words = "the seven measured means of Figure 3a lie around ours"
    return [judge("detection.measured", words, "1.11 to 3.26", values, (1.11, 3.26), "within their range")]


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return our figure for each published one."""
    found = {
        "analytic.detection": values_of(rows, "periods", study="detection", n=1000),
        "load": values_of(rows, "sent", study="load", n=LOAD),
    }
    found |= {
        f"detection.n{n}": values_of(rows, "periods", study="detection", n=n) for n in (*SMALL_GROUPS, 28)
    }
    found |= {f"infection.n{n}": values_of(rows, "p50", study="infection", n=n) for n in INFECTION if n < 100}
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return the figures by which sensitivity is measured, those of studies that are there."""
    found = {}
    for n in (8, 128):
        found[f"first detection, {n} members (periods)"] = values_of(rows, "periods", study="detection", n=n)
    for k in (1, 3):
        found[f"failed rounds at q_ml = 0.9, k = {k}"] = values_of(
            rows, "failed_share", study="false", q_ml=0.9, k=k
        )
    for n in (56, 1000):
        found[f"99 % infected, {n} members (periods)"] = values_of(rows, "p99", study="infection", n=n)
    return means_of(found) or {"-": math.nan}
