"""The number of members that each node sees, over time: shows splits and flaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from serfsim.base.english import format_count
from serfsim.report.plots import style
from serfsim.results.scoring.recording import Floats
from serfsim.results.scoring.views import view_history
from serfsim.results.stored_truth import StoredTruth

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

WITH_JOIN = 700  # up to this many nodes the join is shown too; above, it is millions of rows
EVERY_LINE = 300  # up to this many nodes, each has a faint line
OUTLIERS = 4  # the nodes that deviate most get a line and a name
STRAYING = 0.03  # if they do so for more than this share of the time


def sizes(result: RunResult, grid: Floats) -> Floats:
    """Return the members each node sees, itself included, (n, len(grid)); nan while it is down."""
    truth, start = result.truth, float(grid[0])
    down, end = truth.down_spans, truth.end_s
    history = (
        result.views if start == 0.0 else view_history(result.events, down, end, truth.converged_start, start)
    )
    n = down.n
    first = 1.0 + history.present.differing(np.zeros(n, dtype=np.bool_)).astype(np.float64)
    step = np.where(history.appears, np.int8(1), np.int8(-1))
    seen = style.running_totals(history.t, history.observer, step, n, first, grid)
    # Going down clears the view; a restarted agent sees itself.
    for place, t in enumerate(grid):
        seen[down.covered_at(float(t)), place] = np.nan
    return seen


def live_nodes(truth: StoredTruth, grid: Floats) -> Floats:
    """Return the number of nodes that are up at each time."""
    n = len(truth.names)
    return np.array([n - int(truth.down_spans.covered_at(float(t)).sum()) for t in grid], dtype=np.float64)


def draw(result: RunResult, ax: Axes) -> Axes:
    truth = result.truth
    n = len(truth.names)
    start = 0.0 if n > WITH_JOIN or truth.converged_start else -truth.warm_up
    grid = style.grid_of(start, truth.end_s)
    seen = sizes(result, grid)
    style.shade_faults(ax, truth)
    low, p10, median, p90, high = style.quantiles(seen, (0.0, 0.1, 0.5, 0.9, 1.0))
    ax.fill_between(
        grid, low, high, step="post", color=style.SKY, alpha=0.22, linewidth=0, label="all nodes (range)"
    )
    ax.fill_between(grid, p10, p90, step="post", color=style.BLUE, alpha=0.3, linewidth=0, label="10 to 90 %")
    if n <= EVERY_LINE:
        rows = [style.corners(grid, row) for row in seen]
        lines = LineCollection(
            rows,
            colors=style.BLUE,
            linewidths=0.5,
            alpha=0.25,
            rasterized=sum(map(len, rows)) > style.MOST_SHAPES,
            zorder=1.5,
        )
        ax.add_collection(lines, autolim=False)
    name_outliers(ax, truth.names, grid, seen, median)
    ax.step(grid, median, where="post", color=style.BLUE, linewidth=2.0, label="median node", zorder=3)
    alive = live_nodes(truth, grid)
    ax.step(
        grid,
        alive,
        where="post",
        color=style.BLACK,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
        label="truth",
        zorder=4,
    )
    top = max(float(np.nanmax(high, initial=0.0)), float(alive.max(initial=1.0)))
    bottom = (
        float(np.nanmin(low[grid >= 0.0], initial=top)) if start < 0 else float(np.nanmin(low, initial=top))
    )
    span = max(top - bottom, 4.0)
    ax.set_ylim(max(0.0, top - 1.12 * span) if bottom > 0.25 * top else 0.0, top + 0.06 * span)
    ax.yaxis.set_major_locator(style.few_ticks(integer=True))
    ax.set_ylabel("members seen")
    style.time_axis(ax, start, truth.end_s)
    distinct = len(np.unique(seen[:, grid >= 0.0][~np.isnan(seen[:, grid >= 0.0])]))
    style.heading(
        ax,
        "Cluster size seen by each node",
        f"{format_count(n, 'node')}; {format_count(distinct, 'distinct size')} seen after the warm-up. "
        "Dashed: nodes that were up.",
    )
    style.legend(ax)
    return ax


def name_outliers(ax: Axes, names: list[str], grid: Floats, seen: Floats, median: Floats) -> None:
    """Draw and name the nodes whose view differs from the median's for long, after the warm-up."""
    off = np.nan_to_num(np.abs(seen - median)[:, grid >= 0.0]) >= 0.5
    stray = off.mean(axis=1) if off.shape[1] else np.zeros(len(seen))
    worst = [int(node) for node in np.argsort(-stray, kind="stable")[:OUTLIERS] if stray[node] > STRAYING]
    for node, colour in zip(worst, (style.RED, style.ORANGE, style.PINK, style.GREEN), strict=False):
        ax.step(grid, seen[node], where="post", color=colour, linewidth=1.1, label=names[node], zorder=2.5)
