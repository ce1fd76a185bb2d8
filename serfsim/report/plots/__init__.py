"""The figures of a result, one file each: axes in, axes out, nothing shown or saved.

Every module has `draw(result, ax)`. matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from serfsim.scenario.situation import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serfsim.report.topology_survey import Floor
    from serfsim.results.run_result import RunResult

__all__ = ["DRAWN", "FIGURES", "PAGE", "PLOTS", "Plots"]

FIGURES: tuple[str, ...] = get_args(Plot)
"""The figures in reading order."""
PAGE = "report.html"  # in a result folder, like PLOTS
PLOTS = "plots"
DRAWN = (PAGE, *(f"{PLOTS}/{name}.png" for name in FIGURES))


class Plots:
    """The figures of one result: `result.plot.view_sizes(ax=ax)`; without `ax`, in a new figure."""

    def __init__(self, result: RunResult) -> None:
        self._result = result

    def view_sizes(self, ax: Axes | None = None) -> Axes:
        """Draw the number of members that each node sees, over time."""
        return self._draw("view_sizes", ax)

    def event_timeline(self, ax: Axes | None = None) -> Axes:
        """Draw events by node, one lane per node."""
        return self._draw("event_timeline", ax)

    def coordinate_error(self, ax: Axes | None = None, floor: Floor | None = None) -> Axes:
        """Draw the relative error of the estimated round-trip times, over time.

        With `floor=serfsim.survey(result).floor` a line shows the least median error of any coordinates.
        """
        return self._draw("coordinate_error", ax, floor=floor)

    def coordinate_map(self, ax: Axes | None = None) -> Axes:
        """Draw the nodes at their coordinates and at their true positions."""
        return self._draw("coordinate_map", ax)

    def traffic(self, ax: Axes | None = None) -> Axes:
        """Draw bytes per node and second by message type, over time."""
        return self._draw("traffic", ax)

    def probes(self, ax: Axes | None = None) -> Axes:
        """Draw outcomes of probes, over time."""
        return self._draw("probes", ax)

    def health(self, ax: Axes | None = None) -> Axes:
        """Draw local health scores, over time."""
        return self._draw("health", ax)

    def membership(self, ax: Axes | None = None) -> Axes:
        """Draw the time until members saw others crash, leave and start."""
        return self._draw("membership", ax)

    def queues(self, ax: Axes | None = None) -> Axes:
        """Draw the messages waiting to be gossiped, over time."""
        return self._draw("queues", ax)

    def _draw(self, figure: str, ax: Axes | None, **options: Any) -> Axes:
        # start-up: it imports matplotlib and numpy
        from serfsim.report.plots.style import new_axes

        draw = import_module(f"serfsim.report.plots.{figure}").draw
        axes: Axes = draw(self._result, new_axes() if ax is None else ax, **options)
        return axes
