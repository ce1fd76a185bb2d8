"""Spread of membership changes: the share of members that saw a crash, leave or start, by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.base.english import format_count
from serfsim.report.plots import style
from serfsim.report.tables import format_number

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

TITLE = "Spread of membership changes"
# kind of change, label, colour
SHOWN = (
    ("crash", "crash", style.RED),
    ("leave", "graceful leave", style.ORANGE),
    ("start", "start", style.GREEN),
)


def draw(result: RunResult, ax: Axes) -> Axes:
    seen, order = result.changes.followed, result.changes.order
    if not any(one.followed for one in seen.values()):
        return style.draw_nothing(ax, TITLE, "no visible crash, leave or start")
    full = [time for change in order if change.wanted and (time := change.shares["full_s"]) is not None]
    for kind, label, colour in SHOWN:
        one = seen[kind]
        if not one.changes:
            continue
        t, share = one.curve()
        several = f"{one.changes} times" if one.changes > 1 else "once"
        ax.step(
            np.concatenate((t[:1], t)),
            np.concatenate(([0.0], share)),
            where="post",
            color=colour,
            linewidth=1.8,
            marker="o" if len(t) == 1 else None,
            label=f"{label} ({several}; {one.followed:,} of {one.wanted:,} views)",
        )
    ax.set_xscale("log")
    style.log_ticks(ax.xaxis)
    ax.xaxis.set_major_formatter(FuncFormatter(style.format_plain))
    ax.set_ylim(0.0, 1.04)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:g} %"))
    ax.set_ylabel("share of other members that saw it")
    style.label_below(ax, "time since the change [s]")
    subtitle = f"{format_count(sum(one.changes for one in seen.values()), 'change')} after the warm-up."
    if full:
        subtitle += f" All others had seen one after {format_number(float(np.mean(full)))} s on average."
    style.heading(ax, TITLE, subtitle)
    style.legend(ax)
    return ax
