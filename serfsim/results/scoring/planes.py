"""Coordinates laid over a map: projection on a plane, and the fit of one set of points onto another."""

from __future__ import annotations

import numpy as np

from serfsim.results.scoring.recording import Floats


def principal_plane(points: Floats) -> Floats:
    """Project the points on their two principal axes, centred, shape (n, 2)."""
    centred = points - points.mean(axis=0)
    if centred.shape[1] < 2:
        centred = np.column_stack((centred, np.zeros(len(centred))))
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane: Floats = centred @ axes[:2].T
    return plane if plane.shape[1] == 2 else np.column_stack((plane, np.zeros(len(plane))))


def fit_onto(points: Floats, target: Floats) -> Floats:
    """Turn, mirror, move and scale `points` to fit `target` in the least-squares sense."""
    centre = target.mean(axis=0)
    source, goal = points - points.mean(axis=0), target - centre
    u, strengths, v = np.linalg.svd(source.T @ goal)
    size = float((source * source).sum())
    scale = float(strengths.sum()) / size if size > 0 else 1.0
    fitted: Floats = scale * source @ u @ v + centre
    return fitted
