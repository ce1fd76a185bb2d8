"""The claims of Rapid's paper about memberlist, and the tolerances by which they are judged.

Tolerances were fixed before the runs. The faults are one published run each: their shape is judged, not
their instants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from serfsim.papers.rapid.grid import DIRECTIONS, SIZES
from serfsim.study.reproduction import FAILS, HOLDS, NOT_JUDGED, Options, Outcome, Verdict
from serfsim.study.statistics import Interval, interval

if TYPE_CHECKING:
    import pandas as pd

TIMES: Mapping[int, float] = {1000: 45.7, 1500: 68.6, 2000: 97.6}
UNIQUE: Mapping[int, float] = {1000: 901, 1500: 1383, 2000: 1858}
KB = 1000.0
NO_ROWS = "these cells were not run"
NOTHING = Interval(math.nan, math.nan, math.nan, 0, 0.95)
FEW = "One run, as in the paper."


def select(rows: pd.DataFrame, experiment: str, **factors: object) -> pd.DataFrame:
    """Return the rows of an experiment with these factors."""
    found = rows[rows["experiment"] == experiment]
    for name, value in factors.items():
        found = found[found[name] == value]
    return found


def mean(rows: pd.DataFrame, column: str, scale: float = 1.0) -> Interval:
    """Return the mean of a column over seeds, `n` = 0 without rows."""
    if column not in rows or not len(rows):
        return NOTHING
    values = rows[column].dropna() * scale
    return interval(list(values)) if len(values) else NOTHING


def judge(
    name: str, claim: str, published: str, ours: Interval, bounds: tuple[float, float], tolerance: str
) -> Verdict:
    """Judge a figure by bounds of its estimate."""
    low, high = bounds
    outcome: Outcome = NOT_JUDGED
    why = NO_ROWS
    if ours.n and not math.isnan(ours.estimate):
        outcome = HOLDS if low <= ours.estimate <= high else FAILS
        why = "" if outcome == HOLDS else f"outside {low:.4g} to {high:.4g}"
    return Verdict(name, claim, published, ours.estimate, ours.low, ours.high, tolerance, outcome, why)


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge E16 to E20: bootstrap, crash, flip-flop, loss, bandwidth."""
    return [*_bootstrap(rows), *_crash(rows), *_flip_flop(rows), *_loss(rows), *_bandwidth(rows)]


def _bootstrap(rows: pd.DataFrame) -> Iterator[Verdict]:
    found = {count: mean(select(rows, "bootstrap", N=count), "time_to_n_s") for count in SIZES}
    for count, ours in found.items():
        value = TIMES[count]
        claim = f"{count} processes that start together all see each other after so many seconds"
        bounds = (0.7 * value, 1.3 * value)
        yield judge(f"E16.time.{count}", claim, f"{value:g} s", ours, bounds, "+-30 %")
    growth = found[2000].estimate / found[1000].estimate
    ratio = Interval(growth, math.nan, math.nan, min(found[1000].n, found[2000].n), 0.95)
    claim = "the time grows by this factor from 1000 to 2000"
    yield judge("E16.growth", claim, "2.14", ratio, (1.7, 2.6), "1.7 to 2.6")
    for count in SIZES:
        value, ours = UNIQUE[count], mean(select(rows, "bootstrap", N=count), "sizes_logged")
        claim = f"so many different sizes are logged while {count} start"
        bounds = (0.9 * value, 1.1 * value)
        yield judge(f"E16.unique.{count}", claim, f"{value:g}", ours, bounds, "+-10 %")


def _crash(rows: pd.DataFrame) -> Iterator[Verdict]:
    found = select(rows, "crash")
    claim = "after a crash of ten of 1000 no healthy member is removed"
    yield judge("E17.healthy", claim, "0", mean(found, "healthy_removed"), (0.0, 0.0), "none")
    claim = "all survivors are at 990"
    yield judge("E17.complete", claim, "all", mean(found, "at_990"), (1.0, 1.0), "all")
    claim = "views change within so many seconds"
    yield judge("E17.spread", claim, "5 s", mean(found, "spread_s"), (0.0, 8.0), "at most 8 s")
    claim = "the first removal is so many seconds after the crash"
    yield judge("E17.first", claim, "12 s", mean(found, "first_s"), (12.0, 16.0), "12 to 16 s")


