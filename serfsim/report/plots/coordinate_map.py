"""Where the coordinates put the nodes, laid over where they truly are.

The last sample's vectors are projected on their two principal axes and turned, mirrored, moved and
scaled to lie on the true map as closely as possible (orthogonal Procrustes). Heights and
adjustments are not in the picture: a node's height is the same in every direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from serfsim.report.plots import style
from serfsim.scoring.recording import Floats, Integers

if TYPE_CHECKING:
    from serfsim.result import Result

NAMED = 32  # nodes up to which every node is named
NAME_SIZE = 8.0  # points
GROUPS = 8


def last_vectors(result: Result) -> dict[int, Floats]:
    """The vectors of the last sample by node number, seconds."""
    columns = result.columns("coordinates")
    t = columns["t_s"]
    if len(t) == 0:
        return {}
    last = t == t[-1]
    vectors = np.column_stack([columns[name][last] for name in columns if name.startswith("vec_")])
    return dict(zip(columns["node"].codes[last].tolist(), vectors, strict=True))


def principal_plane(points: Floats) -> Floats:
    """The points on their two principal axes, centred, shape (n, 2)."""
    centred = points - points.mean(axis=0)
    if centred.shape[1] < 2:
        centred = np.column_stack((centred, np.zeros(len(centred))))
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane: Floats = centred @ axes[:2].T
    return plane if plane.shape[1] == 2 else np.column_stack((plane, np.zeros(len(plane))))


def laid_over(points: Floats, target: Floats) -> Floats:
    """`points` turned, mirrored, moved and scaled to fit `target` in the least squares sense."""
    centre = target.mean(axis=0)
    source, goal = points - points.mean(axis=0), target - centre
    u, strengths, v = np.linalg.svd(source.T @ goal)
    size = float((source * source).sum())
    scale = float(strengths.sum()) / size if size > 0 else 1.0
    fitted: Floats = scale * source @ u @ v + centre
    return fitted


def draw(result: Result, ax: Axes) -> Axes:
    title = "Coordinates against the true map"
    truth, vectors = result.background.map, last_vectors(result)
    rows = [] if truth is None else [row for row, node in enumerate(truth.nodes.tolist()) if node in vectors]
    if truth is None or not vectors:
        return style.nothing(ax, title, "no coordinates, or no true map, were recorded")
    if len(rows) < 3:
        return style.nothing(ax, title, "fewer than three nodes had coordinates and a place on it")
    nodes = truth.nodes[rows]
    actual = 1000.0 * truth.xy_s[rows]
    guessed = laid_over(principal_plane(1000.0 * np.array([vectors[int(node)] for node in nodes])), actual)
    ax.add_collection(
        LineCollection(
            list(np.stack((actual, guessed), axis=1)), colors=style.GREY, linewidths=0.8, alpha=0.7, zorder=2
        ),
        autolim=False,
    )
    colours = group_colours(result, nodes)
    small = len(nodes) > 120
    ax.scatter(
        actual[:, 0],
        actual[:, 1],
        s=16 if small else 48,
        facecolors="white",
        edgecolors=colours,
        linewidths=1.4,
        zorder=3,
        label="true place",
    )
    ax.scatter(
        guessed[:, 0],
        guessed[:, 1],
        s=10 if small else 26,
        c=colours,
        linewidths=0,
        zorder=4,
        label="by coordinates",
    )
    limits(ax, np.concatenate((actual, guessed)))
    if len(nodes) <= NAMED:
        name_places(ax, [result.background.names[node] for node in nodes.tolist()], actual, guessed)
    ax.set_xlabel("[ms]")
    ax.set_ylabel("[ms]")
    off = np.sqrt(((actual - guessed) ** 2).sum(axis=1))
    source = "made from true round-trip times by scaling" if truth.scaled else "of the topology"
    shown = (
        f"{len(nodes)} of {len(result.background.names)} nodes"
        if len(nodes) < len(vectors)
        else f"{len(nodes)} nodes"
    )
    style.heading(
        ax,
        title,
        f"{shown}; true map {source}; a line joins the two places of a node, "
        f"{np.median(off):.2g} ms in the median.",
    )
    style.legend(ax)
    handles = ax.get_legend()
    if handles is not None:
        for handle in handles.legend_handles:
            if handle is not None:
                handle.set_edgecolor(style.BLACK)  # type: ignore[attr-defined]
        handles.legend_handles[-1].set_facecolor(style.BLACK)  # type: ignore[union-attr]
    return ax


def group_colours(result: Result, nodes: Integers) -> list[str]:
    """A colour for every node: by its group where there are several, else one for all."""
    groups = list(dict.fromkeys(result.background.groups))
    if not 1 < len(groups) <= GROUPS:
        return [style.BLUE] * len(nodes)
    return [style.CYCLE[groups.index(result.background.groups[node])] for node in nodes.tolist()]


def name_places(ax: Axes, names: list[str], actual: Floats, guessed: Floats) -> None:
    """A name at every true place, on the side where it covers the least of what is there already."""
    scale = 72.0 / ax.figure.dpi
    points = scale * ax.transData.transform(np.concatenate((actual, guessed)))
    taken: list[tuple[float, float, float, float]] = [(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    for name, (x, y), place in zip(names, points, actual, strict=False):
        width, height = 0.62 * NAME_SIZE * len(name), NAME_SIZE
        sides = [(6.0, 4.0), (6.0, -height - 4), (-width - 6, 4.0), (-width - 6, -height - 4)]
        sides += [(-width / 2, 8.0), (-width / 2, -height - 8), (9.0, -height / 2), (-width - 9, -height / 2)]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + height) for dx, dy in sides]
        covered = [sum(overlap(box, other) for other in taken) for box in boxes]
        best = covered.index(min(covered))
        taken.append(boxes[best])
        ax.annotate(
            name, place, sides[best], textcoords="offset points", fontsize=NAME_SIZE, color=style.SOFT
        )


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """The area that two boxes (left, bottom, right, top) share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def limits(ax: Axes, points: Floats) -> None:
    """Equal scales that fill the axes, with a margin; never a degenerate range (nodes on a line)."""
    low, high = points.min(axis=0), points.max(axis=0)
    box = ax.get_window_extent()
    ratio = box.width / box.height if box.height > 0 else 1.0
    half = 0.58 * max(float(high[1] - low[1]), float(high[0] - low[0]) / ratio, 1e-3)
    x, y = (low + high) / 2.0
    ax.set_xlim(x - half * ratio, x + half * ratio)
    ax.set_ylim(y - half, y + half)
    ax.set_aspect("equal", adjustable="box")
