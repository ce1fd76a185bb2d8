"""Suspicions and false positives by the length of bursts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serfsim.papers.bursts.runs import BURSTS, LOSSES
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, draw_points, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw suspicions an hour where TCP is cut, on a scale that shows none."""
    figure, ax = new_figure()
    for loss, colour in zip(LOSSES, (style.BLUE, style.ORANGE, style.RED), strict=True):
        for name, marker, words in (
            ("suspicions_per_hour", "o", "suspicions"),
            ("false_positives_per_hour", "s", "false positives"),
        ):
            points = {burst: values_of(rows, name, loss=loss, burst=burst, tcp="cut") for burst in BURSTS}
            draw_points(ax, points, colour, f"{words}, {100 * loss:g} % lost", marker)
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_ylim(bottom=-0.2)
    ax.set_xticks(BURSTS)
    ax.set_xlabel("mean length of a burst of losses (packets)")
    ax.set_ylabel("an hour, in a group of 20")
    ax.set_title("Bursts of losses at equal mean loss, TCP cut", loc="left")
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, -0.36))
    return {"bursts": figure}
