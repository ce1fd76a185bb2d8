"""Claims of the papers on Vivaldi, judged on other matrices: orders and directions, not digits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.papers.vivaldi.data import SETS
from serfsim.papers.vivaldi.grid import DIMENSIONS, FILTERS, GRAVITY_MS, LADDER, PLANETLAB
from serfsim.study.reproduction import (
    FAILS,
    HOLDS,
    NOT_JUDGED,
    Options,
    Verdict,
    intervals_of,
    judge,
    values_of,
)
from serfsim.study.reproduction.paper import Outcome
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

SERF = {"dimensions": 8, "height": True, "adjustment": True}
NAN = float("nan")
NO_ACCESS = "regions have no access links of their own"
FEW_SAMPLES = "a pair is measured once or twice: of two samples Serf's filter takes the larger"
TWO_HOSTS = "two hosts of 490 are too few to move the rest"


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge E10 to E14: forms, steps, filters, gravity, triangle violations."""
    return [*_forms(rows), *_ladder(rows), *_filters(rows), *_gravity(rows), *_triangles(rows)]


def form(rows: pd.DataFrame, data: str, d: int, height: bool, adjustment: bool) -> list[float]:
    """Return the median relative errors of a form, in per cent, one of each seed."""
    chosen = {"data": data, "dimensions": d, "height": height, "adjustment": adjustment}
    return percent(values_of(rows, "p50", study="forms", **chosen))


def percent(values: Any) -> list[float]:
    return [100.0 * value for value in values]


def _order(
    name: str,
    claim: str,
    published: str,
    values: list[list[float]],
    rule: str,
    why: str = "not in that order",
) -> Verdict:
    """Judge whether means stand in a strictly rising order."""
    if not all(values):
        return Verdict(name, claim, published, NAN, NAN, NAN, rule, NOT_JUDGED, "no run")
    means = [float(np.mean(one)) for one in values]
    rises = all(a < b for a, b in pairwise(means))
    ours = (" < " if rises else " | ").join(f"{mean:.3g}" for mean in means)
    outcome: Outcome = HOLDS if rises else FAILS
    return Verdict(name, claim, published, ours, NAN, NAN, rule, outcome, "" if rises else why)


def _forms(rows: pd.DataFrame) -> list[Verdict]:
    found = [
        judge(
            "form.2dh",
            "2-D and height: the median error is about that of King, on PlanetLab (%)",
            "11",
            form(rows, PLANETLAB, 2, True, False),
            (8.0, 12.0),
            "8 to 12: another matrix",
        ),
    ]
    for data in SETS:
        flat = form(rows, data, 2, False, False)
        tall = form(rows, data, 2, True, False)
        claim = f"height helps in two dimensions, {data} (%)"
        found.append(_order(f"height.{data}", claim, "yes", [tall, flat], "smaller with height", NO_ACCESS))
    five, eight = (form(rows, PLANETLAB, d, True, True) for d in (5, 8))
    two, three = (form(rows, PLANETLAB, d, False, False) for d in (2, 3))
    tall = form(rows, PLANETLAB, 2, True, False)
    least = form(rows, PLANETLAB, 8, False, False)
    adjusted = form(rows, PLANETLAB, 2, False, True)
    return [
        *found,
        _difference("dimensions.5", "more than five dimensions gain less than a point (%)", five, eight, 1.0),
        _difference(
            "dimensions.3", "more than three dimensions gain nothing, no height (%)", three, least, 1.0
        ),
        _order(
            "height.dimensions",
            "2-D and height beat 2-D, and 3-D without height (%)",
            "yes",
            [tall, [float(min(np.mean(two), np.mean(three)))] if two and three else []],
            "smaller",
        ),
        _difference("adjustment", "2-D with adjustment is as good as 8-D without (%)", adjusted, least, 1.0),
    ]


def _difference(name: str, claim: str, first: list[float], second: list[float], most: float) -> Verdict:
    """Judge whether the mean of the second is less than `most` below that of the first."""
    if not (first and second):
        return Verdict(name, claim, "yes", NAN, NAN, NAN, f"< {most:g} point", NOT_JUDGED, "no run")
    gain = float(np.mean(first) - np.mean(second))
    outcome: Outcome = HOLDS if gain < most else FAILS
    words = f"{np.mean(first):.3g} | {np.mean(second):.3g}"
    why = "" if gain < most else f"a gain of {gain:.2g} points"
    return Verdict(name, claim, "yes", words, NAN, NAN, f"gain < {most:g} point", outcome, why)


