"""The health scores of healthy members by the time of the nack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.late_nacks.runs import CRASHED, NACK_AT
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw the mean of the worst scores."""
    figure, ax = new_figure()
    for shift, (share, colour) in enumerate(zip(NACK_AT, (style.BLUE, style.RED), strict=True)):
        heights = [
            float(np.mean(values_of(rows, "score_max", crashed=crashed, nack_at=share) or [0.0]))
            for crashed in CRASHED
        ]
        places = [x + 0.34 * shift - 0.17 for x in range(len(CRASHED))]
        ax.bar(places, heights, 0.32, color=colour, label=f"nacks at {100 * share:g} % of the timeout")
        for x, height in zip(places, heights, strict=True):
            ax.text(x, height + 0.08, f"{height:.1f}", ha="center", fontsize=9.5)
    ax.set_xticks(range(len(CRASHED)), [f"{crashed} of 64" for crashed in CRASHED])
    ax.grid(axis="x", visible=False)
    ax.set_xlabel("members that crash together")
    ax.set_ylabel("worst health score of a healthy member")
    ax.set_ylim(0.0, 7.5)
    ax.set_title("Healthy members that blame themselves for others' crashes", loc="left")
    ax.legend(loc="upper left")
    return {"scores": figure}
