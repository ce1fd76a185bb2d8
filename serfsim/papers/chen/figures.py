"""Detection time against accuracy: closed form as lines, runs as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.chen.closed_forms import Setting
from serfsim.papers.chen.grid import SETTINGS
from serfsim.papers.chen.verdicts import setting, values
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, draw_points, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw E(T_MR) over the bound of the detection time, for each loss and delay."""
    figure, ax = new_figure()
    laws = list(dict.fromkeys((loss, delay) for _, loss, delay, _ in SETTINGS))
    for (loss, delay), colour in zip(laws, style.CYCLE, strict=False):
        deltas = np.linspace(0.02, 2.8, 140)
        line = [Setting(1.0, float(delta), loss, delay).recurrence_s for delta in deltas]
        ax.plot(1.0 + deltas, line, color=colour, lw=1.3)
        points = {
            setting(number).detection_bound_s: values(rows, "mistakes", number, "recurrence_s")
            for number, row in enumerate(SETTINGS)
            if (row[1], row[2]) == (loss, delay)
        }
        draw_points(ax, points, colour, f"loss {100 * loss:g} %, mean delay {1000 * delay:g} ms")
    ax.set_yscale("log")
    ax.set_ylim(1.0, 1e7)
    ax.set_xlabel("upper bound of the detection time, delta + eta (s)")
    ax.set_ylabel("seconds between mistakes, E(T_MR)")
    ax.set_title("NFD-S: closed form (lines) and runs", loc="left")
    ax.legend(loc="upper left")
    return {"recurrence": figure}
