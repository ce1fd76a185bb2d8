"""The map of a topology: nodes in the model's plane, on Earth, or placed by coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from serfsim.report.plots import style
from serfsim.report.plots.labels import place_labels
from serfsim.report.topology_panels import shown_nodes, shown_rtt
from serfsim.results.scoring.planes import principal_plane
from serfsim.results.stored_truth import classical_scaling

if TYPE_CHECKING:
    from serfsim.report.topology_survey import Survey
    from serfsim.results.scoring.recording import Floats

MOST_LINKS = 5  # per node; more would hide the nodes
MOST_NAMES = 70  # above this, too few would fit


def topology_map(survey: Survey, ax: Axes) -> Axes:
    """Draw the nodes, and the links between them if the model has any."""
    topology = survey.topology
    if topology.locations is not None:
        points, seen = topology.locations[shown_nodes(survey)][:, ::-1], "Places on Earth"
        ax.set_xlabel("longitude [degrees]")
        ax.set_ylabel("latitude [degrees]")
    elif topology.positions is not None:
        points, seen = (
            1000.0 * topology.positions[shown_nodes(survey)],
            "Positions in the model, as round-trip times",
        )
    elif topology.n >= 3:
        points, seen = (
            _scaled_positions(survey),
            "No map in the model: two dimensions of its round-trip times",
        )
    else:
        return style.draw_nothing(ax, "Map", "needs three nodes")
    if topology.locations is None:
        ax.set_xlabel("[ms]")
        ax.set_ylabel("[ms]")
        ax.set_aspect("equal", adjustable="datalim")
    links = _links(survey, points)
    if links:
        ax.add_collection(LineCollection(links, colors=style.LIGHT, linewidths=0.8, zorder=1))
        seen += ", and links"
    size = 42 if len(points) <= 60 else 18 if len(points) <= 200 else 9
    ax.scatter(
        points[:, 0], points[:, 1], s=size, color=style.BLUE, edgecolors="white", linewidths=0.5, zorder=3
    )
    if topology.locations is not None:
        _fit_earth(ax, points)
    else:
        ax.margins(0.08)
    _label_places(survey, points, ax)
    style.heading(ax, "Map", f"{seen}.")
    return ax


def _fit_earth(ax: Axes, points: Floats) -> None:
    """Set limits that fill the axes as far as Earth extends, true to scale at the middle latitude."""
    scale = 1.0 / max(0.2, float(np.cos(np.radians(points[:, 1].mean()))))
    box = ax.get_window_extent()
    low, high = points.min(axis=0), points.max(axis=0)
    height = max(1.16 * (high[1] - low[1]), 1.16 * (high[0] - low[0]) * box.height / box.width / scale, 1.0)
    width = height * scale * box.width / box.height
    for limit, middle, half, edge in (
        (ax.set_xlim, (low[0] + high[0]) / 2.0, width / 2.0, 180.0),
        (ax.set_ylim, (low[1] + high[1]) / 2.0, height / 2.0, 90.0),
    ):
        # A view beyond one edge is shifted; beyond both, it is cut.
        shift = min(0.0, edge - (middle + half)) + max(0.0, -edge - (middle - half))
        limit(max(-edge, middle - half + shift), min(edge, middle + half + shift))
    ax.set_aspect(scale, adjustable="box")


def _scaled_positions(survey: Survey) -> Floats:
    """Return the two widest dimensions of the best coordinates, or of classical scaling without them."""
    if survey.floor is not None:
        plane = principal_plane(survey.floor.mean.embedding.vec[shown_nodes(survey)])
        return 1000.0 * plane
    return classical_scaling(shown_rtt(survey))


def _links(survey: Survey, points: Floats) -> list[Floats]:
    """Return the ends of every link whose places are known."""
    topology = survey.topology
    graph = topology.graph
    if graph is None or graph.number_of_edges() > MOST_LINKS * len(graph):
        return []
    where: dict[Any, Any] = {}
    if topology.locations is not None:
        where = {str(node): data["pos"] for node, data in graph.nodes(data=True) if data.get("pos")}
    if topology.places is not None:
        for node, point in zip(shown_nodes(survey), points, strict=True):
            where.setdefault(topology.places[int(node)], point)
    ends = ((where.get(str(a)), where.get(str(b))) for a, b in graph.edges())
    drawn = [np.array([a, b]) for a, b in ends if a is not None and b is not None]
    # A cable across the date line would be drawn around the world.
    return [link for link in drawn if topology.locations is None or abs(link[0, 0] - link[1, 0]) < 180.0]


def _label_places(survey: Survey, points: Floats, ax: Axes) -> None:
    """Label places where there is room; places at one point share the first one's name."""
    places = survey.topology.places
    if places is None:
        return
    first: dict[tuple[float, ...], str] = {}
    for node, point in zip(shown_nodes(survey), points, strict=True):
        first.setdefault(tuple(point.tolist()), places[int(node)])
    if len(first) > MOST_NAMES:
        return
    spots = [(x, y) for x, y in first]
    names = [name[:24] for name in first.values()]
    place_labels(ax, spots, names, bold=[False] * len(spots), size=8, only_free=True)
