"""The error of the estimated round-trip times, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.report.plots import style
from serfsim.report.tables import format_percent

if TYPE_CHECKING:
    from serfsim.report.topology_survey import Floor
    from serfsim.results.run_result import RunResult

FLOOR = 1e-6  # a log axis has no 0
FLOOR_IN_SIGHT = 0.01  # least median; a lower floor is not drawn


def draw(result: RunResult, ax: Axes, floor: Floor | None = None) -> Axes:
    title = "Error of estimated round-trip times"
    columns = result.columns("coordinate_error")
    known = np.isfinite(columns["relative_error_p50"])
    if not known.any():
        return style.draw_nothing(ax, title, "no coordinates were recorded")
    t = columns["t_s"][known]
    p50, p90, p99 = (
        np.maximum(columns[f"relative_error_{name}"][known], FLOOR) for name in ("p50", "p90", "p99")
    )
    style.shade_faults(ax, result.truth)
    ax.fill_between(t, p90, p99, color=style.SKY, alpha=0.25, linewidth=0)
    ax.fill_between(t, p50, p90, color=style.BLUE, alpha=0.22, linewidth=0)
    ax.plot(t, p99, color=style.SKY, linewidth=1.1, label="p99")
    ax.plot(t, p90, color=style.BLUE, linewidth=1.1, linestyle=(0, (5, 2)), label="p90")
    ax.plot(t, p50, color=style.BLUE, linewidth=2.2, label="median pair", marker="o" if len(t) == 1 else None)
    least = 0.0 if floor is None else floor.median.relative_error["p50"]
    # A line near 0, for nearly exact coordinates, would squeeze the others together.
    if least > FLOOR_IN_SIGHT * float(p50.min()):
        label = "least median of any coordinates found"
        ax.axhline(least, color=style.ORANGE, linewidth=1.6, linestyle=(0, (1, 1.5)), label=label)
    ax.set_yscale("log")
    style.log_ticks(ax.yaxis)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:g} %"))
    ax.set_ylabel("relative error")
    style.time_axis(ax, min(0.0, float(t[0])), result.truth.end_s)
    figures = result.summary["coordinates"]
    last = figures["relative_error"]
    seen = "|estimate - true| / true over ordered pairs of live nodes."
    if last["p50"] is not None:
        end = (
            f"{name} {format_percent(last[key])} %"
            for name, key in (("median", "p50"), ("p90", "p90"), ("p99", "p99"))
        )
        seen += f" At the end: {', '.join(end)}."
    converged = figures["converged_s"]
    if converged:
        ax.axvline(converged, color=style.GREEN, linewidth=1.2, linestyle=(0, (4, 2)), label="median settled")
    style.heading(ax, title, seen)
    style.legend(ax)
    return ax
