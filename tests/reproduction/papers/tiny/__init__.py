"""A paper of four cells, computed in no time: the smallest example of the interface."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

from serfsim.base.errors import SerfsimError
from serfsim.study.reproduction import (
    FAILS,
    HOLDS,
    NOT_JUDGED,
    Assumption,
    Cell,
    Options,
    Paper,
    Table,
    Verdict,
    new_figure,
)
from serfsim.study.statistics import Interval, interval


def cells(options: Options) -> list[Cell]:
    grid = [
        Cell(configuration=configuration, C=c, rules=options.rules)
        for configuration in ("slow", "quick")
        for c in (1, 2)
    ]
    return [*grid, *(cell.varied("unit", "ms", most_seeds=1) for cell in grid)]


def run(cell: Cell, seed: int) -> dict[str, float]:
    """A delay of C seconds, twice that where it is slow, give or take a hundredth."""
    if os.environ.get("TINY_INTERRUPTS") == str(seed):
        os.kill(os.getpid(), signal.SIGINT)
    if os.environ.get("TINY_FAILS") == str(seed):
        raise SerfsimError("this seed fails")
    log = os.environ.get("TINY_LOG")
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{cell.text} {seed}\n")
    delay = float(cell["C"]) * (2.0 if cell["configuration"] == "slow" else 1.0)
    scale = 1000.0 if cell.sensitivity == ("unit", "ms") else float(os.environ.get("TINY_SCALE", "1"))
    return {"delay_s": scale * (delay + random.Random(seed).uniform(-0.01, 0.01))}


def of(rows: Any, configuration: str, c: int) -> Any:
    return rows[(rows["configuration"] == configuration) & (rows["C"] == c)]["delay_s"]


def tables(rows: Any) -> list[Table]:
    """Return a table of what nobody has published."""
    return [Table("Longest delays", ("C", "s"), [(str(c), str(of(rows, "slow", c).max())) for c in (1, 2)])]


def verdicts(rows: Any, options: Options) -> list[Verdict]:
    found = []
    for c, published in ((1, 2.0), (2, 4.0)):
        values = of(rows, "slow", c)
        ours = interval(values, "mean")
        outcome = NOT_JUDGED if not len(values) else HOLDS if abs(ours.estimate - published) < 0.1 else FAILS
        found.append(
            Verdict(
                f"T{c}",
                f"slow takes {published:g} s at C = {c}",
                f"{published:g}",
                ours.estimate,
                ours.low,
                ours.high,
                "+-0.1 s",
                outcome,
            )
        )
    return found


def ours(rows: Any, options: Options) -> dict[str, Interval]:
    return {f"{name}.C={c}": interval(of(rows, name, c)) for name in ("slow", "quick") for c in (1, 2)}


def figures(rows: Any, verdicts: Any) -> dict[str, Any]:
    figure, ax = new_figure()
    ax.plot(rows["C"], rows["delay_s"], "o", label="ours")
    ax.set_title("Delay", loc="left")
    ax.legend()
    return {"delay": figure}


PAPER = Paper(
    folder=Path(__file__).parent,
    title="Delays of nothing",
    citation="Nobody, Journal of Nothing 1, 2026",
    question="Is slow twice as slow as quick?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=[Assumption("unit", "s", ["ms"], "not stated", "seconds are usual")],
    tables=tables,
    figures=figures,
    ours=ours,
    seeds="1-3",
)
