"""How soon members saw the others crash, leave and start: the share that had, by the time that it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.report.plots import style
from serfsim.report.tables import number
from serfsim.scoring.membership import Change, changes
from serfsim.scoring.views import view_history
from serfsim.wording import counted

if TYPE_CHECKING:
    from serfsim.result import Result

TITLE = "How changes of the membership spread"
LEAST_S = 1e-3  # a log axis has no 0
# kind of change, label, colour
SHOWN = (
    ("crash", "crash", style.RED),
    ("leave", "graceful leave", style.ORANGE),
    ("start", "start", style.GREEN),
)


def draw(result: Result, ax: Axes) -> Axes:
    found = [change for change in changes_of(result) if change.spread.wanted]
    if not any(len(change.spread.took) for change in found):
        return style.nothing(ax, TITLE, "nobody crashed, left or started where others could see it")
    for kind, label, colour in SHOWN:
        those = [change for change in found if change.kind == kind]
        if not those:
            continue
        took = np.sort(np.concatenate([change.spread.took for change in those]))
        wanted = sum(change.spread.wanted for change in those)
        share = np.arange(1, len(took) + 1) / wanted
        t = np.maximum(took, LEAST_S)
        several = f"{len(those)} times" if len(those) > 1 else "once"
        ax.step(
            np.concatenate((t[:1], t)),
            np.concatenate(([0.0], share)),
            where="post",
            color=colour,
            linewidth=1.8,
            marker="o" if len(t) == 1 else None,
            label=f"{label} ({several}; {len(took):,} of {wanted:,} views)",
        )
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylim(0.0, 1.04)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:g} %"))
    ax.set_ylabel("share of the other members' views")
    ax.set_xlabel("time since the change [s]")
    full = [time for change in found if (time := change.spread.until(1.0)) is not None]
    seen = f"{counted(len(found), 'change')} after the warm-up."
    if full:
        seen += f" Until all others had seen one: {number(float(np.mean(full)))} s on average."
    style.heading(ax, TITLE, seen)
    style.legend(ax)
    return ax


def changes_of(result: Result) -> list[Change]:
    background = result.background
    down, end = background.down_spans, background.end_s
    history = view_history(result.events, down, end, background.converged_start)
    return changes(history, down, background.crashes, background.leaves, end)
