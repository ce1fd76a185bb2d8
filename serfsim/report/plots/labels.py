"""Labels beside points, placed so that they cover no label or point and little of any line.

Each label takes the first free position of a few around its point; the farthest is two lines of
text away, so that no label needs an arrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from serfsim.report.plots import style
from serfsim.results.scoring.recording import Floats

Box = tuple[float, float, float, float]  # x low, y low, x high, y high, in pixels

# Offsets in points from the point, with their alignments.
PLACES: Final = [
    (x * reach, y * reach, "left" if x > 0 else "right", "bottom" if y > 0 else "top")
    for reach in (6.0, 11.0, 18.0, 26.0)
    for x, y in ((-1, -1), (-1, 1), (1, -1), (1, 1))
]
OFFSETS: Final = np.array([(x, y) for x, y, *_ in PLACES])
SIDES: Final = np.sign(OFFSETS)
COVERS: Final = 1.0  # cost of covering a bar, a point or a label
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
    """Write each text beside its point. `bars`: for each point ((x low, x high), (y low, y high)).

    `line`: the corners of a line better left uncovered. `also`: points without labels.

    Points at the same position share one label. `only_free` omits labels that would cover something;
    `size` is the type size in points. The axes' limits must be final.
    """
    shared: dict[tuple[float, float], list[int]] = {}
    for number, point in enumerate(points):
        shared.setdefault(point, []).append(number)
    figure: Any = ax.figure
    if figure.get_layout_engine() is None:
        ax.apply_aspect()
    else:
        figure.draw_without_rendering()
    taken = _occupied_boxes(ax, points, bars) + _occupied_boxes(ax, also, ()) + _line_boxes(ax, line)
    boxes, costs = np.array([box for box, _ in taken]), np.array([cost for _, cost in taken])
    inside = np.array(ax.get_window_extent().extents)
    for point, numbers in shared.items():
        strong = any(bold[number] for number in numbers)
        label = ax.annotate(
            _join_labels([texts[number] for number in numbers]),
            point,
            (0, 0),
            textcoords="offset points",
            fontsize=size,
            fontweight="bold" if strong else "normal",
            color=style.BLACK,
            zorder=6,
        )
        covered = _places(
            ax.transData.transform([point]), np.array(label.get_window_extent().size), figure.dpi
        )
        cost = _costs(covered, boxes, costs, inside)
        best = int(np.argmin(cost))
        if only_free and cost[best] >= COVERS:
            label.remove()
        else:
            x, y, horizontal, vertical = PLACES[best]
            label.set(position=(x, y), horizontalalignment=horizontal, verticalalignment=vertical)
            boxes, costs = np.vstack((boxes, covered[best])), np.append(costs, 4.0)


def _join_labels(texts: Sequence[str]) -> str:
    """Join labels, writing their common part once: 'suspicion_mult 5, 6, 8'."""
    stem, space, _ = texts[0].rpartition(" ")
    if space and all(text.startswith(stem + " ") for text in texts):
        return f"{stem} {', '.join(text[len(stem) + 1 :] for text in texts)}"
    return "\n".join(texts)


def _occupied_boxes(
    ax: Axes, points: Sequence[Sequence[float]], bars: Sequence[Sequence[tuple[float, float]]]
) -> list[tuple[Box, float]]:
    """Return the boxes of what is drawn, each with the cost of covering it."""
    figure: Any = ax.figure
    half = MARK * figure.dpi / 72.0
    to_pixels = ax.transData.transform
    taken = []
    for number, point in enumerate(points):
        x, y = to_pixels((point[0], point[1]))
        taken.append(((x - half, y - half, x + half, y + half), 3.0))
        for side, ends in enumerate(bars[number] if bars else ()):
            limits = ax.get_xlim() if side == 0 else ax.get_ylim()
            low, high = (end if math.isfinite(end) else limits[place] for place, end in enumerate(ends))
            ends_at = to_pixels([(end, point[1]) if side == 0 else (point[0], end) for end in (low, high)])
            (left, bottom), (right, top) = ends_at.min(axis=0) - 1, ends_at.max(axis=0) + 1
            taken.append(((left, bottom, right, top), 1.0))
    return taken


def _line_boxes(ax: Axes, line: Sequence[tuple[float, float]]) -> list[tuple[Box, float]]:
    """Return a line as small boxes, each cheap to cover."""
    if len(line) < 2:
        return []
    corners = ax.transData.transform(line)
    return [
        ((x - 2, y - 2, x + 2, y + 2), 0.3)
        for first, last in pairwise(corners)
        for x, y in np.linspace(first, last, 40)
    ]


def _places(point: Floats, size: Floats, dpi: float) -> Floats:
    """Return the boxes of a text of `size` pixels, (1, 2), beside `point` at each of PLACES, (16, 4)."""
    corner = point + OFFSETS * dpi / 72.0 + np.minimum(SIDES, 0.0) * size
    return np.hstack((corner, corner + size))


def _costs(places: Floats, boxes: Floats, costs: Floats, inside: Floats) -> Floats:
    """Return the cost of each place, (16,); a farther place costs a little more."""
    low, high = places[:, None, :2], places[:, None, 2:]
    covered = ((low <= boxes[:, 2:]) & (boxes[:, :2] <= high)).all(axis=2)
    out = (places[:, :2] < inside[:2]).any(axis=1) | (places[:, 2:] > inside[2:]).any(axis=1)
    total: Floats = covered @ costs + 8.0 * out + np.abs(OFFSETS[:, 0]) / 100.0
    return total
