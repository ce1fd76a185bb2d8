"""The system's name, source and settings; what the papers leave open is said in their meanings."""

from typing import Final

import numpy as np

from serfsim.protocol.settings import Kind, Setting
from serfsim.rivals.coordinate_table import CoordinateSystem, Floats, Integers, Places
from serfsim.rivals.euclidean import separations
from serfsim.rivals.pharos.client import PharosClient
from serfsim.rivals.vivaldi.coordinate_system import DIMENSIONS, SPRING


def _estimate(places: Places, observers: Integers, subjects: Integers) -> Floats:
    """Return local distances within a cluster, and global ones between two."""
    a, b = places.vec[observers], places.vec[subjects]
    d = (a.shape[1] - 2) // 2
    same = (a[:, -1, None] == b[None, :, -1]) & (a[:, -1, None] > 0.0)
    return np.where(same, separations(a[:, d : 2 * d], b[:, d : 2 * d]), separations(a[:, :d], b[:, :d]))


SYSTEM: Final = CoordinateSystem(
    "pharos",
    "Pharos",
    "hierarchical coordinates, Vivaldi over all and within clusters",
    "Chen, Xiong, Shi, Deng and Li, Pharos: A decentralized and hierarchical network coordinate system for"
    " Internet distance prediction, GLOBECOM 2007",
    PharosClient,
    (
        Setting("dimensions", DIMENSIONS, 7, "dimensions of both coordinates", unit="dimensions"),
        Setting(
            "anchors",
            Kind("count", 1, 1000),
            4,
            "members around which clusters form, spread evenly over the list of nodes; the paper takes stable"
            " hosts in different regions",
            unit="members",
        ),
        Setting(
            "margin",
            Kind("number", 0.0, 1.0),
            0.1,
            "share by which another anchor must be nearer before a member moves to its cluster; the paper"
            " measures anchors once",
        ),
        *SPRING,
    ),
    lambda own, members: 2 * int(own["dimensions"]) + 2,
    _estimate,
    lambda vec: vec[..., : (vec.shape[-1] - 2) // 2],
)
