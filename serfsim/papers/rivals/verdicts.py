"""Claims of the detectors' own papers, and the plain question where Serf loses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.papers.rivals.grid import DETECTORS, LARGE, SITUATIONS, SMALL
from serfsim.study.reproduction import Options, Verdict, intervals_of, judge, values_of
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

NETWORK: Final = "five regions"
SERF: Final = "Serf"
NONE: Final = (0.0, 0.0)
NEW: Final = "new"


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge what each detector promises, and compare each with Serf at the defaults of both."""
    return [*promises(rows), *curves(rows), *comparisons(rows)]


def of(rows: pd.DataFrame, figure: str, situation: str, detector: str, members: int = SMALL) -> list[float]:
    """Return a figure of a detector at its default in five regions."""
    setting = str(DETECTORS[detector].default)
    return list(
        values_of(
            rows, figure, network=NETWORK, N=members, situation=situation, detector=detector, setting=setting
        )
    )


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return our figures beside the published ones; a period is a second."""
    return intervals_of(
        {
            "swim.first": of(rows, "first_s", "crash", "SWIM without suspicion"),
            "heartbeats.load": of(rows, "packets", "crash", "heartbeats"),
        }
    )


def promises(rows: pd.DataFrame) -> Iterator[Verdict]:
    """Judge what the papers say of calm networks, completeness, and load."""
    for name in DETECTORS:
        yield judge(
            f"calm.{name}",
            f"{name}: with crashes alone nobody sound is declared failed",
            "0",
            of(rows, "mistakes", "crash", name),
            NONE,
            "none",
        )
        yield judge(
            f"complete.{name}",
            f"{name}: all learn of every crash (strong completeness)",
            "0 missed",
            of(rows, "missed", "crash", name),
            NONE,
            "none",
        )
    for name, bounds, words in (
        ("heartbeats", (12.0, 20.0), "grow as N does"),
        ("SWIM", (0.5, 2.0), "do not depend on N (SWIM, section 3)"),
        (SERF, (0.5, 2.0), "do not depend on N (SWIM, section 3)"),
    ):
        small, large = (of(rows, "packets", "crash", name, members) for members in (SMALL, LARGE))
        ratios = [two / one for one, two in zip(small, large, strict=False) if one]
        yield judge(
            f"load.{name}",
            f"{name}: packets a member, {LARGE} members to {SMALL}, {words}",
            "16" if bounds[0] > 2.0 else "1",
            ratios,
            bounds,
            f"{bounds[0]:g} to {bounds[1]:g}",
            fewest=1,
        )
    yield judge(
        "slow.Serf",
        "Serf: members that stand still get no sound one declared failed (Lifeguard)",
        "0",
        of(rows, "mistakes", "slow members", SERF),
        (0.0, 0.5),
        "fewer than one in two runs",
    )
    yield judge(
        "fallback.Serf",
        "Serf: a member with UDP blocked and TCP open is not declared failed (memberlist's TCP fallback)",
        "0",
        of(rows, "about_struck", "UDP blocked", SERF),
        NONE,
        "none",
    )


def curves(rows: pd.DataFrame) -> Iterator[Verdict]:
    """Judge the trade-off: a slower setting makes no more mistakes in any situation, and is slower."""
    for name, detector in DETECTORS.items():
        first, last = (str(value) for value in (detector.values[0], detector.values[-1]))
        changes = {"mistakes": [], "full_s": []}  # type: dict[str, list[float]]
        for situation in SITUATIONS:
            for figure, found in changes.items():
                quick, slow = (
                    values_of(
                        rows,
                        figure,
                        network=NETWORK,
                        N=SMALL,
                        situation=situation,
                        detector=name,
                        setting=setting,
                    )
                    for setting in (first, last)
                )
                if len(quick) and len(slow):
                    found.append(float(np.mean(slow) - np.mean(quick)))
        yield judge(
            f"curve.{name}",
            f"{name}: a slower setting detects later, in every situation: least difference",
            "above 0 s",
            [min(changes["full_s"])] if changes["full_s"] else [],
            (0.0, math.inf),
            "above 0",
            fewest=1,
        )
        yield judge(
            f"trade.{name}",
            f"{name}: a slower setting makes no more mistakes, in every situation: largest difference",
            "at most 0",
            [max(changes["mistakes"])] if changes["mistakes"] else [],
            (-math.inf, 0.5),
            "at most half a mistake a run more",
            fewest=1,
        )


def comparisons(rows: pd.DataFrame) -> Iterator[Verdict]:
    """Say where Serf makes more mistakes, or is slower, than a rival at the defaults of both."""
    for name in DETECTORS:
        if name == SERF:
            continue
        for figure, words in (("mistakes", "makes no more mistakes than"), ("full_s", "is no slower than")):
            lost = [situation for situation in SITUATIONS if _loses(rows, figure, situation, name)]
            compared = [one for one in SITUATIONS if len(of(rows, figure, one, name))]
            yield judge(
                f"{figure}.{name}",
                f"Serf {words} {name}: situations in which it does not hold",
                NEW,
                [float(len(lost))] if compared else [],
                NONE,
                "none of " + str(len(compared)),
                why=", ".join(lost),
                fewest=1,
            )


def _loses(rows: pd.DataFrame, figure: str, situation: str, name: str) -> bool:
    """Return whether Serf's mean is above the rival's by more than two standard errors of the difference."""
    ours, theirs = (np.array(of(rows, figure, situation, one)) for one in (SERF, name))
    if len(ours) < 2 or len(theirs) < 2:
        return False
    error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    return bool(ours.mean() - theirs.mean() > 2.0 * error)
