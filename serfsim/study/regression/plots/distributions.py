"""One scenario: the distribution of every tested figure over seeds, baseline above, current below.

Each figure has its own scale, with the ends written beside it. Changed figures come first, in colour.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from serfsim.base.english import format_count
from serfsim.report.plots import style
from serfsim.study.regression.baseline import seeds_text
from serfsim.study.regression.comparison import BETTER, WORSE, Compared, FigureTest, family, finite
from serfsim.study.regression.describe import difference, figure_text, number, p_text, unit_after
from serfsim.study.regression.runs import Floats

ROW = 0.31  # inches
ABOVE, BELOW = 1.05, 0.55
WIDTH = 12.5
TOLD_AT = 1.2  # x of the text on a change, in widths of the axes
OFFSET = 0.19  # of each set from the middle of its row, in rows
NONE_AT = 1.06  # x of runs without a value; values lie between 0 and 1
COLOURS = {WORSE: style.RED, BETTER: style.BLUE}
QUIET = "#52606d"


def rows_of(scenario: Compared) -> list[FigureTest]:
    """Return the tests, smallest p-value first; for identical runs, the figures that would be tested."""
    if scenario.identical:
        return [
            FigureTest(scenario.name, figure, then, now, 1.0)
            for figure, then, now in family(scenario.entry.runs, scenario.now)
        ]
    return sorted(scenario.tests, key=lambda test: (not test.verdict, test.adjusted if test.verdict else 0.0))


def size(scenario: Compared) -> tuple[float, float]:
    return WIDTH, ABOVE + BELOW + ROW * max(len(rows_of(scenario)), 1)


def draw(scenario: Compared, ax: Axes) -> Axes:
    rows = rows_of(scenario)
    title, seen = _heading(scenario)
    if not rows:
        return style.draw_nothing(ax, title, "no figure varies")
    style.heading(ax, title, seen)
    rng = np.random.default_rng(1)
    for place, test in enumerate(rows):
        _row(ax, test, place, rng)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(-0.02, NONE_AT + 0.03)
    ax.set_xticks([])
    ax.set_yticks(range(len(rows)))
    ax.set_yticklabels([figure_text(test.figure) for test in rows], fontsize=8.5)
    for label, test in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_color(_colour(test) if test.verdict else QUIET)
        label.set_fontweight("bold" if test.verdict else "normal")
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    _key(ax, rows)
    return ax


def _heading(scenario: Compared) -> tuple[str, str]:
    now, then = scenario.now.seeds, scenario.entry.runs.seeds
    seeds = f"{len(now)} runs (seeds {_short(seeds_text(now))})"
    base = f"{len(then)} of the baseline (seeds {_short(seeds_text(then))})"
    if scenario.identical:
        verdict = "identical: every seed gives the digest of the baseline"
    elif scenario.changed:
        verdict = f"{format_count(len(scenario.changed), 'figure')} of {len(scenario.tests)} changed"
    else:
        verdict = f"none of {format_count(len(scenario.tests), 'figure')} changed"
    return f"{scenario.name}: {verdict}", f"{seeds} beside {base}. Each row has its own scale."


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:21]}..."


def _colour(test: FigureTest) -> str:
    return COLOURS.get(test.verdict, style.PINK if test.verdict else style.SKY)


def _row(ax: Axes, test: FigureTest, place: int, rng: np.random.Generator) -> None:
    low, high = _scale(test)
    if place % 2:
        ax.axhspan(place - 0.5, place + 0.5, color="#f5f7fa", linewidth=0, zorder=0)
    for values, side, colour in ((test.then, -OFFSET, style.GREY), (test.now, OFFSET, _colour(test))):
        _strip(ax, values, (low, high), place + side, colour, rng)
    across = blended_transform_factory(ax.transAxes, ax.transData)
    ends = f"{number(low)} to {number(high)}{unit_after(test.figure)}"
    ax.text(1.0, place, ends, transform=across, va="center", fontsize=8, color=QUIET)
    if test.verdict:
        told = f"{difference(test)}\n{test.verdict}, p {p_text(test.adjusted)}"
        look: Any = {"va": "center", "fontsize": 7.5, "fontweight": "bold", "linespacing": 1.15}
        ax.text(TOLD_AT, place, told, transform=across, color=_colour(test), **look)


def _scale(test: FigureTest) -> tuple[float, float]:
    both = np.concatenate((finite(test.then), finite(test.now)))
    return (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)


def _strip(
    ax: Axes, values: Floats, scale: tuple[float, float], y: float, colour: str, rng: np.random.Generator
) -> None:
    """Draw all runs as dots, their middle half as a bar, their median as a line."""
    low, high = scale
    kept = finite(values)
    at = (kept - low) / (high - low) if high > low else np.full(len(kept), 0.5)
    none = np.full(len(values) - len(kept), NONE_AT)
    x = np.concatenate((at, none))
    scatter = rng.uniform(-0.09, 0.09, len(x))
    ax.scatter(x, y + scatter, s=9, color=colour, alpha=0.55, linewidth=0, zorder=2)
    if len(kept):
        first, middle, third = np.quantile(at, (0.25, 0.5, 0.75))
        ax.plot(
            [first, third], [y, y], color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt", zorder=1
        )
        ax.plot([middle, middle], [y - 0.15, y + 0.15], color=colour, linewidth=2, zorder=3)


def _key(ax: Axes, rows: list[FigureTest]) -> None:
    kinds = {"baseline": style.GREY}
    for test in rows:
        kinds[f"now: {test.verdict or 'not changed'}"] = _colour(test)
    handles = [
        Line2D([], [], color=colour, marker="o", markersize=4, linewidth=2, label=label)
        for label, colour in kinds.items()
    ]
    if any(not np.isfinite(values).all() for test in rows for values in (test.then, test.now)):
        label = "at the right edge: runs without a value"
        handles.append(Line2D([], [], color=QUIET, marker="o", markersize=4, linestyle="", label=label))
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        borderaxespad=0.6,
    )
