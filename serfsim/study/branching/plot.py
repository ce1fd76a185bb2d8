"""The plot of branches: the share in which each claim holds, over the time at which they left the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from serfsim.report.plots import style
from serfsim.results.stored_truth import StoredTruth
from serfsim.study.branching.shares import Share, inevitable_from

MARKERS: Final = "osD^vXP*"


def draw(name: str, shares: Sequence[Share], truth: StoredTruth, ax: Axes | None = None) -> Axes:
    """Draw a line with its interval for each claim, and a rule where its outcome became inevitable."""
    ax = style.new_axes() if ax is None else ax
    style.shade_faults(ax, truth)
    claims = list(dict.fromkeys(one.claim for one in shares))
    for number, claim in enumerate(claims[: len(style.CYCLE)]):
        own = [one for one in shares if one.claim == claim]
        at = [one.at for one in own]
        colour = style.CYCLE[number]
        low, high = [one.held.low for one in own], [one.held.high for one in own]
        ax.fill_between(at, low, high, color=colour, alpha=0.16, linewidth=0)
        ax.plot(
            at,
            [one.held.estimate for one in own],
            color=colour,
            marker=MARKERS[number % len(MARKERS)],
            markersize=4.5,
            linewidth=1.6,
            label=claim,
        )
        since = inevitable_from(own, claim)
        if since is not None and since > own[0].at:
            ax.axvline(since, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=0.6)
            ax.annotate(
                f"inevitable from {since:g} s",
                (since, 0.5),
                (5, 0),
                ("data", "axes fraction"),
                "offset points",
                fontsize=9,
                color=style.SOFT,
                rotation=90,
                va="center",
            )
    fresh = min((one.held.n for one in shares), default=0)
    style.heading(
        ax,
        f"{name}: branches in which a claim holds",
        f"{fresh} branches at each time, with fresh random streams from there on; band: 95 % interval",
    )
    style.time_axis(ax, 0.0, truth.end_s)
    style.label_below(ax, "time at which the branches leave the run [s]")
    ax.set_ylim(-0.03, 1.03)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("share of branches")
    style.legend(ax)
    return ax
