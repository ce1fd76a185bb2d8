"""Distances between coordinates in a Euclidean space with heights, as Serf, Vivaldi and Pharos have them."""

from __future__ import annotations

from typing import Final

import numpy as np

from serfsim.rivals.coordinate_table import Floats, Integers, Places

DIRECT_PAIRS: Final = 200_000  # up to this many, differences are taken by dimension, above by a product


def euclidean(places: Places, observers: Integers, subjects: Integers) -> Floats:
    """Return Serf's distance for every observer and subject, shape (observers, subjects), seconds.

    The distance of the vectors plus both heights; both adjustments are added if the sum stays above 0.
    """
    raw = separations(places.vec[observers], places.vec[subjects])
    raw += places.height[observers][:, None]
    raw += places.height[subjects][None, :]
    if not places.adjustment.any():
        return raw
    adjusted = raw + places.adjustment[observers][:, None]
    adjusted += places.adjustment[subjects][None, :]
    np.copyto(raw, adjusted, where=adjusted > 0.0)
    return raw


def separations(a: Floats, b: Floats) -> Floats:
    """Return the distances of positions (m, d) and (n, d), shape (m, n)."""
    if len(a) * len(b) <= DIRECT_PAIRS:
        squared = np.zeros((len(a), len(b)))
        for dimension in range(a.shape[1]):
            gap = a[:, dimension, None] - b[None, :, dimension]
            squared += gap * gap
    else:
        # |a|^2 + |b|^2 - 2ab about the common centre, where it cancels least: good to nanoseconds.
        centre = b.mean(axis=0)
        a, b = a - centre, b - centre
        squared = a @ b.T
        squared *= -2.0
        squared += (a * a).sum(axis=1)[:, None]
        squared += (b * b).sum(axis=1)[None, :]
        np.maximum(squared, 0.0, out=squared)
    root: Floats = np.sqrt(squared, out=squared)
    return root


def whole_vector(vec: Floats) -> Floats:
    """Return vectors that are positions as they are."""
    return vec
