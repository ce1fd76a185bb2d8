"""Parts of figures that several papers need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serfsim.study.statistics import interval


def draw_points(
    ax: Any, points: Mapping[Any, Sequence[float]], colour: str, label: str, marker: str = "o"
) -> None:
    """Draw the mean of the values at each x, with its 95 % interval; x without values are left out."""
    found = {x: interval(values) for x, values in points.items() if len(values)}
    if not found:
        return
    means = np.array([one.estimate for one in found.values()])
    bounds = np.array([(one.low, one.high) for one in found.values()]).T
    low, high = np.where(np.isfinite(bounds), bounds, means)
    ax.vlines(list(found), low, high, color=colour, linewidth=1.4)
    ax.scatter(list(found), means, s=26, color=colour, label=label, marker=marker, zorder=3)
