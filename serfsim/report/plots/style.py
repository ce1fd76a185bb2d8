"""The common style of all figures: colours, type, titles, the time axis and the shading of faults.

Colours are Okabe and Ito's, which are distinguishable with any common colour vision deficiency;
no distinction rests on red against green.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.rows import Column, in_pieces
from serfsim.results.stored_truth import StoredTruth

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#1f2933",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#d9c400",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
GREY, LIGHT, FAULT = "#7b8794", "#b8c2cc", "#f8f2e4"
SOFT, EDGE, GRID = "#52606d", "#9aa5b1", "#e4e7eb"
FAULTED, DOWN = "#f1dfb8", "#b8c0ca"  # bars of single nodes
MINT, VIOLET, LILAC = "#9fd8c4", "#7a5195", "#bc9fd0"  # in addition, where there are many
CYCLE = (BLUE, ORANGE, GREEN, PINK, SKY, YELLOW, RED, GREY)

# Any, because matplotlib types its parameters by name.
STYLE: Any = {
    "font.size": 10.5,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 24,
    "axes.labelcolor": BLACK,
    "axes.edgecolor": EDGE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": BLACK,
    # Numbers are written in full, without a common factor above the axis.
    "axes.formatter.limits": (-9, 12),
    "axes.formatter.useoffset": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    # Grid lines mark the ticks.
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.major.pad": 5.5,
    "ytick.major.pad": 5.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "path.simplify": True,
    "text.hinting": "none",  # the automatic hinter takes longer than drawing the glyph
    "agg.path.chunksize": 10000,
}
SIZE = (9.6, 4.8)  # inches
NOTE = "note"  # the gid of the subtitle
MOST_SHAPES = 1_000  # more of one kind are rasterised in vector output
LEGEND_BELOW = 0.5  # inches from the axes to the legend: below the ticks and the label
LABEL_BELOW = 0.29  # inches from the axes to the label of the horizontal one
MOST_TICKS = 6
HANDLE = 1.5  # width of a legend's handle and of a character, in widths of an m
CHARACTER = 0.6


def new_axes() -> Axes:
    """Return axes of a new pyplot figure in this style, which a notebook shows."""
    # start-up: pyplot looks for a screen; only notebooks need it
    from matplotlib import pyplot

    # Created outside the style context: a notebook's first figure sets up pyplot's display, and settings made
    # within a style context are lost at its end.
    figure = pyplot.figure(figsize=SIZE, layout="constrained", facecolor="white")
    with mpl.rc_context(STYLE):
        return figure.add_subplot()


def heading(ax: Axes, title: str, seen: str) -> None:
    """Write the title, and below it in grey a subtitle of one or more lines."""
    # A fixed position; searching for one measures every label of the axes again.
    pad = 24 + 13 * seen.count("\n")
    ax.set_title(title, loc="left", fontsize=13, fontweight="bold", color=BLACK, pad=pad, y=1.0)
    ax.annotate(
        seen,
        (0, 1),
        (0, 7),
        "axes fraction",
        "offset points",
        fontsize=9.5,
        color=SOFT,
        va="bottom",
        gid=NOTE,
    )


def draw_nothing(ax: Axes, title: str, why: str) -> Axes:
    """Draw an empty figure that says why it is empty."""
    heading(ax, title, why)
    ax.set_axis_off()
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=GREY, fontsize=12)
    return ax


def time_axis(ax: Axes, start: float, end: float) -> None:
    """Set the limits in seconds and mark the start of the scored time if it lies inside."""
    ax.set_xlim(start, max(end, start + 1.0))
    ax.xaxis.set_major_locator(few_ticks())
    label_below(ax, "time [s]")
    if start < 0:
        ax.axvline(0.0, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0.6)


def label_below(ax: Axes, text: str) -> None:
    """Write the label of the horizontal axis, below one line of numbers."""
    ax.set_xlabel(text)
    # A fixed position; searching for one measures every number again.
    down = ScaledTranslation(0.0, -LABEL_BELOW, ax.figure.dpi_scale_trans)
    ax.xaxis.set_label_coords(0.5, 0.0, transform=ax.transAxes + down)


def few_ticks(*, integer: bool = False) -> MaxNLocator:
    """Return a locator of few, round ticks."""
    return MaxNLocator(MOST_TICKS, integer=integer, steps=[1, 2, 5, 10] if integer else [1, 2, 2.5, 5, 10])


def log_ticks(axis: Axis) -> None:
    """Set ticks at powers of ten, and at 2 and 5 if the data span few decades."""
    low, high = axis.get_data_interval()
    narrow = np.log10(high / low) < 2.5
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,)))
    axis.set_minor_locator(NullLocator())


def format_plain(value: float, _: int) -> str:
    """Format a number of a logarithmic axis, for FuncFormatter."""
    return f"{value:g}"


def shade_faults(ax: Axes, truth: StoredTruth) -> None:
    """Shade the times at which a node was down or under a fault, with a legend entry."""
    label: str | None = "fault active"
    for window in truth.fault_windows():
        ax.axvspan(window.start, window.end, color=FAULT, linewidth=0, zorder=0.4, label=label)
        label = None


def legend(ax: Axes, **options: Any) -> None:
    """Put the legend below the axes, where it hides nothing, in as few lines as fit."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        figure = ax.figure
        below = ScaledTranslation(0.0, -LEGEND_BELOW, figure.dpi_scale_trans)
        ax.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(0.0, 0.0),
            bbox_transform=ax.transAxes + below,
            ncols=legend_columns(labels, ax.get_window_extent().width / figure.dpi),
            frameon=False,
            fontsize=9.5,
            handlelength=HANDLE,
            columnspacing=1.4,
            borderaxespad=0.0,
            borderpad=0.0,
            **options,
        )


