"""Spread of membership changes: the share of members that saw a crash, leave or start, by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.base.english import format_count
from serfsim.report.plots import style
from serfsim.report.tables import format_number
from serfsim.results.scoring.dissemination import Spread, spreads
from serfsim.results.scoring.recording import Floats

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

TITLE = "Spread of membership changes"
LEAST_S = 1e-3  # a log axis has no 0
MOST_POINTS = 1_000  # per curve, more than it has pixels
# kind of change, label, colour
SHOWN = (
    ("crash", "crash", style.RED),
    ("leave", "graceful leave", style.ORANGE),
    ("start", "start", style.GREEN),
)


class Seen:
    """All changes of one kind: how long each of `wanted` views took to follow, if it did."""

    def __init__(self, end: float) -> None:
        self.changes = self.wanted = self.followed = 0
        self.edges: Floats = np.geomspace(LEAST_S, max(end, 1.0), MOST_POINTS)
        self._within = np.zeros(MOST_POINTS, dtype=np.int64)
        self._took: list[Floats] = []

    def take(self, spread: Spread) -> None:
        self.changes += 1
        self.wanted += spread.wanted
        self.followed += len(spread.took)
        self._within += np.searchsorted(spread.took, self.edges, "right")
        # After a mass join there is one per pair of nodes, more than a picture can show.
        self._took = [*self._took, spread.took] if self.followed <= MOST_POINTS else []

    def curve(self) -> tuple[Floats, Floats]:
        """Return times, and the share of the views that had followed by then."""
        if self._took:
            t = np.maximum(np.sort(np.concatenate(self._took)), LEAST_S)
            return t, np.arange(1, len(t) + 1) / self.wanted
        some = self._within > 0
        return self.edges[some], self._within[some] / self.wanted


def draw(result: RunResult, ax: Axes) -> Axes:
    truth = result.truth
    end, seen = truth.end_s, {kind: Seen(truth.end_s) for kind, *_ in SHOWN}
    full = []
    changes = (truth.down_spans, truth.crashes, truth.leaves, end)
    for (_, _, kind, _), spread in spreads(result.views, *changes):
        if spread.wanted:
            seen[kind].take(spread)
            if (time := spread.until(1.0)) is not None:
                full.append(time)
    if not any(one.followed for one in seen.values()):
        return style.draw_nothing(ax, TITLE, "no visible crash, leave or start")
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
