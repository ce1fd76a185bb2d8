"""Serf's Vivaldi; its settings are in `cluster.config`."""

from typing import Final

from serfsim.protocol.vivaldi.client import Client
from serfsim.rivals.coordinate_table import SERF, CoordinateSystem
from serfsim.rivals.euclidean import euclidean, whole_vector

SYSTEM: Final = CoordinateSystem(
    SERF,
    "Vivaldi",
    "Serf's Vivaldi, with height, latency filter, adjustment and gravity",
    "hashicorp/serf, package coordinate",
    Client,
    (),
    lambda own, members: int(own["dimensionality"]),
    euclidean,
    whole_vector,
)
