"""The page's curve times beside those of the real protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.convergence.formula import seconds_to
from serfsim.papers.convergence.runs import GOSSIP, SERF
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, draw_points, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SIZES = (30, 100, 1000, 10_000)


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw the times to half and to 99 % of the members by size, with and without loss."""
    return {"times": _times(rows, 0.0), "loss": _times(rows, 0.5)}


def _times(rows: pd.DataFrame, loss: float) -> Figure:
    figure, ax = new_figure()
    line = np.geomspace(25, 12_000, 80)
    for share, dash in ((0.5, "--"), (0.99, "-")):
        page = [seconds_to(share, round(n), loss=loss) for n in line]
        ax.plot(line, page, dash, color=style.GREY, lw=1.4, label=f"page, {100 * share:g} %")
    for protocol, colour, words in ((GOSSIP, style.BLUE, "gossip alone"), (SERF, style.ORANGE, "Serf")):
        for name, marker, reached in (("p50", "o", "50 %"), ("p99", "s", "99 %")):
            points = {n: values_of(rows, name, protocol=protocol, n=n, loss=loss) for n in SIZES}
            draw_points(ax, points, colour, f"{words}, {reached}", marker)
    ax.set_xscale("log")
    ax.set_xticks(SIZES, [f"{n:,}" for n in SIZES])
    ax.minorticks_off()
    top = 2.2 if loss == 0.0 else 4.2
    ax.set_ylim(0.0, top)
    ax.set_xlabel("members")
    ax.set_ylabel("seconds")
    lost = "half of the packets lost" if loss else "no loss"
    ax.set_title(f"Time until an update has reached a share of the members, {lost}", loc="left")
    ax.legend(ncols=2)
    return figure
