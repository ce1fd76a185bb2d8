"""Figures of Rapid's paper, drawn anew from our runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.papers.rapid.grid import SIZES
from serfsim.papers.rapid.verdicts import TIMES, select
from serfsim.report.plots.style import BLUE, GREEN, GREY, ORANGE, RED, heading
from serfsim.study.reproduction import Verdict, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

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
    """Draw the size that processes see, and the time until all see all beside the published one."""
    figure, ax = new_figure()
    for count in SIZES:
        part = select(rows, "bootstrap", N=count)
        if not len(part):
            continue
        seconds = range(0, 121, 5)
        for place, (_, row) in enumerate(part.iterrows()):
            sizes = [row[f"curve.{second}"] for second in seconds]
            label = f"N = {count}" if place == 0 else None
            ax.plot(seconds, sizes, color=COLOURS[count], linewidth=1.5, alpha=0.8, label=label)
            ax.plot(row["time_to_n_s"], count, "o", color=COLOURS[count], markersize=6)
        ax.plot(
            TIMES[count], count, "D", color=GREY, markersize=7, markerfacecolor="none", markeredgewidth=1.6
        )
    ax.plot([], [], "o", color=GREY, label="all see all")
    ax.plot([], [], "D", color=GREY, markerfacecolor="none", label="published")
    ax.set_xlabel("seconds since N - 1 processes started")
    ax.set_ylabel("members seen, the mean over processes")
    ax.set_ylim(0, None)
    ax.legend(loc="lower right")
    heading(ax, "Bootstrap of N processes", "the last few members take as long as all the others")
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
