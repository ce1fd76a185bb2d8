"""Figures: the sources of the error, and the worth of each form of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.vivaldi.data import SETS
from serfsim.papers.vivaldi.grid import DIMENSIONS, LADDER, PLANETLAB
from serfsim.papers.vivaldi.verdicts import ladder, table_of_forms
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

STEPS = (
    "best placement\nfor the median",
    "best placement\nfor the mean",
    "least squares:\nVivaldi's springs",
    "Vivaldi with\nsmall steps",
    "Serf's steps\n(c_c = 0.25)",
    "Serf after\n400 rounds",
)


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw the ladder of errors, and the forms on each set of measurements."""
    drawn = {"ladder": _ladder(rows), "forms": _forms(rows, PLANETLAB), "sets": _sets(rows)}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _ladder(rows: pd.DataFrame) -> Figure | None:
    values = ladder(rows)
    if not all(values.values()):
        return None
    means = [float(np.mean(values[step])) for step in LADDER]
    figure, ax = new_figure(11.0)
    before = 0.0
    for x, mean in enumerate(means):
        low, high = min(before, mean), max(before, mean)
        colour = style.GREY if x == 0 else style.BLUE if mean >= before else style.GREEN
        ax.bar(x, high - low, bottom=low, color=colour, width=0.62)
        sign = f"{mean:.1f} %" if x == 0 else f"{mean - before:+.1f}\n= {mean:.1f} %"
        ax.text(x, high + 0.1, sign, ha="center", va="bottom", fontsize=9.5)
        if x:
            ax.plot([x - 0.69, x + 0.31], [before, before], color=style.EDGE, lw=0.8)
        before = mean
    ax.set_xticks(range(len(STEPS)), STEPS)
    ax.set_ylim(0.0, max(means) * 1.22)
    ax.grid(axis="x", visible=False)
    ax.set_ylabel("median relative error, %")
    ax.set_title("Where Serf's error on PlanetLab comes from", loc="left")
    return figure


def _forms(rows: pd.DataFrame, data: str) -> Figure | None:
    table = table_of_forms(rows, data)
    if np.isnan(list(table.values())).all():
        return None
    figure, ax = new_figure()
    colours = (style.GREY, style.ORANGE, style.GREEN, style.BLUE)
    for (words, errors), colour in zip(table.items(), colours, strict=True):
        ax.plot(DIMENSIONS, errors, "o-", ms=5, color=colour, label=words)
    floor = values_of(rows, "p50", study="static", data=data, dimensions=8, best_for="median")
    if len(floor):
        ax.axhline(100.0 * floor[0], color=style.RED, lw=1.2, label="best static placement, 8-D and height")
    ax.set_xticks(DIMENSIONS)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("dimensions")
    ax.set_ylabel("median relative error, %")
    ax.set_title(f"Forms of coordinates on {data}", loc="left")
    ax.legend()
    return figure


def _sets(rows: pd.DataFrame) -> Figure | None:
    figure, ax = new_figure()
    ways = ("vector alone", "height", "height and adjustment")
    bars = [
        ("2-D", 0, ways[0], style.LIGHT),
        ("2-D + height", 0, ways[1], style.SKY),
        ("8-D + height + adjustment (Serf)", 3, ways[2], style.BLUE),
    ]
    for shift, (words, at, way, colour) in enumerate(bars):
        heights = [table_of_forms(rows, data)[way][at] for data in SETS]
        ax.bar([x + 0.2 * shift - 0.3 for x in range(len(SETS))], heights, 0.19, color=colour, label=words)
    floors = [
        100.0
        * float(
            np.mean(
                values_of(rows, "p50", study="static", data=data, dimensions=8, best_for="median") or [np.nan]
            )
        )
        for data in SETS
    ]
    ax.bar([x + 0.3 for x in range(len(SETS))], floors, 0.19, color=style.RED, label="best static placement")
    ax.set_xticks(range(len(SETS)), list(SETS))
    ax.grid(axis="x", visible=False)
    ax.set_ylabel("median relative error, %")
    ax.set_title("Four sets of measurements", loc="left")
    ax.legend()
    return figure
