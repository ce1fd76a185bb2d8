"""Time to detect against mistakes, a curve over each detector's setting; bytes beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.papers.rivals.grid import DETECTORS, SITUATIONS, SMALL
from serfsim.report.plots import style
from serfsim.study.reproduction import Verdict, new_figure, values_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NETWORK: Final = "five regions"
MARKERS: Final = "osD^vPX*"


def figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw a figure for each situation of five regions."""
    return {
        situation.replace(" ", "_").replace("%", "percent"): _curve(rows, situation)
        for situation in SITUATIONS
    }


def _curve(rows: pd.DataFrame, situation: str) -> Figure:
    figure, ax = new_figure()
    for place, (name, detector) in enumerate(DETECTORS.items()):
        points = []
        for value in detector.values:
            factors = {
                "network": NETWORK,
                "N": SMALL,
                "situation": situation,
                "detector": name,
                "setting": str(value),
            }
            full, mistakes = (values_of(rows, figure, **factors) for figure in ("full_s", "mistakes"))
            if len(full) and len(mistakes):
                points.append((float(np.mean(full)), float(np.mean(mistakes)), value == detector.default))
        if not points:
            continue
        x, y, default = zip(*points, strict=True)
        colour = style.CYCLE[place % len(style.CYCLE)]
        ax.plot(x, y, "-", color=colour, linewidth=1.2, zorder=2)
        sizes = [70 if one else 26 for one in default]
        ax.scatter(x, y, s=sizes, color=colour, marker=MARKERS[place % len(MARKERS)], label=name, zorder=3)
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_ylim(bottom=-0.1)
    ax.set_xlim(left=0.0)
    ax.set_xlabel("seconds from a crash until all know")
    ax.set_ylabel("mistakes a run, about sound members")
    ax.set_title(f"{situation[0].upper()}{situation[1:]}: {SMALL} members, {NETWORK}", loc="left")
    ax.legend()
    return figure
