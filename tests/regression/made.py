"""Runs, entries and scenarios made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.study.regression.baseline import Acceptance, Baseline, Entry
from serfsim.study.regression.comparison import claims_of
from serfsim.study.regression.runs import Runs, runs_from
from serfsim.study.regression.selection import comparable_fields

NAN = float("nan")

TINY = """\
name: tiny
question: Is it small?
duration: 10s
warm_up: 2s
cluster: {nodes: 5}
network: {topology: {model: plane, size: 20ms, height: 1ms..2ms}, loss: {udp: 10%}}
claims: [detection.false_positives == 0]
"""


def scenario(text: str = TINY, name: str = "tiny") -> Scenario:
    return loads(text.replace("name: tiny", f"name: {name}"))


def runs(figures: Mapping[str, Sequence[float]], first: int = 1, same: str = "") -> Runs:
    """Seeds from `first` on. Digests are those of the seeds, with `same` before them."""
    count = len(next(iter(figures.values())))
    return runs_from(
        (first + at, f"{same}{first + at}", {name: values[at] for name, values in figures.items()})
        for at in range(count)
    )


def normal(count: int, mean: float, seed: int) -> list[float]:
    values: list[float] = np.random.default_rng(seed).normal(mean, 1.0, count).tolist()
    return values


def entry(kept: Runs, what: Scenario | None = None, source: str = "tiny.yaml") -> Entry:
    what = what or scenario()
    return Entry(
        name=what.name,
        source=source,
        given=comparable_fields(what),
        claims=claims_of(what),
        complete=what.to_yaml(Path("baseline")),
        runs=kept,
        code="0.1.0+abc",
        commit="0123456789abcdef",
        date="2026-01-02T03:04:05Z",
    )


def baseline(*entries: Entry, folder: Path = Path("baseline")) -> Baseline:
    last = Acceptance("2026-01-02T03:04:05Z", "0123456789abcdef", "0.1.0+abc", "first baseline", False)
    return Baseline(folder, {one.name: one for one in entries}, last)