def _flip_flop(rows: pd.DataFrame) -> Iterator[Verdict]:
    found = select(rows, "flip-flop")
    claim = "120 s after the first drop, the ten are never all out of all views: share of seconds they are"
    yield judge("E18.removed", claim, "0", mean(found, "whole.all_missing"), (0.0, 0.0), "none")
    claim = "processes log different sizes: share of seconds"
    ours = mean(found, "whole.disagree")
    yield judge("E18.disagree", claim, "most of the time", ours, (0.1, 1.0), "more than 10 %")
    claim = "views that lack a healthy member at the end"
    ours = mean(found, "whole.healthy_missing_at_end")
    yield judge("E18.healthy", claim, "0", ours, (0.0, 0.0), "none")
    claim = "the ten are out of all views first after 125 to 130 s"
    ours = mean(found, "first_removal_s")
    yield judge("E18.first", claim, "127 s", ours, (120.0, 135.0), "120 to 135 s, drops from 110 s on")


def _loss(rows: pd.DataFrame) -> Iterator[Verdict]:
    for direction in DIRECTIONS:
        found = select(rows, "loss", direction=direction) if "direction" in rows else rows.iloc[:0]
        words = {"in": "received", "out": "sent", "both": "received and sent"}[direction]
        claim = f"80 % of what ten of 1000 {words} is lost: the median of the ten at 900 s"
        ours = mean(found, "end.faulty.median")
        yield judge(f"E19.end.{direction}", claim, "994 to 997", ours, (991.0, 999.0), f"991 to 999. {FEW}")
        claim = f"{words}: share of the time in which all ten are out of the others' views"
        ours = mean(found, "whole.all_missing")
        yield judge(f"E19.removed.{direction}", claim, "0", ours, (0.0, 0.01), f"never a stable 990. {FEW}")
        claim = f"{words}: share of the seconds in which sizes differ"
        ours = mean(found, "whole.disagree")
        yield judge(f"E19.disagree.{direction}", claim, "some", ours, (1e-9, 1.0), f"at least once. {FEW}")


BYTES: Mapping[str, tuple[float, float]] = {"mean": (0.54, 0.64), "p99": (5.61, 6.40), "max": (7.36, 8.04)}


def _bandwidth(rows: pd.DataFrame) -> Iterator[Verdict]:
    found = select(rows, "crash")
    for of, values in BYTES.items():
        for way, value in zip(("received", "sent"), values, strict=True):
            ours = mean(found, f"{way}.{of}", 1.0 / KB)
            factor = 1.3 if of == "mean" else 2.0
            bounds = (0.7 * value, 1.3 * value) if of == "mean" else (value / factor, value * factor)
            claim = f"KB that a process {way} in a second, with IP and UDP headers: {of}"
            tolerance = "+-30 %" if of == "mean" else "a factor of 2"
            yield judge(f"E20.{way}.{of}", claim, f"{value:g} KB", ours, bounds, tolerance)


def ours(rows: pd.DataFrame, options: Options) -> Mapping[str, Interval]:
    """Return our figure of each published one."""
    found: dict[str, Interval] = {}
    for count in SIZES:
        part = select(rows, "bootstrap", N=count)
        found[f"bootstrap.{count}"] = mean(part, "time_to_n_s")
        found[f"unique.{count}"] = mean(part, "sizes_logged")
    crash, flip_flop = select(rows, "crash"), select(rows, "flip-flop")
    loss = select(rows, "loss", direction="in") if "direction" in rows else rows.iloc[:0]
    found["crash.spread"] = mean(crash, "spread_s")
    found["flipflop.first_removal"] = mean(flip_flop, "first_removal_s")
    found["flipflop.first_return"] = mean(flip_flop, "first_return_s")
    found["flipflop.lowest"] = mean(flip_flop, "whole.lowest_healthy")
    found["loss.lowest"] = mean(loss, "whole.lowest")
    found["loss.end"] = mean(loss, "end.faulty.median")
    for of in BYTES:
        for way in ("received", "sent"):
            found[f"bytes.{way}.{of}"] = mean(crash, f"{way}.{of}", 1.0 / KB)
    return {name: one for name, one in found.items() if one.n}


HEADLINE = {
    "time to N, s": "time_to_n_s",
    "sizes logged": "sizes_logged",
    "of the ten out of the others' views": "missing",
    "share of the time that all ten are": "all_missing",
    "seconds in which healthy members disagree, share": "disagree_healthy",
    "first return, s": "first_return_s",
}


def headline(rows: pd.DataFrame) -> Mapping[str, float]:
    """Return the figures by which assumptions are measured."""
    return {
        words: float(rows[column].mean())
        for words, column in HEADLINE.items()
        if column in rows and rows[column].notna().any()
    }
