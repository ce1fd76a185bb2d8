"""The panels of a survey one by one, for notebooks: axes in, axes out, nothing shown or saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serfsim.report.topology_survey import Survey


class SurveyPlots:
    """The panels of one survey: `survey.plot.floor(ax=ax)`; without `ax`, in a new figure."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    def map(self, ax: Axes | None = None) -> Axes:
        """Draw a map of the nodes."""
        return self._draw("topology_map", ax)

    def round_trip_times(self, ax: Axes | None = None) -> Axes:
        """Draw the distribution of round-trip times over all pairs."""
        return self._draw("rtt_distribution", ax)

    def heat_map(self, ax: Axes | None = None) -> Axes:
        """Draw the round-trip times of all pairs, near nodes side by side."""
        return self._draw("rtt_heat_map", ax)

    def triangles(self, ax: Axes | None = None) -> Axes:
        """Draw the severity of triangle-inequality violations."""
        return self._draw("triangle_severity", ax)

    def asymmetry(self, ax: Axes | None = None) -> Axes:
        """Draw the difference between the two directions of each pair."""
        return self._draw("asymmetry", ax)

    def error_by_distance(self, ax: Axes | None = None) -> Axes:
        """Draw the error of the best coordinates by distance."""
        return self._draw("error_by_distance", ax)

    def floor(self, ax: Axes | None = None) -> Axes:
        """Draw the relative errors of the best static coordinates, and Vivaldi's in the run surveyed."""
        return self._draw("floor_distribution", ax)

    def _draw(self, panel: str, ax: Axes | None) -> Axes:
        # start-up: panels need matplotlib, `survey` does not
        from serfsim.report import topology_map, topology_panels
        from serfsim.report.plots.style import new_axes

        module = topology_map if panel == "topology_map" else topology_panels
        draw: Callable[[Survey, Axes], Axes] = getattr(module, panel)
        return draw(self._survey, new_axes() if ax is None else ax)
