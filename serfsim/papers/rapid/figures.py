"""Figures of Rapid's paper, drawn anew from our runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import FuncFormatter, NullLocator

from serfsim.papers.rapid.grid import SIZES
from serfsim.papers.rapid.verdicts import TIMES, select
from serfsim.report.plots.style import BLUE, GREEN, GREY, ORANGE, RED, heading
from serfsim.study.reproduction import Verdict, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LAST: Final = 5e-4  # one member that one view of 2000 lacks
HOLLOW: Final[dict[str, Any]] = {"markersize": 7, "markerfacecolor": "none", "markeredgewidth": 1.6}
COLOURS: Final = dict(zip(SIZES, (BLUE, ORANGE, GREEN), strict=True))


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> Mapping[str, Figure]:
    """Return the bootstrap, and the views under each fault that was run."""
    found: dict[str, Figure] = {}
    if len(select(rows, "bootstrap")):
        found["bootstrap"] = draw_bootstrap(select(rows, "bootstrap"))
    if len(select(rows, "flip-flop")):
        title = "Ten of 1000 hear nothing for 20 s in each 40 s, from 110 s on"
        found["flip_flop"] = draw_views(select(rows, "flip-flop"), title, flips=True)
    for direction in ("in", "out", "both"):
        part = select(rows, "loss", direction=direction) if "direction" in rows else rows.iloc[:0]
        if len(part):
            lost = {"in": "receive", "out": "send", "both": "receive and send"}[direction]
            title = f"Ten of 1000 lose 80 % of what they {lost}, from 90 s on"
            found[f"loss_{direction}"] = draw_views(part, title)
    return found


def draw_bootstrap(rows: pd.DataFrame) -> Figure:
    """Draw how many members views still lack, and the time until all see all beside the published one."""
    figure, ax = new_figure()
    for count in SIZES:
        part = select(rows, "bootstrap", N=count)
        if not len(part):
            continue
        for place, (_, row) in enumerate(part.iterrows()):
            seconds = range(0, min(120, int(row["time_to_n_s"])) + 1, 5)
            lacking = [count - row[f"curve.{second}"] for second in seconds]
            x = [second for second, value in zip(seconds, lacking, strict=True) if value > 0.0]
            y = [value for value in lacking if value > 0.0]
            label = f"N = {count}" if place == 0 else None
            end = float(row["time_to_n_s"])
            ax.plot([*x, end], [*y, LAST], color=COLOURS[count], linewidth=1.6, alpha=0.85, label=label)
            ax.plot(end, LAST, "o", color=COLOURS[count], markersize=6)
        ax.plot(TIMES[count], LAST, "D", color=COLOURS[count], **HOLLOW)
    ax.plot([], [], "o", color=GREY, label="all see all")
    ax.plot([], [], "D", color=GREY, label="published", **HOLLOW)
    ax.set_yscale("log")
    ax.set_ylim(LAST / 2, None)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("seconds since N - 1 processes started")
    ax.set_ylabel("members that a view lacks, the mean")
    ax.legend(loc="upper right")
    heading(
        ax,
        "Bootstrap of N processes",
        "nearly all are seen at once; the last ones count",
    )
    return figure


def draw_views(rows: pd.DataFrame, title: str, flips: bool = False) -> Figure:
    """Draw what the ten and the others see, in the first run."""
    figure, ax = new_figure()
    row = rows.iloc[0]
    seconds = [int(name.rsplit(".", 1)[1]) for name in row.index if name.startswith("curve.healthy.min.")]
    if flips:
        for begin in range(110, max(seconds), 40):
            ax.axvspan(begin, begin + 20, color=GREY, alpha=0.12, linewidth=0)
    for kind, colour, words in (("faulty", RED, "the ten"), ("healthy", BLUE, "the other 990")):
        low, median, high = (values(row, kind, of, seconds) for of in ("min", "median", "max"))
        ax.fill_between(seconds, low, high, step="mid", color=colour, alpha=0.25, linewidth=0)
        ax.step(seconds, median, where="mid", color=colour, linewidth=1.8, label=f"seen by {words}")
    ax.axhline(990, color=GREY, linestyle=(0, (4, 2)), linewidth=1.0, label="without the ten")
    ax.set_xlabel("seconds since the start")
    ax.set_ylabel("members seen")
    ax.legend(loc="lower left")
    heading(ax, title, "lines: the median view; bands: all views, every ten seconds")
    return figure


def values(row: Any, kind: str, of: str, seconds: Sequence[int]) -> list[float]:
    """Return a curve of a row."""
    return [float(row[f"curve.{kind}.{of}.{second}"]) for second in seconds]
