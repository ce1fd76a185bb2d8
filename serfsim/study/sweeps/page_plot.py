"""Plot of a figure over the first parameter of a grid, one line for each setting of the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.report.plots import style
from serfsim.scenario.figures import FIGURES, unit_of
from serfsim.study.sweeps.grid import as_text
from serfsim.study.sweeps.overview import short_titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES: Final = len(style.CYCLE)
MARKERS: Final = "osD^vXP*"
# fraction of the distance between values over which lines are spread, to separate their intervals
APART: Final = 0.5

Point = Mapping[Any, Any]  # a row of `sweeps.overview.summary`


def draw(points: Sequence[Point], figure: str, parameters: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw `figure` of each of the `points` over the values of `parameters[0]`, with its interval.

    Values are evenly spaced, in the order of the grid. At most MOST_LINES settings of the other parameters
    are drawn.
    """
    ax = style.new_axes() if ax is None else ax
    across, others = parameters[0], list(parameters[1:])
    values = list(dict.fromkeys(as_text(point[across]) for point in points))
    titles = short_titles(parameters)
    lines: dict[str, list[Point]] = {}
    for point in points:
        label = ", ".join(f"{titles[path]} {as_text(point[path])}" for path in others)
        lines.setdefault(label, []).append(point)
    shown = list(lines.items())[:MOST_LINES]
    for number, (label, line) in enumerate(shown):
        shift = (number - (len(shown) - 1) / 2.0) * APART / len(shown)
        at = [values.index(as_text(point[across])) + shift for point in line]
        found = [point[figure] for point in line]
        below, above = zip(*(_reach(point, figure) for point in line), strict=True)
        colour = style.CYCLE[number]
        ax.errorbar(at, found, yerr=(below, above), fmt="none", ecolor=colour, elinewidth=1.1, capsize=2.5)
        ax.plot(at, found, color=colour, marker=MARKERS[number], markersize=5, linewidth=1.4, label=label)
    ax.set_xticks(range(len(values)), values)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.grid(visible=False, axis="x")
    ax.set_xlabel(titles[across])
    unit = unit_of(figure)
    ax.set_ylabel(f"mean over the seeds [{unit}]" if unit else "mean over the seeds")
    left_out = f" Of {len(lines)} settings the first {len(shown)}." if len(lines) > len(shown) else ""
    style.heading(ax, figure, f"{FIGURES.get(figure, figure)}.{left_out}")
    if others:
        style.legend(ax)
    return ax


def _reach(point: Point, figure: str) -> tuple[float, float]:
    """Return the interval's extent below and above; (0, 0) where there are too few runs."""
    value, low, high = (float(point[name]) for name in (figure, f"{figure}.low", f"{figure}.high"))
    if not (math.isfinite(low) and math.isfinite(high)):
        return math.nan, math.nan
    return max(0.0, value - low), max(0.0, high - value)
