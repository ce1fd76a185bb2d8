"""Our Tables IV to VII and Figures 2 and 3, from the rows of the grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.papers.lifeguard.grid import COUNTING, CS, DS, IS, PARTS, TUNED
from serfsim.study.reproduction import Options, over_seeds
from serfsim.study.statistics import Interval, interval

if TYPE_CHECKING:
    import pandas as pd

CELLS = len(DS) * len(IS)
BASE = "SWIM"
BySeed = Mapping[int, Any]


class Tables:
    """The figures of some rows; empty where the rows lack cells that a figure needs."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._intervals = rows[rows["experiment"] == "interval"]
        self._thresholds = rows[rows["experiment"] == "threshold"]
        self.cs = tuple(c for c in CS if (self._intervals["C"] == c).any())

    # False positives and load: the Interval experiment -------------------------------------------

    @cached_property
    def _sums(self) -> Mapping[tuple[str, int, int], Mapping[str, float]]:
        """Sums over D and I of each (configuration, C, seed) that has all pairs that count."""
        table, found = self._intervals, {}
        if len(table) == 0:
            return {}
        pairs = set(COUNTING)
        for (name, c, seed), part in table.groupby(["configuration", "C", "seed"], sort=False):
            there = set(zip(part["D"].astype(int), part["I"].astype(int), strict=True))
            if pairs <= there:
                sums = {column: float(part[column].sum()) for column in ("fp", "fp_healthy")}
                whole = len(part) == CELLS
                for column in ("messages", "bytes"):
                    sums[column] = float(part[column].sum()) if whole else math.nan
                found[str(name), int(c), int(seed)] = sums
        return found

    def by_seed(self, column: str, name: str, cs: Sequence[int]) -> dict[int, float]:
        """Return {seed: mean over the runs at these C}; pairs that were not run made no false positive."""
        seeds = {seed for (one, c, seed) in self._sums if one == name and c in cs}
        found = {}
        for seed in seeds:
            parts = [self._sums[name, c, seed][column] for c in cs if (name, c, seed) in self._sums]
            if len(parts) == len(cs) and not math.isnan(sum(parts)):
                found[seed] = sum(parts) / (CELLS * len(cs))
        return found

    def a_run(self, column: str, name: str, cs: Sequence[int]) -> Interval:
        """Return the mean a run over all pairs at these C."""
        return interval(list(self.by_seed(column, name, cs).values()))

    def share(self, column: str, name: str, cs: Sequence[int], of: str = BASE) -> Interval:
        """Return the percentage of another configuration's, over the seeds that both have."""
        ours, base = self.by_seed(column, name, cs), self.by_seed(column, of, cs)
        both = {seed: (ours[seed], base[seed]) for seed in ours if seed in base}
        return over_seeds(both, percentage)

    def quotient(self, above: str, below: str, name: str, cs: Sequence[int]) -> Interval:
        """Return the ratio of two columns' sums, such as bytes a message."""
        over, under = self.by_seed(above, name, cs), self.by_seed(below, name, cs)
        both = {seed: (over[seed], under[seed]) for seed in over if seed in under}
        return over_seeds(both, lambda values: percentage(values) / 100.0)

    # Latencies: the Threshold experiment ---------------------------------------------------------

    @cached_property
    def _latencies(self) -> Mapping[tuple[str, str], BySeed]:
        """Pooled latencies, {(kind, configuration): {seed: values}}."""
        found: dict[tuple[str, str], dict[int, Any]] = {}
        for kind in ("first", "full"):
            columns = [name for name in self._thresholds.columns if name.startswith(f"{kind}.")]
            for (name, seed), part in self._thresholds.groupby(["configuration", "seed"], sort=False):
                values = part[columns].to_numpy(dtype=float).ravel()
                found.setdefault((kind, str(name)), {})[int(seed)] = values[~np.isnan(values)]
        return found

    def declared(self, kind: str, name: str) -> int:
        """Count the latencies of a kind over all seeds."""
        return sum(len(values) for values in self._latencies.get((kind, name), {}).values())

    def latency(self, kind: str, name: str, percent: float) -> Interval:
        """Return a percentile in seconds of first detection or of full dissemination, all C and D pooled."""
        samples = self._latencies.get((kind, name), {})
        return over_seeds(samples, lambda values: percentile(values, percent))

    def latency_share(self, kind: str, name: str, percent: float) -> Interval:
        """Return the same in percent of SWIM's."""
        ours, base = self._latencies.get((kind, name), {}), self._latencies.get((kind, BASE), {})
        both = {seed: (ours[seed], base[seed]) for seed in ours if seed in base}

        def compare(values: Sequence[Any]) -> float:
            below = percentile([one[1] for one in values], percent)
            return 100.0 * percentile([one[0] for one in values], percent) / below

        return over_seeds(both, compare)


