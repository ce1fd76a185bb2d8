"""The claims of Rapid's paper about Rapid, and the tolerances by which they are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from serfsim.papers.rapid_itself.grid import DIRECTIONS, FAILURES, MARKS, SIZES
from serfsim.study.reproduction import (
    Options,
    Verdict,
    intervals_of,
    judge,
    means_of,
    report,
    values_of,
)
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

UNIQUE: Final[Mapping[int, float]] = {1000: 4, 1500: 8, 2000: 4}
BYTES: Final[Mapping[str, tuple[float, float]]] = {
    "mean": (0.71, 0.71),
    "p99": (3.66, 3.72),
    "max": (9.56, 11.37),
}
KB: Final = 1000.0
CHOSEN: Final = MARKS[0]
CLOSEST: Final = MARKS[-1]


def of(rows: pd.DataFrame, figure: str, experiment: str, **factors: object) -> list[float]:
    """Return a figure of an experiment, one of each seed."""
    return list(values_of(rows, figure, experiment=experiment, **factors))


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge conflicts, bootstrap, crash, flip-flop, loss and bandwidth."""
    return [
        *_conflicts(rows),
        *_bootstrap(rows),
        *_crash(rows),
        *_faults(rows),
        *_bandwidth(rows),
    ]


def share(rows: pd.DataFrame, marks: tuple[int, int], failures: int) -> list[float]:
    """Return the share of conflicts by seed."""
    return of(rows, "share", "conflicts", H=marks[0], L=marks[1], F=failures)


def _conflicts(rows: pd.DataFrame) -> Iterator[Verdict]:
    for failures in FAILURES:
        for high, low in MARKS:
            claim = f"processes that propose too little at H = {high}, L = {low}, {failures} failures: share"
            yield report(f"conflicts.{high}.{low}.{failures}", claim, share(rows, (high, low), failures))
    claim = "conflicts are most frequent at the smallest gap, H = 6 and L = 4, and two failures: 1 if so"
    yield judge("conflicts.worst", claim, "1", _worst_is_closest(rows), (1.0, 1.0), "exact", fewest=1)
    claim = "processes that propose too little at the paper's H = 9 and L = 3, two failures: share"
    yield judge(
        "conflicts.chosen", claim, "few", share(rows, CHOSEN, FAILURES[0]), (0.0, 0.02), "at most 2 %"
    )


def _worst_is_closest(rows: pd.DataFrame) -> list[float]:
    """Return 1 if the smallest gap with two failures has the most conflicts, else 0; nothing without runs."""
    shares = {(marks, count): share(rows, marks, count) for marks in MARKS for count in FAILURES}
    if not all(shares.values()):
        return []
    worst = max(shares, key=lambda each: sum(shares[each]))
    return [float(worst == (CLOSEST, FAILURES[0]))]


def _bootstrap(rows: pd.DataFrame) -> Iterator[Verdict]:
    for count in SIZES:
        value = UNIQUE[count]
        claim = f"so many different sizes are logged while {count} start"
        ours = of(rows, "sizes_logged", "bootstrap", N=count)
        yield judge(
            f"unique.{count}",
            claim,
            f"{value:g}",
            ours,
            (1.0, 2.0 * value),
            "at most twice as many",
            fewest=1,
        )
    for count in SIZES:
        claim = f"{count} processes that start together all see each other after so many seconds"
        yield report(f"time.{count}", claim, of(rows, "time_to_n_s", "bootstrap", N=count))


