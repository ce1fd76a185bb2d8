"""Names beside points: each where it covers no other name, no point and as little as can be of lines.

Of a few places around its point every name takes the first that is free; the longest line of sight is
two lines of text, so that a name never needs an arrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from serfsim.report.plots import style

# Offsets in points from the point, with the alignments that go with them.
PLACES: Final = [
    (x * reach, y * reach, "left" if x > 0 else "right", "bottom" if y > 0 else "top")
    for reach in (6.0, 11.0, 18.0, 26.0)
    for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1))
]
COVERS: Final = 1.0  # a place that costs so much covers a bar, a point or a name
MARK: Final = 5.5  # half the size of a point's mark, in points of type


def place_labels(
    ax: Axes,
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    bold: Sequence[bool],
    bars: Sequence[Sequence[tuple[float, float]]] = (),
    line: Sequence[tuple[float, float]] = (),
    size: float = 9.5,
    only_free: bool = False,
    also: Sequence[Sequence[float]] = (),
) -> None:
    """Write each text beside its point. `bars`: of each point ((x low, x high), (y low, y high)).

    `line`: the corners of a line that is better not written over. `also`: points without names.

    Points of the same place share one label. `only_free` leaves out what would cover something else;
    `size` is that of the type in points. The axes' limits must be final.
    """
    shared: dict[tuple[float, float], list[int]] = {}
    for number, point in enumerate(points):
        shared.setdefault(point, []).append(number)
    figure: Any = ax.figure
    figure.draw_without_rendering()
    taken = _taken(ax, points, bars) + _taken(ax, also, ()) + _along(ax, line)
    inside = ax.get_window_extent()
    for point, numbers in shared.items():
        strong = any(bold[number] for number in numbers)
        text = _joined([texts[number] for number in numbers])
        label = ax.annotate(
            text,
            point,
            (0, 0),
            textcoords="offset points",
            fontsize=size,
            fontweight="bold" if strong else "normal",
            color=style.BLACK,
            zorder=6,
        )
        cost, best = min((_cost(label, place, taken, inside), place) for place in PLACES)
        if only_free and cost >= COVERS:
            label.remove()
        else:
            taken.append((_put(label, best), 4.0))


def _joined(texts: Sequence[str]) -> str:
    """'suspicion_mult 5, 6, 8': what several names have in common is written once."""
    stem, space, _ = texts[0].rpartition(" ")
    if space and all(text.startswith(stem + " ") for text in texts):
        return f"{stem} {', '.join(text[len(stem) + 1 :] for text in texts)}"
    return "\n".join(texts)


def _taken(
    ax: Axes, points: Sequence[Sequence[float]], bars: Sequence[Sequence[tuple[float, float]]]
) -> list[tuple[Bbox, float]]:
    """Where something is drawn, each with what it costs to cover it."""
    figure: Any = ax.figure
    half = MARK * figure.dpi / 72.0
    to_pixels = ax.transData.transform
    taken = []
    for number, point in enumerate(points):
        x, y = to_pixels((point[0], point[1]))
        taken.append((Bbox.from_extents(x - half, y - half, x + half, y + half), 3.0))
        for side, ends in enumerate(bars[number] if bars else ()):
            limits = ax.get_xlim() if side == 0 else ax.get_ylim()
            low, high = (end if math.isfinite(end) else limits[place] for place, end in enumerate(ends))
            first, last = (
                to_pixels((end, point[1]) if side == 0 else (point[0], end)) for end in (low, high)
            )
            taken.append((Bbox.from_extents(first[0] - 1, first[1] - 1, last[0] + 1, last[1] + 1), 1.0))
    return taken


def _along(ax: Axes, line: Sequence[tuple[float, float]]) -> list[tuple[Bbox, float]]:
    """A line as small boxes, each cheap to cover."""
    if len(line) < 2:
        return []
    corners = ax.transData.transform(line)
    return [
        (Bbox.from_extents(x - 2, y - 2, x + 2, y + 2), 0.3)
        for first, last in pairwise(corners)
        for x, y in np.linspace(first, last, 40)
    ]


def _put(label: Any, place: tuple[float, float, str, str]) -> Bbox:
    """The label at that place, and the pixels it then covers."""
    x, y, horizontal, vertical = place
    label.set_position((x, y))
    label.set_horizontalalignment(horizontal)
    label.set_verticalalignment(vertical)
    box: Bbox = label.get_window_extent()
    return box


def _cost(
    label: Any, place: tuple[float, float, str, str], taken: Sequence[tuple[Bbox, float]], inside: Bbox
) -> float:
    """What a place covers; a place farther away costs a little."""
    box = _put(label, place)
    out = not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1)
    covered = sum(cost for other, cost in taken if box.overlaps(other))
    return covered + 8.0 * out + abs(place[0]) / 100.0
