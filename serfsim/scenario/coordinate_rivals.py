"""`cluster.coordinates`: the coordinate system of Serf's members, with the settings of a rival of Serf's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from serfsim.rivals.coordinate_table import SERF, coordinate_names, coordinate_system
from serfsim.scenario.problems import invalid
from serfsim.scenario.rivals import read_settings, settings_as_numbers

if TYPE_CHECKING:
    from serfsim.scenario.cluster import Cluster

    CoordinatesName = str
else:
    CoordinatesName = Literal[coordinate_names()]

KEY: Final = "coordinate_settings"


def coordinate_settings(system: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a rival of Serf's coordinates in the words of a file; none for Serf's own.

    Raises a custom error inside `coordinate_settings` for what it does not have.
    """
    if system == SERF:
        if given:
            found = f"settings of a rival beside `coordinates: {SERF}`"
            raise invalid(
                "cluster.config, which has the settings of Serf's Vivaldi", found=found, inside=(KEY,)
            )
        return {}
    values = read_settings(system, coordinate_system(system).settings, given, KEY)
    words: dict[str, Any] = values.model_dump(mode="json")
    return words


def client_settings(cluster: Cluster) -> dict[str, float]:
    """Return the settings of the cluster's coordinate system as its clients have them."""
    name = cluster.coordinates
    return settings_as_numbers(name, coordinate_system(name).settings, cluster.coordinate_settings)
