"""Lifeguard's local health scores over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from serfsim.protocol.events import HEALTH
from serfsim.report.plots import style
from serfsim.results.scoring.recording import EventTable, Floats
from serfsim.results.scoring.scored_run import rows_of_kind
from serfsim.results.stored_truth import StoredTruth

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

NAMED = 4  # the nodes with the worst health get a line and a name
NOTED = 0.1  # unless they are far healthier than the worst one


def scores(events: EventTable, truth: StoredTruth, grid: Floats) -> Floats:
    """Return the score of every node at every time of `grid`, (n, len(grid)); nan while down."""
    down = truth.down_spans
    rows = rows_of_kind(events, (HEALTH,))
    stops = np.flatnonzero(down.start > -np.inf)
    t = np.concatenate((events.t[rows], down.start[stops]))
    node = np.concatenate((events.observer[rows], down.node[stops])).astype(np.int64)
    level = np.concatenate((events.detail[rows].astype(np.float64), np.zeros(len(stops))))
    order = np.lexsort((np.arange(len(t)), t, node))
    t, node, level = t[order], node[order], level[order]
    before = np.zeros(len(t))
    same = node[1:] == node[:-1]
    before[1:][same] = level[:-1][same]
    out = style.running_totals(t, node, level - before, down.n, np.zeros(down.n), grid)
    for place, moment in enumerate(grid):
        out[down.covered_at(float(moment)), place] = np.nan
    return out


def draw(result: RunResult, ax: Axes) -> Axes:
    truth = result.truth
    grid = style.grid_of(0.0, truth.end_s)
    level = scores(result.events, truth, grid)
    style.shade_faults(ax, truth)
    some = ~np.isnan(level).all(axis=0)
    mean = np.full(len(grid), np.nan)
    mean[some] = np.nanmean(level[:, some], axis=0)
    p90, worst = style.quantiles(level, (0.9, 1.0))
    ax.fill_between(
        grid, 0, worst, step="post", color=style.SKY, alpha=0.25, linewidth=0, label="up to the worst node"
    )
    ax.step(grid, p90, where="post", color=style.BLUE, linewidth=0.8, alpha=0.6, label="p90")
    names = truth.names
    total = np.nansum(level, axis=1)
    least = NOTED * float(total.max(initial=0.0))
    order = [int(node) for node in np.argsort(-total, kind="stable")[:NAMED] if total[node] > least]
    for node, colour in zip(order, (style.RED, style.ORANGE, style.PINK, style.GREEN), strict=False):
        ax.step(grid, level[node], where="post", color=colour, linewidth=0.9, alpha=0.9, label=names[node])
    ax.step(grid, mean, where="post", color=style.BLUE, linewidth=2.2, label="mean", zorder=3)
    top = float(np.nanmax(worst, initial=0.0))
    ax.set_ylim(-0.06 * max(top, 1.0), max(top, 1.0) * 1.12)
    ax.yaxis.set_major_locator(style.few_ticks(integer=True))
    ax.set_ylabel("health score (0 is healthy)")
    style.time_axis(ax, 0.0, truth.end_s)
    figure = result.summary["health"]["score"]
    mean_text = "-" if figure["mean"] is None else f"{figure['mean']:.2g}"
    style.heading(
        ax,
        "Local health scores",
        f"Lifeguard's local health; mean {mean_text}, worst {figure['max']}. "
        "A failed probe without nacks raises it.",
    )
    style.legend(ax)
    return ax
