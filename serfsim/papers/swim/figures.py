"""SWIM's formulas as lines, our runs as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.swim import closed_forms
from serfsim.papers.swim.grid import DETECTION, FALSE, INFECTION, SMALL_GROUPS
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, draw_points, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MEASURED = {10: 1.11, 15: 3.26, 19: 1.98, 24: 1.25, 28: 2.05, 32: 1.39, 37: 1.17}


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw first detection by size, failed rounds by loss, and the infection times."""
    drawn = {"detection": _detection(rows), "false": _false(rows), "infection": _infection(rows)}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _detection(rows: pd.DataFrame) -> Figure | None:
    sizes = sorted({*SMALL_GROUPS, *DETECTION})
    points = {n: values_of(rows, "periods", study="detection", n=n, crashed=_crashed(n)) for n in sizes}
    if not any(len(values) for values in points.values()):
        return None
    figure, ax = new_figure()
    line = np.geomspace(6, 1200, 60)
    ax.plot(line, [closed_forms.first_detection(round(n)) for n in line], color=style.GREY, label="formula")
    seconds = {n: values_of(rows, "seconds", study="detection", n=n, crashed=_crashed(n)) for n in sizes}
    draw_points(ax, points, style.BLUE, "ours, whole periods")
    draw_points(ax, seconds, style.ORANGE, "ours, from the crash to the end of the round")
    ax.plot(
        list(MEASURED),
        list(MEASURED.values()),
        "x",
        color=style.RED,
        label="measured in the paper, a few crashes each",
    )
    ax.set_xscale("log")
    ax.set_xticks([8, 16, 32, 64, 128, 256, 512, 1000], ["8", "16", "32", "64", "128", "256", "512", "1000"])
    ax.minorticks_off()
    ax.set_ylim(0.8, 3.5)
    ax.set_xlabel("members")
    ax.set_ylabel("periods")
    ax.set_title("First detection of a crash", loc="left")
    ax.legend()
    return figure


def _crashed(n: int) -> int:
    return DETECTION[n][0] if n in DETECTION else 1


def _false(rows: pd.DataFrame) -> Figure | None:
    if not len(values_of(rows, "failed_share", study="false")):
        return None
    figure, ax = new_figure()
    line = np.linspace(0.78, 0.995, 80)
    colours = {0: style.BLUE, 1: style.ORANGE, 2: style.GREY, 3: style.GREEN, 5: style.RED}
    for k, colour in colours.items():
        ax.plot(line, [closed_forms.failed_round(q, k) for q in line], color=colour, lw=1.2)
        points = {
            q: values_of(rows, "failed_share", study="false", q_ml=q, k=k) for q in FALSE if k in FALSE[q]
        }
        if any(len(values) for values in points.values()):
            draw_points(ax, points, colour, f"k = {k}")
    ax.set_yscale("log")
    ax.set_ylim(1e-4, 0.6)
    ax.set_xlabel("share of packets that arrive (q_ml)")
    ax.set_ylabel("failed rounds, share")
    ax.set_title("False detections: formula (lines) and runs", loc="left")
    ax.legend()
    return figure


def _infection(rows: pd.DataFrame) -> Figure | None:
    points = {n: values_of(rows, "p50", study="infection", n=n) for n in INFECTION}
    if not any(len(values) for values in points.values()):
        return None
    figure, ax = new_figure()
    line = np.geomspace(10, 1200, 60)
    for name, share, colour in (
        ("p50", 0.5, style.BLUE),
        ("p90", 0.9, style.ORANGE),
        ("p99", 0.99, style.GREEN),
    ):
        ax.plot(line, [closed_forms.infection_time(round(n), share) for n in line], color=colour, lw=1.2)
        draw_points(
            ax,
            {n: values_of(rows, name, study="infection", n=n) for n in INFECTION},
            colour,
            f"{100 * share:g} % have it",
        )
    ax.set_xscale("log")
    ax.set_xticks([13, 28, 56, 128, 256, 512, 1000], ["13", "28", "56", "128", "256", "512", "1000"])
    ax.minorticks_off()
    ax.set_xlabel("members")
    ax.set_ylabel("periods")
    ax.set_title("Spread of an update by pings and acks: logistic (lines) and runs", loc="left")
    ax.legend()
    return figure
