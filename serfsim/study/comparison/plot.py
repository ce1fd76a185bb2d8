"""The forest plot of a comparison: one line per figure, its difference and interval around zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from serfsim.report.plots import style
from serfsim.study.comparison.describe import (
    conclusion,
    difference_text,
    interval_text,
    label_text,
    value_text,
)
from serfsim.study.comparison.rows import SHOWN, TELLING, Row

if TYPE_CHECKING:
    from serfsim.study.comparison.comparison import Comparison

# verdict: colour, marker, filled, legend label
LOOKS: Final = {
    "worse": (style.RED, "X", True, "worse"),
    "better": (style.BLUE, "o", True, "better"),
    "changed": (style.ORANGE, "D", True, "changed"),
    "apart": (style.ORANGE, "D", True, "farther apart than nodes explain"),
    "same": (style.GREY, "o", False, "no difference shown"),
    "differs": (style.GREY, "s", False, "differs, no interval"),
}
MOST_LINES: Final = 60
LINE: Final = 0.235  # inches per line
AROUND: Final = 1.75  # inches for title, axis and legend
LINEAR: Final = 10.0  # percent; larger values are drawn on a logarithmic scale
FARTHEST: Final = 1000.0  # percent; an interval that reaches farther ends in an arrow
Entry = Row | str  # a line, or the heading of a family


def entries(comparison: Comparison) -> tuple[list[Entry], int]:
    """Return the lines from top to bottom, and the number of lines left out.

    For one setting, all figures that are not equal; for several, only figures that differ at some setting.
    With too many lines, those without a difference are dropped first.
    """
    several = len(comparison.settings) > 1
    differing = {row.figure for row in comparison.of(*SHOWN)}
    able = [
        row for row in comparison.rows if row.verdict in LOOKS and (not several or row.figure in differing)
    ]
    if len(able) > MOST_LINES:
        ranked = sorted(able, key=lambda row: row.verdict not in TELLING)
        kept = {id(row) for row in ranked[:MOST_LINES]}
    else:
        kept = {id(row) for row in able}
    lines: list[Entry] = []
    for family in dict.fromkeys(row.family for row in able):
        members = [row for row in able if row.family == family and id(row) in kept]
        members.sort(key=lambda row: [each.figure for each in able].index(row.figure))
        lines += [family, *members] if members else []
    return lines, len(able) - len(kept)


def forest_size(comparison: Comparison) -> tuple[float, float]:
    """Return the figure's size in inches; the height grows with the number of lines."""
    return 11.0, AROUND + LINE * max(4, len(entries(comparison)[0]))


def new_forest_axes(comparison: Comparison) -> Axes:
    """Create a pyplot figure of the right size and return its axes."""
    ax = style.new_axes()
    figure: Any = ax.figure
    figure.set_size_inches(*forest_size(comparison))
    return ax


def draw(comparison: Comparison, ax: Axes) -> Axes:
    lines, left_out = entries(comparison)
    base, candidate = comparison.names
    title = f"{base}: candidate against base" if base == candidate else f"{candidate} against {base}"
    if not lines:
        return style.draw_nothing(ax, title, conclusion(comparison))
    style.heading(ax, title, _subtitle(comparison, left_out))
    _axis(ax, lines)
    several = len(comparison.settings) > 1
    labels = [entry if isinstance(entry, str) else _name(entry, several) for entry in lines]
    ax.set_yticks(range(len(lines)), labels)
    for tick, entry in zip(ax.get_yticklabels(), lines, strict=True):
        tick.set_fontsize(9)
        tick.set_color(style.BLACK)
        tick.set_fontweight("bold" if isinstance(entry, str) else "normal")
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0, pad=9)
    ax.grid(visible=False, axis="y")
    ax.axvline(0.0, color=style.BLACK, linewidth=1.0, zorder=1.5)
    for place, entry in enumerate(lines):
        if isinstance(entry, Row):
            _line(ax, place, entry)
        else:
            ax.axhspan(place - 0.5, place + 0.5, color="#f2f4f6", linewidth=0, zorder=0.3)
    for verdict, (colour, marker, filled, label) in LOOKS.items():
        if any(isinstance(entry, Row) and entry.verdict == verdict for entry in lines):
            ax.scatter([], [], label=label, **_mark(colour, marker, filled))
    style.legend(ax)
    return ax


