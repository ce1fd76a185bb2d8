"""The figures of a result as images and for the page, drawn without a screen and without pyplot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from serfsim.report.plots import FIGURES, Plots
from serfsim.report.plots.event_timeline import NAMED_LANES
from serfsim.report.plots.style import SIZE, STYLE
from serfsim.report.plots.ticks import Ticks
from serfsim.report.svg import HALF, MARGINS, page_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from serfsim.report.svg import PageFigure
    from serfsim.results.run_result import RunResult

DPI = 110
PNG_SIZE = (9.6, 5.4)  # inches
LANE = 0.17  # inches per lane of the event timeline
MAP_HEIGHT = 7.0
PADDING = 0.08  # inches below a legend
NUMBERS = 0.82  # inches for the numbers and the label of an axis
NAME_CHARACTER = 0.085  # inches per character of a node's name
# Inches on the page, where figures come in pairs of equal height; the timeline keeps its own.
PAGE_HEIGHT = 3.0
PAGE_HEIGHTS = {"event_timeline": None, "coordinate_error": 4.6, "coordinate_map": 4.6}
NAMED = ("event_timeline", "coordinate_map")  # figures with names of nodes


def figure_height(name: str, nodes: int) -> float:
    """Return the height in inches; the timeline grows with its lanes, the map is nearly square."""
    if name == "event_timeline":
        return min(9.0, max(4.8, 1.9 + LANE * nodes))
    return MAP_HEIGHT if name == "coordinate_map" else 4.8


def save_figures(result: RunResult, folder: Path, names: tuple[str, ...] = FIGURES) -> list[Path]:
    """Draw each figure into `<folder>/<name>.png` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [save_figure(figure, folder, name) for name, figure in draw_figures(result, names)]


def save_figure(figure: Figure, folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    # The default compression level takes as long as drawing and saves a tenth of the size.
    figure.savefig(path, dpi=DPI, pil_kwargs={"compress_level": 1})
    return path


def page_figures(result: RunResult, folder: Path | None = None) -> list[PageFigure]:
    """Draw all figures for the page once; with `folder`, save them as images too."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for name, figure in draw_figures(result, FIGURES):
        if folder is not None:
            save_figure(figure, folder, name)
        height = PAGE_HEIGHTS.get(name, PAGE_HEIGHT)
        if name == "coordinate_map" and height is not None:
            # The placement of its names depends on its size.
            figure = figure_of(result, name, (HALF, height), MARGINS)  # noqa: PLW2901
        taken.append(page_figure(figure, name, height, name in NAMED))
    return taken


def draw_figures(result: RunResult, names: tuple[str, ...]) -> Iterator[tuple[str, Figure]]:
    """Yield the figures one after the other; the style is active until the next one is requested."""
    with mpl.rc_context(STYLE):
        for name in names:
            yield name, figure_of(result, name)


def figure_of(
    result: RunResult,
    name: str,
    size: tuple[float, float] | None = None,
    margins: tuple[float, float, float, float] | None = None,
) -> Figure:
    """Draw one figure as it is saved.

    `size`, and `margins` (left, right, above, below), in inches, override the figure's own.
    """
    nodes = result.truth.names
    width, height = size or (SIZE[0], figure_height(name, len(nodes)))
    left, right, above, below = margins or figure_margins(name, nodes)
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left / width, below / height, 1.0 - right / width, 1.0 - above / height)
    axes = getattr(Plots(result), name)(ax=figure.add_subplot())
    if axes.axison:
        Ticks(axes)
    if margins is None:
        _make_room_below(figure, axes, above, below)
    return figure


def _make_room_below(figure: Figure, axes: Axes, above: float, below: float) -> None:
    """Increase the figure's height, keeping the axes, if the legend needs more lines than fit."""
    legend = axes.get_legend()
    if legend is None:
        return
    missing = PADDING - legend.get_window_extent().y0 / figure.dpi
    if missing > 0.0:
        height = figure.get_figheight() + missing
        figure.set_figheight(height)
        figure.subplots_adjust(bottom=(below + missing) / height, top=1.0 - above / height)


def figure_margins(name: str, nodes: list[str]) -> tuple[float, float, float, float]:
    """Return left, right, above and below in inches, for two title lines, the legend, and node names."""
    left = NUMBERS
    if name == "event_timeline" and len(nodes) <= NAMED_LANES:
        left = max(NUMBERS, 0.45 + NAME_CHARACTER * max(map(len, nodes), default=0))
    return left, 0.192, 0.62, 1.0


def png_of(draw: Callable[..., Any], size: tuple[float, float] = PNG_SIZE) -> bytes:
    """Return the PNG of what `draw(ax=axes)` draws, in the style of all figures."""
    out = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        draw(ax=figure.add_subplot())
        figure.savefig(out, dpi=DPI, format="png")
    return out.getvalue()
