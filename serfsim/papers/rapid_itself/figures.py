"""Views under each fault, and conflicts over the gap of H and L."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from serfsim.papers.rapid_itself.grid import DIRECTIONS, FAILURES, MARKS
from serfsim.papers.rapid_itself.verdicts import of, share
from serfsim.report.plots.style import BLUE, CYCLE, GREY, ORANGE, heading
from serfsim.study.reproduction import Verdict, draw_points, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> Mapping[str, Figure]:
    """Return those whose runs are there."""
    found: dict[str, Figure] = {}
    if share(rows, MARKS[0], FAILURES[0]):
        found["conflicts"] = draw_conflicts(rows)
    if of(rows, "curve.0", "loss") or of(rows, "curve.0", "flip-flop"):
        found["views"] = draw_views(rows)
    return found


def draw_conflicts(rows: pd.DataFrame) -> Figure:
    """Draw the share of processes that propose too little."""
    figure, ax = new_figure()
    for failures, colour in zip(FAILURES, (BLUE, ORANGE), strict=True):
        points = {float(high - low): share(rows, (high, low), failures) for high, low in MARKS}
        draw_points(ax, points, colour, f"{failures} failures")
    ax.set_xlabel("gap, H - L")
    ax.set_ylabel("share of processes")
    ax.legend(loc="upper right")
    heading(ax, "Proposals that lack failed members", "1000 processes, alerts in a random order for each")
    return figure


def draw_views(rows: pd.DataFrame) -> Figure:
    """Draw how many members the healthy ones see, a mean over views."""
    figure, ax = new_figure()
    runs: dict[str, tuple[str, dict[str, str]]] = {"hear nothing for 20 s in 40": ("flip-flop", {})}
    for direction in DIRECTIONS:
        words = {"in": "receive", "out": "send", "both": "receive and send"}[direction]
        runs[f"lose 80 % of what they {words}"] = ("loss", {"direction": direction})
    for (words, (experiment, factors)), colour in zip(runs.items(), CYCLE, strict=False):
        seconds = [each for each in range(0, 200, 2) if of(rows, f"curve.{each}", experiment, **factors)]
        if seconds:
            sizes = [of(rows, f"curve.{each}", experiment, **factors)[0] for each in seconds]
            ax.step(seconds, sizes, where="post", color=colour, linewidth=1.8, label=f"ten {words}")
    ax.axhline(990, color=GREY, linestyle=(0, (4, 2)), linewidth=1.0, label="without the ten")
    ax.axvline(10, color=GREY, linewidth=0.8)
    ax.set_xlabel("seconds since the start")
    ax.set_ylabel("members seen by the other 990, the mean")
    ax.legend(loc="center right")
    heading(ax, "Ten of 1000 are faulty from 10 s on", "Rapid removes them together, and they stay out")
    return figure
