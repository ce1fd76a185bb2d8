"""The smallest seed whose run shows what changed, so that somebody can look at that run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serfsim.base.english import format_count
from serfsim.study.regression.comparison import (
    WORSE,
    Compared,
    Comparison,
    FigureTest,
    finite,
    tendency,
)
from serfsim.study.regression.describe import figure_text, number, unit_after
from serfsim.study.regression.runs import CLAIMS_FAILED, Failure


@dataclass(frozen=True)
class Failing:
    """A seed of a scenario and, in words, how its run shows the change."""

    scenario: str
    seed: int
    why: str


def smallest_failing(comparison: Comparison) -> list[Failing]:
    """Return one for each scenario that changed or failed, where some seed shows it."""
    failed = {failure.scenario for failure in comparison.failures}
    found = [_of_failures(name, comparison.failures) for name in sorted(failed)]
    for scenario in comparison.scenarios:
        if scenario.name not in failed:
            shown = (_of_test(scenario, test) for test in sorted(scenario.changed, key=_order))
            found += [one for one in shown if one is not None][:1]
    return found


def run_command(source: str, seed: int, settings: Sequence[str] = ()) -> str:
    """Return the command that makes this run again."""
    words = ["serfsim", "run", source, "--seed", str(seed)]
    return shlex.join(words + [word for setting in settings for word in ("--set", setting)])


def _of_failures(name: str, failures: Iterable[Failure]) -> Failing:
    first = min((one for one in failures if one.scenario == name), key=lambda one: one.seed)
    return Failing(name, first.seed, f"the run failed: {first.error}")


def _order(test: FigureTest) -> tuple[Any, ...]:
    """Claims first, then what got worse, then the surest."""
    return test.figure != CLAIMS_FAILED, test.verdict != WORSE, test.adjusted, test.p


def _of_test(scenario: Compared, test: FigureTest) -> Failing | None:
    """Find the first run beyond all of the base; else the first that moved the same way as the figure."""
    low, high = float(test.then.min()), float(test.then.max())
    way = np.sign(tendency(test.then, test.now))
    beyond = ((test.now > high) & (way >= 0)) | ((test.now < low) & (way <= 0))
    seeds = np.array(scenario.now.seeds)
    if beyond.any():
        at = int(np.flatnonzero(beyond)[0])
        runs = format_count(len(test.then), "run")
        return Failing(
            scenario.name, int(seeds[at]), f"{_value(test, at)}, beyond all {runs} before ({_span(test)})"
        )
    then = dict(zip(scenario.entry.runs.seeds, test.then, strict=True))
    for at, seed in enumerate(scenario.now.seeds):
        if seed in then and way and np.sign(test.now[at] - then[seed]) == way:
            return Failing(scenario.name, seed, f"{_value(test, at)}, {_text(test, then[seed])} before")
    return None


def _value(test: FigureTest, at: int) -> str:
    return f"`{figure_text(test.figure)}` {_text(test, float(test.now[at]))}"


def _text(test: FigureTest, value: float) -> str:
    return f"{number(value)}{unit_after(test.figure)}" if np.isfinite(value) else "has no value"


def _span(test: FigureTest) -> str:
    kept = finite(test.then)
    if not len(kept):
        return "none has a value"
    low, high = number(float(kept.min())), number(float(kept.max()))
    return f"{low if low == high else f'{low} to {high}'}{unit_after(test.figure)}"
