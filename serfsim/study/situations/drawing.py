"""The figure of a situation: a plot of one run, or the study's first figure over its grid."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from serfsim.report.figures import draw_figures
from serfsim.report.plots import style
from serfsim.report.runs import run
from serfsim.scenario.figures import unit_of
from serfsim.study.situations.checking import Checked, PointValues, labels

DPI: Final = 80
COLOURS: Final = 64  # of the image's palette
SIZE: Final = (9.6, 4.8)  # inches
TITLE: Final = 70  # characters in a line
SPREAD: Final = 0.6  # of the series at one value, in steps of the axis
FAR_APART: Final = 30  # times: the ratio of means from which the axis is logarithmic


def save_figure(checked: Checked, folder: Path) -> Path:
    """Draw the situation's figure into FOLDER/NAME.png; a plot runs the scenario again, with its own seed."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{checked.planned.name}.png"
    plot = checked.planned.situation.figure
    if plot is None:
        with mpl.rc_context(style.STYLE):
            figure = Figure(figsize=SIZE, layout="constrained")
            FigureCanvasAgg(figure)
            draw_study(checked, figure.add_subplot())
            save_small(figure, file)
        return file
    result = run(checked.planned.scenario, progress=lambda share: None)
    for _, drawn in draw_figures(result, (plot,)):
        save_small(drawn, file)
    return file


def save_small(figure: Figure, file: Path) -> None:
    """Save an image with a palette, a third as large as one in full colour."""
    figure.savefig(file, dpi=DPI)
    # start-up: pillow is needed only here
    from PIL import Image

    with Image.open(file) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def draw_study(checked: Checked, ax: Axes) -> Axes:
    """Draw the first figure: values of the first path across, a series for each combination of the others."""
    planned = checked.planned
    name = planned.figures[0]
    first, *others = planned.points[0].point
    words = [labels(planned, point) for point in checked.points]
    seen = f"mean and its 95 % interval over {len(planned.seeds)} seeds; a small dot is one run"
    question = "\n".join(textwrap.wrap(planned.scenario.question, TITLE))
    style.heading(ax, question, seen)
    across = list(dict.fromkeys(word[first][1] for word in words))
    series: dict[str, list[tuple[int, PointValues]]] = {}
    for word, point in zip(words, checked.points, strict=True):
        label = ", ".join(" ".join(word[path]).strip() for path in others)
        series.setdefault(label, []).append((across.index(word[first][1]), point))
    for place, (label, points) in enumerate(series.items()):
        shift = SPREAD * ((place + 0.5) / len(series) - 0.5) if len(series) > 1 else 0.0
        at = [x + shift for x, _ in points]
        _series(ax, at, [one for _, one in points], name, label, style.CYCLE[place % len(style.CYCLE)])
    ax.set_xticks(range(len(across)), [textwrap.fill(text, 90 // len(across)) for text in across])
    ax.set_xlim(-0.6, len(across) - 0.4)
    ax.set_xlabel(first)
    ax.grid(visible=False, axis="x")
    unit = unit_of(name)
    ax.set_ylabel(textwrap.fill(name, 44, break_long_words=False) + (f" [{unit}]" if unit else ""))
    _scale(ax, checked, name)
    if len(series) > 1:
        ax.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
    return ax


def _series(ax: Axes, at: list[float], points: list[PointValues], name: str, label: str, colour: str) -> None:
    rng = np.random.default_rng(1)
    intervals = [point.interval(name) for point in points]
    means = np.array([one.estimate for one in intervals])
    errors = np.array([[one.estimate - one.low, one.high - one.estimate] for one in intervals]).T
    errors = np.where(np.isfinite(errors), errors, 0.0)
    for x, point in zip(at, points, strict=True):
        values = point.values[name]
        ax.plot(x + rng.uniform(-0.06, 0.06, len(values)), values, ".", color=colour, alpha=0.3, markersize=5)
    look: Any = {"fmt": "o", "color": colour, "markersize": 7, "capsize": 4, "linewidth": 1.6}
    ax.errorbar(at, means, yerr=errors, label=label or None, zorder=3, **look)
    ax.plot(at, means, color=colour, linewidth=1.0, alpha=0.5)


def _scale(ax: Axes, checked: Checked, name: str) -> None:
    """Choose a logarithmic axis where means are far apart and nothing is zero; else begin at zero."""
    values = [value for point in checked.points for value in point.values[name]]
    means = [point.interval(name).estimate for point in checked.points if point.values[name]]
    if values and min(values) > 0 and max(means) > FAR_APART * min(means):
        ax.set_yscale("log")
        style.log_ticks(ax.yaxis)
        ax.yaxis.set_major_formatter(FuncFormatter(style.format_plain))
    elif values and min(values) >= 0:
        ax.set_ylim(0.0, max(max(values) * 1.08, 1e-9) if max(values) else 1.0)