def _subtitle(comparison: Comparison, left_out: int) -> str:
    what = (
        "nodes of one run each, not seeds" if comparison.kind == "results" else f"{comparison.seeds[0]} seeds"
    )
    more = f"; {left_out} more without a difference" if left_out else ""
    surely = f"{100 * comparison.confidence:g} % for all together"
    return f"Intervals over {what}, at {surely}; at the right base → candidate{more}"


def _name(row: Row, several: bool) -> str:
    name = f"{label_text(row)} [points]" if row.is_share_of_runs else label_text(row)
    return f"{name}, {row.setting}" if several else name


def _axis(ax: Axes, lines: Sequence[Entry]) -> None:
    """Set up an axis in percent of the base, logarithmic where differences span orders of magnitude."""
    reach = [
        abs(100 * row.relative(value))
        for row in lines
        if isinstance(row, Row)
        for value in (row.difference, row.low, row.high)
        if math.isfinite(row.relative(value))
    ]
    far = min(FARTHEST, max([*reach, 1.0]))
    ax.set_xlabel("difference [% of the base]")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    if far <= 4 * LINEAR:
        ax.set_xlim(-1.15 * far, 1.15 * far)
        return
    ax.set_xscale("symlog", linthresh=LINEAR, linscale=1.0)
    steps = [step for step in (5.0, 10.0, 30.0, 100.0, 300.0, 1000.0) if step <= far]
    ax.xaxis.set_major_locator(FixedLocator([-step for step in reversed(steps)] + [0.0, *steps]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    ax.set_xlim(-1.5 * far, 1.5 * far)


def _mark(colour: str, marker: str, filled: bool) -> dict[str, Any]:
    return {
        "s": 44,
        "marker": marker,
        "facecolors": colour if filled else "white",
        "edgecolors": "white" if filled else colour,
        "linewidths": 0.7 if filled else 1.4,
        "zorder": 4,
    }


def _line(ax: Axes, place: int, row: Row) -> None:
    """Draw the interval, the difference, and the values beside them."""
    colour, marker, filled, _ = LOOKS[row.verdict]
    centre, low, high = (100 * row.relative(value) for value in (row.difference, row.low, row.high))
    left, right = ax.get_xlim()
    if math.isnan(centre):
        # A change from 0 exceeds every share of it.
        up = row.difference >= 0
        centre = right if up else left
        ax.annotate(
            f"base 0: {difference_text(row)} {interval_text(row)}".rstrip(),
            (centre, place),
            (-9 if up else 9, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=_ink(row),
            ha="right" if up else "left",
            va="center",
        )
    elif math.isfinite(low) and math.isfinite(high):
        ends = [min(max(end, left), right) for end in (low, high)]
        ax.plot(ends, [place, place], color=colour, linewidth=1.7, solid_capstyle="butt", zorder=3)
        for goes_on, edge, arrow in ((low < left, left, "<"), (high > right, right, ">")):
            if goes_on:
                ax.plot([edge], [place], marker=arrow, color=colour, markersize=6, clip_on=False, zorder=3)
    inside = min(max(centre, left), right)
    ax.scatter([inside], [place], clip_on=False, **_mark(colour, marker, filled))
    strong = row.verdict in TELLING
    ax.annotate(
        f"{value_text(row, row.base)} → {value_text(row, row.candidate)}",
        (1.0, place),
        (10, 0),
        ("axes fraction", "data"),
        "offset points",
        fontsize=8.5,
        color=_ink(row) if strong else style.GREY,
        fontweight="bold" if strong else "normal",
        va="center",
    )


def _ink(row: Row) -> str:
    """Return a verdict's text colour: the markers' orange is hard to read on white."""
    return style.BLACK if row.verdict in ("changed", "apart") else LOOKS[row.verdict][0]
