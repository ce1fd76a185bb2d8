"""The blocked members that were declared failed, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serfsim.papers.udp_blocked.runs import BLOCKED, SAMPLES_S
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SHOWN_S = 30


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw the mean over seeds of those declared so far."""
    figure, ax = new_figure()
    steps = [step for step in SAMPLES_S if step <= SHOWN_S]
    for fallback, colour, words in (
        ("off", style.RED, "without the TCP fallback"),
        ("on", style.BLUE, "with it"),
    ):
        values = [values_of(rows, f"declared_at_{step}", fallback=fallback) for step in steps]
        if all(len(one) for one in values):
            means = [0.0, *(float(np.mean(one)) for one in values)]
            ax.plot([0, *steps], means, "o-", ms=3, color=colour, label=words)
    ax.set_ylim(-1.5, BLOCKED + 2)
    ax.set_xlabel("seconds after UDP was blocked")
    ax.set_ylabel("blocked members declared failed, of 40")
    ax.set_title("Members with UDP blocked, declared failed by anybody", loc="left")
    ax.legend()
    return {"declared": figure}
