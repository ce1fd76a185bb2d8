"""Plots of a comparison: a PNG for each scenario, and one of the history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from serfsim.study.regression.comparison import Comparison

__all__ = ["save_plots"]

HISTORY: Final = "history"
DPI: Final = 110


def save_plots(comparison: Comparison, history: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write NAME.png for every scenario and, beside a baseline, history.png, without a display or pyplot."""
    # start-up: matplotlib is slow to import
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from serfsim.report.plots.style import STYLE
    from serfsim.study.regression.plots import distributions, trends

    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for scenario in comparison.scenarios:
            figure = Figure(figsize=distributions.size(scenario), layout="constrained")
            FigureCanvasAgg(figure)
            distributions.draw(scenario, figure.add_subplot())
            _save(figure, folder / f"{scenario.name}.png")
        if comparison.base:
            return
        figure = Figure(figsize=trends.size(history), layout="constrained")
        FigureCanvasAgg(figure)
        trends.draw(history, figure)
        _save(figure, folder / f"{HISTORY}.png")


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
