"""The formula against the page's own seconds, and the page's predictions against the real protocol."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.convergence.formula import bandwidth_kbps, seconds_to
from serfsim.papers.convergence.grid import CONDITIONS
from serfsim.papers.convergence.runs import FORMULA, GOSSIP, SERF, SHARES
from serfsim.study.reproduction import (
    Options,
    Verdict,
    intervals_of,
    judge,
    means_of,
    read_published,
    values_of,
)
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

EXACT = 1e-12
HALF = (0.375, 0.625)
WORDS = {"p50": "50 %", "p90": "90 %", "p99": "99 %", "p9999": "99.99 %"}
TOO_SLOW = "the page counts half of the contacts, as if rounds were in step"


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge the formula, its predictions, and what it leaves out."""
    return [*_formula(rows), *_predictions(rows), *_stops(rows), *_bandwidth(rows)]


def _formula(rows: pd.DataFrame) -> list[Verdict]:
    """Judge the largest difference from the page's seconds."""
    page = {one.id: one.value for one in read_published(Path(__file__).parent)}
    found = []
    for n, loss in CONDITIONS:
        names = [name for name in SHARES if f"{name}.n{n}.loss{loss:g}" in page]
        if not names:
            continue
        off = [
            abs(value - page[f"{name}.n{n}.loss{loss:g}"])
            for name in names
            for value in values_of(rows, name, protocol=FORMULA, n=n, loss=loss)
        ]
        found.append(
            judge(
                f"formula.n{n}.loss{loss:g}",
                f"the formula gives the page's seconds, {_where(n, loss)}",
                "0",
                [max(off)] if off else [],
                (0.0, EXACT),
                f"{EXACT:g} s",
                fewest=1,
            )
        )
    return found


def _predictions(rows: pd.DataFrame) -> list[Verdict]:
    found = []
    for n, loss in CONDITIONS:
        expected = seconds_to(0.99, n, loss=loss)
        values = values_of(rows, "p99", protocol=SERF, n=n, loss=loss)
        found.append(
            judge(
                f"page.n{n}.loss{loss:g}",
                f"Serf brings an update to 99 % in the page's time, {_where(n, loss)}",
                f"{expected:.3g} s",
                values,
                (0.75 * expected, 1.25 * expected),
                "±25 %",
                why=TOO_SLOW if _middle(values) < expected else "push/pulls had to bring it to the last",
                statistic="median",
                fewest=1,
            )
        )
        ratios = [
            value / seconds_to(SHARES[name], n, loss=loss)
            for name in ("p50", "p90")
            for value in values_of(rows, name, protocol=GOSSIP, n=n, loss=loss)
        ]
        found.append(
            judge(
                f"half.n{n}.loss{loss:g}",
                f"gossip alone takes half of the page's time to 50 and 90 %, {_where(n, loss)}",
                "0.5",
                ratios,
                HALF,
                "±25 %",
                fewest=1,
            )
        )
    return found


def _middle(values: object) -> float:
    return float(np.median(np.asarray(values))) if len(np.asarray(values)) else math.nan


def _stops(rows: pd.DataFrame) -> list[Verdict]:
    values = values_of(rows, "reached", protocol=GOSSIP, n=30, loss=0.5)
    words = "gossip alone reaches everybody, 30 members, half of the packets lost"
    why = "a broadcast stops after 4 ceil(log10(n + 1)) = 8 sends, that is three ticks"
    return [judge("stops", words, "1", values, (0.9999, 1.0), "99.99 %", why=why)]


def _bandwidth(rows: pd.DataFrame) -> list[Verdict]:
    expected = bandwidth_kbps()
    values = values_of(rows, "kbps", protocol=FORMULA, n=30)
    words = "the formula gives the page's bandwidth"
    formula = judge("bandwidth.formula", words, "328.1", values, (328.05, 328.15), "±0.05", fewest=1)
    real = values_of(rows, "kbps", protocol=SERF, n=100, loss=0.0)
    why = "no packet goes out where there is nothing to say, and few are full"
    bounds = (0.5 * expected, 2.0 * expected)
    words = "a node of Serf uses the page's bandwidth, 100 members"
    return [formula, judge("bandwidth", words, f"{expected:.1f} kbps", real, bounds, "within x2", why=why)]


def _where(n: int, loss: float) -> str:
    return f"{n:,} members" + (", half of the packets lost" if loss else "")


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return Serf's own times, or gossip's where Serf did not run."""
    found = {"bandwidth": values_of(rows, "kbps", protocol=SERF, n=100, loss=0.0)}
    for n, loss in CONDITIONS:
        for name in SHARES:
            serf = values_of(rows, name, protocol=SERF, n=n, loss=loss)
            alone = values_of(rows, name, protocol=GOSSIP, n=n, loss=loss)
            found[f"{name}.n{n}.loss{loss:g}"] = serf if len(serf) else alone
    return intervals_of(found, "median")


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share reached and the bandwidth, by size."""
    found = {}
    for n in sorted(set(rows["n"])):
        found[f"share reached, {n:,} members"] = values_of(rows, "reached", n=n)
        found[f"kbps, {n:,} members"] = values_of(rows, "kbps", n=n)
    return means_of(found)
