"""Grid, numbers and labels of both axes, drawn by few artists.

matplotlib makes three lines and two texts for every tick and measures each text twice, which takes as long
as drawing all curves of a figure. Its locators and formatters still choose the ticks.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

BELOW_CURVES = 0.5  # matplotlib's zorder of an axis


class Ticks(Artist):
    """An artist that draws the ticks of `ax` and hides its own, for saved figures, not interactive ones."""

    def __init__(self, ax: Axes) -> None:
        super().__init__()
        self.set_zorder(BELOW_CURVES)
        ax.xaxis.set_visible(False)
        ax.yaxis.set_visible(False)
        ax.add_artist(self)

    def draw(self, renderer: Any) -> None:
        ax: Any = self.axes
        for axis in (ax.xaxis, ax.yaxis):
            values, texts = visible_ticks(axis)
            if axis.get_tick_params()["gridOn"]:
                self._draw_grid(axis, values, renderer)
            left = self._draw_numbers(axis, values, texts, renderer)
            if axis is ax.yaxis:
                axis.label.set_x(left - axis.labelpad * ax.figure.dpi / 72.0)
            axis.label.draw(renderer)

    def _draw_grid(self, axis: Axis, values: list[float], renderer: Any) -> None:
        ax: Any = self.axes
        across = axis is ax.yaxis
        ends = [np.array([(value, 0.0), (value, 1.0)]) for value in values]
        lines = LineCollection(
            [points[:, ::-1] for points in ends] if across else ends,
            colors=mpl.rcParams["grid.color"],
            linewidths=mpl.rcParams["grid.linewidth"],
            transform=ax.get_yaxis_transform() if across else ax.get_xaxis_transform(),
        )
        lines.set_figure(ax.figure)
        lines.axes = ax
        lines.draw(renderer)

    def _draw_numbers(self, axis: Axis, values: list[float], texts: list[str], renderer: Any) -> float:
        """Draw the numbers; return the pixel where they, or without any the axes, begin at the left."""
        ax: Any = self.axes
        figure, across = ax.figure, axis is ax.yaxis
        rc: Any = mpl.rcParams
        side = "ytick" if across else "xtick"
        away = -rc[f"{side}.major.pad"] / 72.0
        shift = ScaledTranslation(away if across else 0.0, 0.0 if across else away, figure.dpi_scale_trans)
        text = Text(
            color=rc[f"{side}.color"],
            fontsize=axis.get_tick_params().get("labelsize", rc[f"{side}.labelsize"]),
            horizontalalignment="right" if across else "center",
            verticalalignment="center_baseline" if across else "top",
            transform=(ax.get_yaxis_transform() if across else ax.get_xaxis_transform()) + shift,
        )
        text.set_figure(figure)
        for value, number in zip(values, texts, strict=True):
            text.set(text=number, position=(0.0, value) if across else (value, 0.0))
            text.draw(renderer)
        if not (texts and across):
            return float(ax.bbox.x0)
        text.set_text(max(texts, key=len))
        return float(text.get_window_extent(renderer).x0)


def visible_ticks(axis: Axis) -> tuple[list[float], list[str]]:
    """Return the positions and labels of the ticks within the limits."""
    places = axis.get_majorticklocs()
    texts = axis.get_major_formatter().format_ticks(places.tolist())
    low, high = sorted(axis.get_transform().transform(axis.get_view_interval()))
    room = 1e-9 * (high - low)
    at = axis.get_transform().transform(places)
    inside = np.flatnonzero((low - room <= at) & (at <= high + room)).tolist()
    return [float(places[number]) for number in inside], [texts[number] for number in inside]