def legend_columns(labels: list[str], width: float) -> int:
    """Return the most columns of a legend that fit into `width` inches. A legend fills column by column."""
    em = 9.5 / 72.0
    for columns in range(len(labels), 1, -1):
        short, longer = divmod(len(labels), columns)
        heights = [short + 1] * longer + [short] * (columns - longer)
        first, needed = 0, 0.0
        for height in heights:
            longest = max(len(label) for label in labels[first : first + height])
            needed += em * (CHARACTER * longest + HANDLE + 0.8 + 1.4)
            first += height
        if needed <= width:
            return columns
    return 1


def corners(t: Floats, level: Floats) -> Floats:
    """Return the points (t, level), shape (m, 2), without those inside a level stretch."""
    same = np.zeros(len(t), dtype=np.bool_)
    same[1:-1] = (level[1:-1] == level[:-2]) & (level[1:-1] == level[2:])
    points: Floats = np.column_stack((t, level))[~same]
    return points


def grid_of(start: float, end: float, points: int = 600) -> Floats:
    """Return evenly spaced times for a figure."""
    return np.linspace(start, max(end, start + 1e-6), points)


def running_totals(t: Floats, node: Integers, step: Column, n: int, first: Floats, grid: Floats) -> Floats:
    """Return the running total of every node at every time of `grid`, shape (n, len(grid)).

    `first` (n,) is the total before any step; `step[i]` is added to `node[i]` at `t[i]`.
    """
    totals = np.zeros((n, len(grid)))
    for rows in in_pieces((t, node, step)):
        place = np.searchsorted(grid, t[rows], "left")
        inside = place < len(grid)
        if not inside.any():
            continue
        # Rows in order of time, a piece at a time, span few columns of the grid.
        place = place[inside]
        low = int(place.min())
        width = int(place.max()) + 1 - low
        cells = node[rows][inside].astype(np.int64) * width + (place - low)
        sums = np.bincount(cells, weights=step[rows][inside], minlength=n * width)
        totals[:, low : low + width] += sums.reshape(n, width)
    totals[:, 0] += first
    running: Floats = np.cumsum(totals, axis=1, out=totals)
    return running


def quantiles(values: Floats, shares: Sequence[float]) -> Floats:
    """Return quantiles of each column of `values` (n, m) ignoring nan, (len(shares), m); nan if all are.

    numpy's nanquantile loops over the columns.
    """
    ranked = np.sort(values, axis=0)  # nan sorts last
    last = np.maximum((~np.isnan(values)).sum(axis=0) - 1, 0)
    place = np.asarray(shares)[:, None] * last
    below = place.astype(np.int64)
    columns = np.arange(values.shape[1])
    low, high = ranked[below, columns], ranked[np.minimum(below + 1, last), columns]
    found: Floats = low + (high - low) * (place - below)
    return found


def rate_per_bin(t: Floats, values: Floats, edges: Floats) -> Floats:
    """Return the mean rate per second in each bin."""
    sums, _ = np.histogram(t, bins=edges, weights=values)
    rates: Floats = sums / np.diff(edges)
    return rates


def second_edges(start: float, end: float, most: int = 300) -> Floats:
    """Return bin edges at whole seconds, at most `most` bins, one edge at 0."""
    width = max(1, int(np.ceil((end - start) / most)))
    first = np.floor(start / width) * width
    count = max(1, int(np.floor((end - first) / width)))
    edges: Floats = first + width * np.arange(count + 1)
    return edges
