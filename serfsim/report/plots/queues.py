"""Messages waiting to be gossiped, over time: shows a backlog after a join or a storm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.base.errors import ResultError
from serfsim.report.plots import style

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

TITLE = "Messages waiting to be gossiped"
# queue, label, colour
SHOWN = (
    ("broadcasts", "memberlist's broadcasts", style.BLUE),
    ("intents", "join and leave intents", style.ORANGE),
    ("events", "user events", style.GREEN),
    ("queries", "queries", style.PINK),
    ("handoff", "messages read, not yet handled", style.SKY),
)


def draw(result: RunResult, ax: Axes) -> Axes:
    try:
        columns = result.columns("queues")
    except ResultError:  # written by an earlier version of serfsim
        return style.draw_nothing(ax, TITLE, "queues were not recorded")
    queues, truth = columns["queue"], result.truth
    drawn = False
    style.shade_faults(ax, truth)
    for name, label, colour in SHOWN:
        rows = queues.codes == queues.names.index(name) if name in queues.names else np.zeros(0, np.bool_)
        mean, most = columns["mean"][rows], columns["max"][rows]
        if not most.any():
            continue
        drawn = True
        t = columns["t_s"][rows]
        ax.plot(t, most, color=colour, linewidth=0.9, linestyle=(0, (4, 2)), alpha=0.8)
        ax.plot(
            t,
            mean,
            color=colour,
            linewidth=1.8,
            label=f"{label} (up to {int(most[t >= 0].max(initial=0)):,})",
        )
    if not drawn:
        ax.clear()
        return style.draw_nothing(ax, TITLE, "no message was queued at any sample")
    # One message must be as visible as a thousand.
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.6)
    ax.yaxis.set_major_formatter(FuncFormatter(style.format_plain))
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("messages per member")
    style.time_axis(ax, min(0.0, float(columns["t_s"].min())), truth.end_s)
    style.heading(ax, TITLE, "Solid: mean over live members; dashed: the maximum. Sampled.")
    style.legend(ax)
    return ax
