"""The nodes' coordinates, overlaid on their true positions.

The last sample's vectors are projected on their two principal axes and turned, mirrored, moved and
scaled to lie on the true map as closely as possible (orthogonal Procrustes). Heights and
adjustments are not shown: a node's height is the same in every direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from serfsim.report.plots import style
from serfsim.report.plots.labels import place_labels
from serfsim.results.places import system_of
from serfsim.results.scoring.planes import fit_onto, principal_plane
from serfsim.results.scoring.recording import Floats, Integers

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

NAMED = 32  # up to this many nodes, each is named
NAME_SIZE = 8.0  # points
GROUPS = 8


def last_vectors(result: RunResult) -> dict[int, Floats]:
    """Return the vectors of the last sample by node number, seconds."""
    columns = result.columns("coordinates")
    t = columns["t_s"]
    if len(t) == 0:
        return {}
    last = t == t[-1]
    vectors = np.column_stack([columns[name][last] for name in columns if name.startswith("vec_")])
    vectors = system_of(result.summary).positions(vectors)
    if vectors.shape[1] == 0:
        return {}
    return dict(zip(columns["node"].codes[last].tolist(), vectors, strict=True))


def draw(result: RunResult, ax: Axes) -> Axes:
    title = "Coordinates against the true map"
    known, vectors = result.truth.map, last_vectors(result)
    rows = [] if known is None else [row for row, node in enumerate(known.nodes.tolist()) if node in vectors]
    if known is None or not vectors:
        return style.draw_nothing(ax, title, "no positions, or no true map, were recorded")
    if len(rows) < 3:
        return style.draw_nothing(ax, title, "fewer than three nodes had coordinates and a true position")
    nodes = known.nodes[rows]
    actual = 1000.0 * known.xy_s[rows]
    guessed = fit_onto(principal_plane(1000.0 * np.array([vectors[int(node)] for node in nodes])), actual)
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
        label="true position",
    )
    ax.scatter(
        guessed[:, 0],
        guessed[:, 1],
        s=10 if small else 26,
        c=colours,
        linewidths=0,
        zorder=4,
        label="coordinates",
    )
    set_limits(ax, np.concatenate((actual, guessed)))
    if len(nodes) <= NAMED:
        name_nodes(ax, [result.truth.names[node] for node in nodes.tolist()], actual, guessed)
    name_groups(ax, result)
    style.label_below(ax, "[ms]")
    ax.set_ylabel("[ms]")
    off = np.sqrt(((actual - guessed) ** 2).sum(axis=1))
    source = "scaled from true round-trip times" if known.scaled else "from the topology"
    shown = (
        f"{len(nodes)} of {len(result.truth.names)} nodes"
        if len(nodes) < len(vectors)
        else f"{len(nodes)} nodes"
    )
    style.heading(
        ax,
        title,
        f"{shown}; true map {source}; lines join a node's two positions, "
        f"{np.median(off):.2g} ms in the median.",
    )
    style.legend(ax)
    handles = ax.get_legend()
    if handles is not None:
        # In the legend the two kinds of position are black, the groups keep their colours.
        true_place, by_coordinates = handles.legend_handles[:2]
        true_place.set_edgecolor(style.BLACK)  # type: ignore[union-attr]
        by_coordinates.set_facecolor(style.BLACK)  # type: ignore[union-attr]
    return ax


def groups_of(result: RunResult) -> list[str]:
    """Return the groups to colour; none if there is one group or too many to distinguish."""
    groups = list(dict.fromkeys(result.truth.groups))
    return groups if 1 < len(groups) <= GROUPS else []


def group_colours(result: RunResult, nodes: Integers) -> list[str]:
    """Return a colour for every node: by group if there are several, else the same for all."""
    groups = groups_of(result)
    if not groups:
        return [style.BLUE] * len(nodes)
    return [style.CYCLE[groups.index(result.truth.groups[node])] for node in nodes.tolist()]


def name_nodes(ax: Axes, names: list[str], actual: Floats, guessed: Floats) -> None:
    """Write names at the true positions where there is room; nodes at one position share a name."""
    at: dict[tuple[float, float], list[str]] = {}
    for name, (x, y) in zip(names, actual.tolist(), strict=True):
        at.setdefault((x, y), []).append(name)
    texts = [first if not more else f"{first} +{len(more)}" for first, *more in at.values()]
    place_labels(
        ax, list(at), texts, bold=[False] * len(at), size=NAME_SIZE, only_free=True, also=guessed.tolist()
    )


def name_groups(ax: Axes, result: RunResult) -> None:
    """Add the colours of the groups to the legend."""
    groups = groups_of(result)
    for group, colour in zip(groups, style.CYCLE, strict=False):
        ax.scatter([], [], s=26, c=colour, linewidths=0, label=group or "no group")


def set_limits(ax: Axes, points: Floats) -> None:
    """Set equal scales that fill the axes with a margin, never a degenerate range (nodes on a line)."""
    low, high = points.min(axis=0), points.max(axis=0)
    box = ax.get_window_extent()
    ratio = box.width / box.height if box.height > 0 else 1.0
    half = 0.58 * max(float(high[1] - low[1]), float(high[0] - low[0]) / ratio, 1e-3)
    x, y = (low + high) / 2.0
    ax.set_xlim(x - half * ratio, x + half * ratio)
    ax.set_ylim(y - half, y + half)
    ax.set_aspect("equal", adjustable="box")