def _crash(rows: pd.DataFrame) -> Iterator[Verdict]:
    claim = "after a crash of ten of 1000 no healthy member is removed"
    ours = of(rows, "healthy_removed", "crash")
    yield judge("crash.healthy", claim, "0", ours, (0.0, 0.0), "exact")
    claim = "all survivors are at 990"
    yield judge("crash.complete", claim, "all", of(rows, "at_990", "crash"), (1.0, 1.0), "exact")
    claim = "sizes that processes log: 1000 and 990"
    yield judge("crash.sizes", claim, "2", of(rows, "sizes_logged", "crash"), (2.0, 2.0), "exact")
    claim = "views change within so many seconds"
    yield judge("crash.spread", claim, "one step", of(rows, "spread_s", "crash"), (0.0, 1.0), "at most 1 s")
    yield report(
        "crash.first", "the removal is so many seconds after the crash", of(rows, "first_s", "crash")
    )


def _faults(rows: pd.DataFrame) -> Iterator[Verdict]:
    yield from _stable(rows, "flip-flop", "flip-flop", {}, "hear nothing for 20 s in each 40")
    for direction in DIRECTIONS:
        words = {"in": "receive", "out": "send", "both": "receive and send"}[direction]
        what = f"lose 80 % of what they {words}"
        yield from _stable(rows, f"loss.{direction}", "loss", {"direction": direction}, what)


def _stable(
    rows: pd.DataFrame, name: str, experiment: str, factors: Mapping[str, object], what: str
) -> Iterator[Verdict]:
    """Judge that the ten are removed and stay out, and that views are stable and right after."""
    claim = f"ten {what}: of them out of the others' views at the end"
    ours = of(rows, "missing_at_end", experiment, **factors)
    yield judge(f"{name}.removed", claim, "10", ours, (10.0, 10.0), "exact", fewest=1)
    claim = f"ten {what}: share of views of the others that change from 50 s after the fault on"
    ours = of(rows, "changes", experiment, **factors)
    yield judge(f"{name}.stable", claim, "0", ours, (0.0, 0.0), "exact", fewest=1)
    claim = f"ten {what}: removals of healthy members"
    ours = of(rows, "healthy_removed", experiment, **factors)
    yield judge(f"{name}.healthy", claim, "0", ours, (0.0, 0.0), "exact", fewest=1)


def _bandwidth(rows: pd.DataFrame) -> Iterator[Verdict]:
    for statistic, values in BYTES.items():
        for way, value in zip(("received", "sent"), values, strict=True):
            ours = kilobytes(rows, way, statistic)
            bounds = (0.7 * value, 1.3 * value) if statistic == "mean" else (value / 2.0, value * 2.0)
            tolerance = "+-30 %" if statistic == "mean" else "a factor of 2"
            claim = f"KB that a process {way} in a second, with IP and UDP headers: {statistic}"
            yield judge(f"bytes.{way}.{statistic}", claim, f"{value:g} KB", ours, bounds, tolerance)


def kilobytes(rows: pd.DataFrame, way: str, statistic: str) -> Sequence[float]:
    """Return KB a second by seed."""
    return [value / KB for value in of(rows, f"{way}.{statistic}", "crash")]


def ours(rows: pd.DataFrame, options: Options) -> Mapping[str, Interval]:
    """Return our figure of each published one."""
    found: dict[str, Sequence[float]] = {}
    for count in SIZES:
        found[f"bootstrap.{count}"] = of(rows, "time_to_n_s", "bootstrap", N=count)
        found[f"unique.{count}"] = of(rows, "sizes_logged", "bootstrap", N=count)
    for statistic in BYTES:
        for way in ("received", "sent"):
            found[f"bytes.{way}.{statistic}"] = kilobytes(rows, way, statistic)
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> Mapping[str, float]:
    """Return the figures by which assumptions are measured."""
    figures = {
        "crash: seconds until the ten are removed": of(rows, "first_s", "crash"),
        "crash: seconds from the first view to the last": of(rows, "spread_s", "crash"),
        "crash: different sizes logged": of(rows, "sizes_logged", "crash"),
        "crash: KB sent a second, mean": kilobytes(rows, "sent", "mean"),
        "crash: KB sent a second, largest": kilobytes(rows, "sent", "max"),
    }
    return means_of(figures)