def percentage(values: Sequence[tuple[float, float]]) -> float:
    """Return 100 times the ratio of the sums of pairs."""
    below = sum(one[1] for one in values)
    return 100.0 * sum(one[0] for one in values) / below if below else math.nan


def percentile(values: Sequence[Any], percent: float) -> float:
    """Return a percentile of pooled arrays; NaN where they are empty."""
    pooled = np.concatenate(values)
    return float(np.percentile(pooled, percent)) if len(pooled) else math.nan


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return {id of a published figure: ours}."""
    tables = Tables(rows)
    found: dict[str, Interval] = {}
    if tables.cs == CS:
        found |= whole_grid(tables)
    for c in tables.cs:
        for name in PARTS:
            found[f"fig2.{name}.{c}"] = tables.a_run("fp", name, (c,))
            found[f"fig3.{name}.{c}"] = tables.a_run("fp_healthy", name, (c,))
    for kind in ("first", "full"):
        for percent in (50, 99, 99.9):
            for name in PARTS:
                found[f"v.{kind}.{percent:g}.{name}"] = tables.latency(kind, name, percent)
            for name in (*TUNED, "Lifeguard"):
                found[f"vii.{kind}.{percent:g}.{pair_of(name)}"] = tables.latency_share(kind, name, percent)
    for name in (*TUNED, "Lifeguard"):
        found[f"vii.fp.{pair_of(name)}"] = tables.share("fp", name, (16,))
        found[f"vii.fp-.{pair_of(name)}"] = tables.share("fp_healthy", name, (16,))
    return {key: value for key, value in found.items() if value.n}


def whole_grid(tables: Tables) -> dict[str, Interval]:
    """Return Tables IV and VI, which are over all C."""
    found: dict[str, Interval] = {}
    for name in PARTS:
        found[f"iv.fp.{name}"] = tables.a_run("fp", name, CS)
        found[f"iv.fp-.{name}"] = tables.a_run("fp_healthy", name, CS)
        found[f"vi.messages.{name}"] = tables.a_run("messages", name, CS)
        found[f"vi.mib.{name}"] = scaled(tables.a_run("bytes", name, CS), 2.0**-20)
        found[f"vi.size.{name}"] = tables.quotient("bytes", "messages", name, CS)
        if name != BASE:
            found[f"iv.share.{name}"] = tables.share("fp", name, CS)
            found[f"vi.messages.share.{name}"] = tables.share("messages", name, CS)
            found[f"vi.bytes.share.{name}"] = tables.share("bytes", name, CS)
    return found


def scaled(one: Interval, factor: float) -> Interval:
    """Return an interval in another unit."""
    return Interval(one.estimate * factor, one.low * factor, one.high * factor, one.n, one.confidence)


def pair_of(name: str) -> str:
    """Return 'alpha,beta' of a configuration."""
    return name.rpartition(" ")[2] if "," in name else "5,6"


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return the figures by which assumptions are compared, of the configurations that the rows have."""
    tables = Tables(rows)
    names = [str(name) for name in rows["configuration"].unique()]
    cs = tables.cs
    found: dict[str, float] = {}
    for name in names:
        if name == BASE:
            found["SWIM: false positives a run"] = tables.a_run("fp", name, cs).estimate
        else:
            found[f"{name}: false positives, % of SWIM"] = tables.share("fp", name, cs).estimate
    figures: tuple[tuple[str, Callable[[str], Interval]], ...] = (
        ("median first detection, s", lambda name: tables.latency("first", name, 50)),
        ("99th percentile of first detection, s", lambda name: tables.latency("first", name, 99)),
    )
    for words, figure in figures:
        for name in names:
            found[f"{name}: {words}"] = figure(name).estimate
    return found
