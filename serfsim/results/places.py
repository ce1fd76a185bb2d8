"""The coordinates of a result at one time, and the system that estimates round trips from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.results.scoring.recording import Integers
from serfsim.rivals.coordinate_table import SERF, CoordinateSystem, Places, coordinate_system

if TYPE_CHECKING:
    import pandas as pd


def system_of(summary: Mapping[str, Any]) -> CoordinateSystem:
    """Return the coordinate system of the run that a summary is of."""
    return coordinate_system(summary["versions"].get("coordinates", SERF))


def places_of(rows: pd.DataFrame, n: int) -> tuple[Integers, Places]:
    """Return the members in rows of a result's table of coordinates, and the places of all `n` by number.

    A member has the last of its rows; those without any have zeros.
    """
    known = rows["node"].cat.codes.to_numpy().astype(np.int64)
    vectors = [name for name in rows.columns if name.startswith("vec_")]
    places = Places(np.zeros((n, len(vectors))), np.zeros(n), np.zeros(n))
    places.vec[known] = rows[vectors].to_numpy(dtype=np.float64)
    places.height[known] = rows["height"].to_numpy(dtype=np.float64)
    places.adjustment[known] = rows["adjustment"].to_numpy(dtype=np.float64)
    return known, places
