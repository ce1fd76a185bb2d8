"""The measured round-trip times that coordinates are learned from and judged by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from serfsim.topology.datasets import DATA_SETS, data_path
from serfsim.topology.matrix import load_matrix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SETS: Final[Mapping[str, str]] = {
    "PlanetLab": "planetlab-slices",
    "Seattle": "seattle-slices",
    "AWS": "aws",
    "Azure": "azure",
}
"""Names of the page and of the catalogue of data sets."""


@cache
def round_trips(name: str) -> Floats:
    """Return the round-trip times of a set in seconds, (slices, n, n), symmetric; NaN where unknown.

    A pair measured in one direction only takes that one. Raises SerfsimError for a set that is not here and
    cannot be fetched.
    """
    data_set = DATA_SETS[SETS[name]]
    settings: dict[str, Any] = {**data_set.settings, "missing": "mirror"}
    measured = load_matrix(data_path(data_set.name), **settings)
    both_ways = measured.one_way + measured.one_way.transpose(0, 2, 1)
    n = both_ways.shape[1]
    both_ways[:, np.arange(n), np.arange(n)] = np.nan
    return both_ways


def typical(name: str) -> Floats:
    """Return the median of each pair over all slices, shape (n, n)."""
    slices = round_trips(name)
    return slices[0] if len(slices) == 1 else np.asarray(_median(name))


@cache
def _median(name: str) -> Floats:
    return np.asarray(np.median(round_trips(name), axis=0))


def violations(rtt: Floats) -> Floats:
    """Return the shortest way by one other node as a share of the direct way, (n, n); NaN where unknown.

    Below 1 the pair violates the triangle inequality: no placement of three points has such distances.
    """
    ways = np.where(np.isnan(rtt), np.inf, rtt)
    detours = np.array([np.min(ways + row, axis=1) for row in ways])
    return np.asarray(detours / rtt)
