"""The naive rival's name and settings."""

from typing import Final

import numpy as np

from serfsim.protocol.settings import Kind, Setting
from serfsim.rivals.coordinate_table import CoordinateSystem, Floats, Integers, Places
from serfsim.rivals.measured.client import MeasuredClient


def _estimate(places: Places, observers: Integers, subjects: Integers) -> Floats:
    means = places.vec[np.ix_(observers, subjects)]
    return np.where(means > 0.0, means, np.nan)


SYSTEM: Final = CoordinateSystem(
    "measured",
    "measured round trips",
    "the last round trips that a member measured itself, without coordinates",
    "none: the naive rival, which knows only what it measured",
    MeasuredClient,
    (
        Setting(
            "samples",
            Kind("count", 1, 1000),
            1,
            "last round trips to a peer whose mean counts",
            unit="round trips",
        ),
    ),
    lambda own, members: members,
    _estimate,
    lambda vec: vec[..., :0],
)
