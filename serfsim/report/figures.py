"""Saves the figures of a result as images, without a screen and without pyplot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from serfsim.result import Result

# In the order in which a reader wants them.
FIGURES = (
    "view_sizes",
    "event_timeline",
    "coordinate_error",
    "coordinate_map",
    "traffic",
    "probes",
    "health",
)
DPI = 110
LANE = 0.17  # inches a lane of the event timeline
MAP_HEIGHT = 7.0
NUMBERS = 0.82  # inches that the numbers and the label of an axis need
NAME_CHARACTER = 0.085  # inches a character of a node's name


def figure_height(name: str, nodes: int) -> float:
    """Inches; the timeline grows with its lanes, the map is nearly square."""
    if name == "event_timeline":
        return min(9.0, max(4.8, 1.9 + LANE * nodes))
    return MAP_HEIGHT if name == "coordinate_map" else 4.8


def save_figures(result: Result, folder: Path, names: tuple[str, ...] = FIGURES) -> list[Path]:
    """Draw each figure into `<folder>/<name>.png`; returns the paths."""
    import matplotlib as mpl

    from serfsim.report.plots.style import STYLE

    folder.mkdir(parents=True, exist_ok=True)
    saved = []
    with mpl.rc_context(STYLE):
        for name in names:
            path = folder / f"{name}.png"
            figure_of(result, name).savefig(path, dpi=DPI)
            saved.append(path)
    return saved


def figure_of(result: Result, name: str) -> Figure:
    """One figure as it is saved."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from serfsim.report.plots.event_timeline import NAMED_LANES
    from serfsim.report.plots.style import SIZE

    height = figure_height(name, len(result.background.names))
    figure = Figure(figsize=(SIZE[0], height), dpi=DPI)
    FigureCanvasAgg(figure)
    # Margins in inches: room for two title lines above, the legend below, and names of nodes at the left.
    left = NUMBERS
    if name == "event_timeline" and len(result.background.names) <= NAMED_LANES:
        left = max(NUMBERS, 0.45 + NAME_CHARACTER * max(map(len, result.background.names), default=0))
    figure.subplots_adjust(left=left / SIZE[0], right=0.98, top=1.0 - 0.62 / height, bottom=1.0 / height)
    getattr(result.plot, name)(ax=figure.add_subplot())
    return figure
