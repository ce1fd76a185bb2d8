"""Figures 2 and 3 of the Lifeguard paper beside ours, and Table V's medians."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import NullLocator, ScalarFormatter

from serfsim.papers.lifeguard.grid import CS, PARTS
from serfsim.papers.lifeguard.published import PUBLISHED
from serfsim.papers.lifeguard.tables import Tables
from serfsim.report.plots.style import BLUE, GREEN, GREY, ORANGE, RED, heading
from serfsim.study.reproduction import Verdict, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = dict(zip(PARTS, (BLUE, ORANGE, GREEN, GREY, RED), strict=True))
FLOOR = 0.002  # one event in 480 runs: below it there is none


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Return both figures."""
    tables = Tables(rows)
    titles = {
        "false_positives": ("fig2", "fp", "False positives by number of members that block"),
        "false_positives_at_healthy": ("fig3", "fp_healthy", "The same, raised by healthy members"),
    }
    return {name: draw(tables, *of) for name, of in titles.items() if tables.cs}


def draw(tables: Tables, source: str, column: str, title: str) -> Figure:
    figure, ax = new_figure()
    for name in PARTS:
        published = [(c, PUBLISHED[f"{source}.{name}.{c}"]) for c in CS]
        plot(ax, published, COLOURS[name], linestyle="--", linewidth=1.1, alpha=0.8)
        found = [(c, tables.a_run(column, name, (c,)).estimate) for c in tables.cs]
        plot(ax, found, COLOURS[name], marker="o", markersize=4.5, linewidth=1.8, label=name)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xticks(CS)
    ax.set_xlabel("members that block")
    ax.set_ylabel("a run")
    ax.legend()
    heading(ax, title, f"ours solid, published dashed; none in 480 runs is drawn at {FLOOR:g}")
    return figure


def plot(ax: Any, points: Sequence[tuple[int, float]], colour: str, **look: Any) -> None:
    ax.plot([c for c, _ in points], [max(value, FLOOR) for _, value in points], color=colour, **look)
