"""Lengths of links whose ends have a latitude and a longitude: many maps of networks have nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import networkx as nx

from serfsim.base.errors import ScenarioError
from serfsim.topology.fibre import Location, great_circle_km, route_km

POSITIONS: Final = "positions"  # as `weight`: the length of a link follows from where its ends are
LATITUDES: Final = ("latitude", "lat")
LONGITUDES: Final = ("longitude", "long", "lon", "lng")


def location_of(attributes: Mapping[object, object]) -> Location | None:
    """Return latitude and longitude in degrees; None where a node does not state both as numbers on Earth."""
    found = {str(name).lower(): value for name, value in attributes.items()}
    values = [
        next((found[name] for name in names if name in found), None) for names in (LATITUDES, LONGITUDES)
    ]
    try:
        north, east = (float(str(value)) for value in values)
    except ValueError:
        return None
    return (north, east) if abs(north) <= 90.0 and abs(east) <= 180.0 else None


def has_positions(graph: nx.Graph) -> bool:
    """Return whether every node states where it is."""
    return len(graph) > 0 and all(location_of(found) is not None for _, found in graph.nodes(data=True))


def with_lengths(graph: nx.Graph, source: str) -> nx.Graph:
    """Return a copy whose links have the attribute `positions`: their probable length, as text in km.

    The length is that of a fibre route for the great circle between both ends (`fibre.route_km`). Raises
    ScenarioError for a node without a position.
    """
    where: dict[object, Location] = {}
    for node, attributes in graph.nodes(data=True):
        location = location_of(attributes)
        if location is None:
            expected = "a Latitude of -90 to 90 and a Longitude of -180 to 180"
            raise ScenarioError(f"{source}: node '{node}': found no position; expected {expected}")
        where[node] = location
    made = graph.copy()
    for tail, head, attributes in made.edges(data=True):
        attributes[POSITIONS] = f"{route_km(great_circle_km(where[tail], where[head])):.6f} km"
    return made