def ladder(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Return the median errors from the best static placement to Serf, in per cent, step by step."""
    found = {
        LADDER[0]: values_of(rows, "p50", study="static", data=PLANETLAB, best_for="median"),
        LADDER[1]: values_of(rows, "p50", study="static", data=PLANETLAB, best_for="mean"),
        LADDER[2]: values_of(rows, "p50", study="ladder", step=LADDER[2]),
        LADDER[3]: values_of(rows, "p50", study="ladder", step=LADDER[3]),
        LADDER[4]: values_of(rows, "p50", study="ladder", step=LADDER[4]),
        LADDER[5]: values_of(rows, "p50", study="forms", data=PLANETLAB, **SERF),
    }
    return {step: percent(values) for step, values in found.items()}


def _ladder(rows: pd.DataFrame) -> list[Verdict]:
    steps = ladder(rows)
    claim = "best for the median, for the mean, least squares, Serf settled, at 400 rounds: rising error (%)"
    rising = [steps[LADDER[i]] for i in (0, 1, 2, 4, 5)]
    whole = percent(values_of(rows, "p50", study="cluster"))
    ours = steps["400 rounds"]
    bounds = (0.85 * float(np.mean(ours)), 1.2 * float(np.mean(ours))) if ours else (NAN, NAN)
    words = "whole agents in a cluster of 490 reach what the clients alone do (%)"
    expected = f"{np.mean(ours):.3g}" if ours else "-"
    return [
        _order("ladder", claim, "new", rising, "rising"),
        judge("cluster", words, expected, whole, bounds, "-15 to +20 %", fewest=1),
    ]


def _filters(rows: pd.DataFrame) -> list[Verdict]:
    found = []
    for data in ("Seattle", PLANETLAB):
        cells = [{"study": "filter", "data": data, "filter": size} for size in FILTERS]
        error = [percent(values_of(rows, "p50", **cell)) for cell in cells]
        moved = [list(values_of(rows, "moved_ms", **cell)) for cell in cells]
        claim = f"a median filter makes coordinates more accurate on slices, {data} (%)"
        found.append(
            _order(f"filter.{data}", claim, "+54 %", [error[1], error[0]], "direction only", FEW_SAMPLES)
        )
        claim = f"and more stable, {data} (ms moved)"
        found.append(
            _order(f"stable.{data}", claim, "+96 %", [moved[1], moved[0]], "direction only", FEW_SAMPLES)
        )
    return found


def _gravity(rows: pd.DataFrame) -> list[Verdict]:
    migration = [list(values_of(rows, "migration_ms", study="gravity", rho_ms=rho)) for rho in GRAVITY_MS]
    p50 = {rho: percent(values_of(rows, "p50", study="gravity", rho_ms=rho)) for rho in GRAVITY_MS}
    p90 = {rho: percent(values_of(rows, "p90", study="gravity", rho_ms=rho)) for rho in GRAVITY_MS}
    return [
        _order(
            "gravity.drift",
            "less gravity, more migration: rho = 64, 256, 1024, 2048 ms (ms)",
            "8 < 17 < 74 < 163",
            migration[:4],
            "order only",
        ),
        _order(
            "gravity.error",
            "strong gravity costs accuracy: median error at 256 and 64 ms (%)",
            "10 < 25",
            [p50[256], p50[64]],
            "order only",
        ),
        _order(
            "gravity.tail",
            "the same at the 90th percentile (%)",
            "-",
            [p90[256], p90[64]],
            "order only",
        ),
        _nearly(
            "gravity.serf",
            "Serf's rho of 150 s migrates like none at all (ms)",
            migration[4],
            migration[5],
        ),
    ]


def _nearly(name: str, claim: str, values: list[float], expected: list[float]) -> Verdict:
    middle = float(np.mean(expected)) if expected else NAN
    return judge(name, claim, f"{middle:.3g}", values, (0.5 * middle, 1.5 * middle), "±50 %")


def _triangles(rows: pd.DataFrame) -> list[Verdict]:
    violated = percent(values_of(rows, "violated", study="violations", data=PLANETLAB))
    errors = {
        without: list(values_of(rows, "mean", study="left out", without=without))
        for without in ("nothing", "worst hosts", "random hosts")
    }
    claim = "most pairs of PlanetLab violate the triangle inequality (%)"
    return [
        judge("tiv.pairs", claim, "68", violated, (58.0, 85.0), "58 to 85: other hosts", fewest=1),
        _order(
            "tiv.worst",
            "without the worst half a per cent of hosts the rest gain, mean error",
            "20 %",
            [errors["worst hosts"], errors["nothing"]],
            "direction only",
            TWO_HOSTS,
        ),
        _order(
            "tiv.random",
            "and gain more than without as many at random, mean error",
            "-",
            [errors["worst hosts"], errors["random hosts"]],
            "direction only",
            TWO_HOSTS,
        ),
    ]


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return our figure for each published one, of another matrix."""
    found: dict[str, list[float]] = {
        "king.2dh": form(rows, PLANETLAB, 2, True, False),
        "hotnets": form(rows, PLANETLAB, 2, True, False),
        "tiv.planetlab": percent(values_of(rows, "violated", study="violations", data=PLANETLAB)),
    }
    for rho in GRAVITY_MS:
        found[f"gravity.{rho}"] = list(values_of(rows, "migration_ms", study="gravity", rho_ms=rho))
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return the errors of Serf's form on PlanetLab."""
    chosen = rows[rows["study"] == "forms"]
    return {
        "median error, %": 100.0 * float(chosen["p50"].mean()),
        "90th percentile, %": 100.0 * float(chosen["p90"].mean()),
    }


def table_of_forms(rows: pd.DataFrame, data: str) -> dict[str, list[float]]:
    """Return the median errors by dimension, for each of the four ways to add to a vector."""
    ways = {"vector alone": (False, False), "adjustment": (False, True), "height": (True, False)}
    ways["height and adjustment"] = (True, True)
    return {
        words: [float(np.mean(form(rows, data, d, *way) or [NAN])) for d in DIMENSIONS]
        for words, way in ways.items()
    }
