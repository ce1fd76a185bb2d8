"""The best static coordinates for given round-trip times: the floor to compare Vivaldi with.

With every round-trip time known and unlimited computing time, one would place the nodes so that Serf's
distance

    |a.vec - b.vec| + a.height + b.height (+ both adjustments, if the sum stays above 0)

matches them as closely as possible. This module does so with `scipy.optimize`, starting from classical
scaling (Torgerson 1952) and seeded random positions and continuing with the best, by truncated Newton steps
with the gradient in closed form. (L-BFGS-B gets no further, and distributes its small systems of equations
over threads, which takes a hundred times as long when other processes use the same cores.)

No placement is best in every respect, so there are two:

- `mean` has the least mean relative error: it minimises |estimate - true| / true, smoothed at the kink,
  less and less. The shortest times, which weigh most, enter last: at first an error is divided by at
  least a third of the median time, so that they do not determine the map;
- `median` has the least median relative error: it fits half of all pairs as well as possible at the
  expense of the others, minimising r^2 / (r^2 + s^2) (Geman and McClure 1985) with s at the median of
  the previous round.

The problem is not convex: these are the best placements found, without proof of optimality. A static
adjustment can express any height and may also be negative, so `adjustments` without `heights` reaches the
same errors as both. With neither, every height is the minimum.

Up to ALL_PAIRS nodes all pairs are fitted; above, the pairs of the `fitted_observers` with all nodes. The
errors over all pairs are then above the best: fitted to 200 of the 490 hosts of PlanetLab, the least
median is 4.4 % instead of 3.7 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serfsim.topology.topology import Floats

ALL_PAIRS = 600  # nodes
OBSERVERS = 250  # above that
SEED = 1
RANDOM_STARTS = 2
# The least divisor of errors (in median times), the smoothing of the kink, and how often the
# loss is evaluated: for every start, and for the best of them.
SEARCH = ((0.3, 0.3, 100), (0.3, 0.05, 100))
POLISH = (
    *((0.1, 0.05, 100), (0.03, 0.02, 150), (0.01, 0.01, 150), (0.003, 0.01, 100)),
    *((0.001, 0.01, 100), (0.0, 0.01, 150), (0.0, 0.001, 300)),
)
MEDIAN_ROUNDS = (200, 150, 150, 150)  # evaluations
NO_LESS = 1e-6  # relative error; below this is exact
COINCIDE = 1e-18  # least squared distance, in units of the median RTT

Integers = NDArray[np.int64]
Loss = Callable[[Floats, float], tuple[float, Floats]]
Stages = tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, eq=False)
class StaticEmbedding:
    """Coordinates of n nodes: vec (n, d), height (n,), adjustment (n,), all in seconds."""

    vec: Floats
    height: Floats
    adjustment: Floats


class BestEmbeddings(NamedTuple):
    """The coordinates with the least mean and with the least median relative error found."""

    mean: StaticEmbedding
    median: StaticEmbedding


def fitted_observers(n: int) -> Integers:
    """Return the nodes whose round-trip times to all others are fitted: all, or evenly spaced ones."""
    count = n if n <= ALL_PAIRS else OBSERVERS
    return np.arange(count, dtype=np.int64) * n // count


def best_embeddings(
    rtt: Floats,
    observers: Integers | None = None,
    *,
    dimensionality: int = 8,
    heights: bool = True,
    adjustments: bool = True,
    height_min: float = 10e-6,
) -> BestEmbeddings:
    """Place n nodes by the round-trip times of m of them.

    rtt: seconds, shape (m, n); `observers[i]` is the node of row i, by default node i. Pairs of a
    node with itself and times that are not finite, or not above 0, are left out; raises ValueError if no
    pair is left. The same arguments give the same coordinates. Source of the distance: spec coordinate.md
    section 2; `height_min` is Serf's least height.
    """
    rows = np.arange(len(rtt), dtype=np.int64) if observers is None else observers
    offsets = "any" if adjustments else "tall" if heights else "least"
    misfit = _Misfit(rtt, rows, dimensionality, height_min, offsets)
    found = [_refine(misfit, start, _smooth, SEARCH) for start in _starts(misfit)]
    best = min(found, key=lambda x: misfit(x, _smooth, SEARCH[-1][1])[0])
    for_mean = _refine(misfit, best, _smooth, POLISH)
    for_median = _refine_median(misfit, for_mean)
    return BestEmbeddings(*(_coordinates(x, misfit, height_min, heights) for x in (for_mean, for_median)))


class _Misfit:
    """The mean of a loss over the relative errors of all known pairs, and its gradient.

    Positions are one flat array: the vectors dimension by dimension, then each node's offset, which adds to
    all its distances; in units of the median round-trip time, `unit` seconds. `offsets` limits the offset:
    "any" (the number itself), at least a height ("tall": `height_min` plus the number's square, which needs
    no bound) or just that ("least").
    """

    def __init__(
        self, rtt: Floats, observers: Integers, dimensionality: int, height_min: float, offsets: str
    ) -> None:
        self.n = rtt.shape[1]
        self.offsets = offsets
        self.d = dimensionality
        self.observers = observers
        known = np.isfinite(rtt) & (rtt > 0.0)
        known[np.arange(len(observers)), observers] = False
        self.pairs = int(known.sum())
        if self.pairs == 0:
            raise ValueError("coordinates need at least one round-trip time above 0")
        self.known = known
        self.unit = float(np.median(rtt[known]))
        self.least = height_min / self.unit
        self.target = np.where(known, rtt, self.unit) / self.unit
        self.weigh(0.0)

    def weigh(self, least: float) -> None:
        """Divide errors by no less than this from now on."""
        self.weight = np.where(self.known, 1.0 / np.maximum(self.target, least), 0.0)

    def __call__(self, x: Floats, loss: Loss, scale: float) -> tuple[float, Floats]:
        vec, _ = self.parts(x)
        distance, relative = self.distances(x)
        value, slope = loss(relative, scale)
        slope *= self.weight
        offset_gradient = slope.sum(axis=0)
        offset_gradient[self.observers] += slope.sum(axis=1)
        if self.offsets != "any":
            offset_gradient *= 2.0 * x[self.d * self.n :] if self.offsets == "tall" else 0.0
        slope /= distance
        seen = vec[:, self.observers]
        # einsum rather than a matrix product, whose last bits depend on the number of threads.
        gradient = vec * slope.sum(axis=0) - np.einsum("ij,ki->kj", slope, seen)
        back = seen * slope.sum(axis=1) - np.einsum("ij,kj->ki", slope, vec)
        gradient[:, self.observers] += back
        return value / self.pairs, np.concatenate((gradient.ravel(), offset_gradient)) / self.pairs

    def parts(self, x: Floats) -> tuple[Floats, Floats]:
        """Return vectors (d, n) and offsets (n,)."""
        vec, offset = x[: self.d * self.n].reshape(self.d, self.n), x[self.d * self.n :]
        if self.offsets == "any":
            return vec, offset
        return vec, np.full(self.n, self.least) + (offset * offset if self.offsets == "tall" else 0.0)

    def distances(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the vectors' distances, (m, n), and the signed relative errors; 0 where unknown."""
        vec, offset = self.parts(x)
        seen = vec[:, self.observers]
        squares = np.einsum("ki,ki->i", vec, vec)
        distance: Floats = np.einsum("ki,kj->ij", seen, vec)
        distance *= -2.0
        distance += squares[self.observers][:, None]
        distance += squares
        np.maximum(distance, COINCIDE, out=distance)
        np.sqrt(distance, out=distance)
        relative = distance + offset[self.observers][:, None]
        relative += offset
        relative -= self.target
        relative *= self.weight
        return distance, relative

    def median(self, x: Floats) -> float:
        """Return the median relative error."""
        return float(np.median(np.abs(self.distances(x)[1][self.known])))


def _smooth(relative: Floats, scale: float) -> tuple[float, Floats]:
    """Return sum and slopes of |r| with its kink rounded off within `scale`."""
    root = relative * relative
    root += scale * scale
    np.sqrt(root, out=root)
    value = float(root.sum()) - scale * root.size
    return value, np.divide(relative, root, out=root)


def _redescending(relative: Floats, scale: float) -> tuple[float, Floats]:
    """Return sum and slopes of Geman and McClure's loss, which levels off for errors far beyond `scale`."""
    squares = relative * relative
    whole = squares + scale * scale
    np.divide(squares, whole, out=squares)
    value = 0.5 * float(squares.sum())
    whole *= whole
    slope = np.divide(relative, whole, out=whole)
    slope *= scale * scale
    return value, slope


def _starts(misfit: _Misfit) -> list[Floats]:
    """Return several starting positions."""
    rng = np.random.default_rng(SEED)
    size = misfit.d * misfit.n
    starts = [
        np.concatenate((0.3 * rng.standard_normal(size), np.full(misfit.n, 0.1)))
        for _ in range(RANDOM_STARTS)
    ]
    if len(misfit.observers) == misfit.n and misfit.known.sum() == misfit.n * (misfit.n - 1):
        scaled = _classical_scaling(misfit.target, misfit.d)
        # In a dimension that is 0 for all nodes, no gradient would separate them.
        scaled += 1e-3 * rng.standard_normal(scaled.shape)
        starts.append(np.concatenate((scaled.ravel(), np.full(misfit.n, 0.1))))
    return starts


def _classical_scaling(distance: Floats, dimensionality: int) -> Floats:
    """Return points whose distances best fit the given ones, shape (dimensionality, n)."""
    n = len(distance)
    symmetric = (distance + distance.T) / 2.0
    np.fill_diagonal(symmetric, 0.0)
    squares = symmetric * symmetric
    centred = -0.5 * (squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh(centred)
    points = np.zeros((dimensionality, n))
    count = min(dimensionality, n)
    points[:count] = (vectors[:, ::-1][:, :count] * np.sqrt(np.maximum(values[::-1][:count], 0.0))).T
    return points


def _refine(misfit: _Misfit, x: Floats, loss: Loss, stages: Stages) -> Floats:
    """Minimise the loss from `x`, stage by stage."""
    # start-up: scipy is slow to import
    from scipy.optimize import minimize

    for least, scale, evaluations in stages:
        misfit.weigh(least)
        options = {"maxfun": evaluations}
        x = minimize(misfit, x, args=(loss, scale), jac=True, method="TNC", options=options).x
    return x


def _refine_median(misfit: _Misfit, x: Floats) -> Floats:
    """Return the best of several rounds, each of which gives up pairs far above the previous median."""
    best, least = x, misfit.median(x)
    for evaluations in MEDIAN_ROUNDS:
        x = _refine(misfit, x, _redescending, ((0.0, max(misfit.median(x), NO_LESS), evaluations),))
        if misfit.median(x) < least:
            best, least = x, misfit.median(x)
    return best


def _coordinates(x: Floats, misfit: _Misfit, height_min: float, heights: bool) -> StaticEmbedding:
    """Split each node's offset into a height, as far as one can express it, and an adjustment."""
    vec, offset = (part * misfit.unit for part in misfit.parts(x))
    height = np.maximum(offset, height_min) if heights else np.full(misfit.n, height_min)
    adjustment = offset - height
    # A rounding error is not an adjustment.
    adjustment[np.abs(adjustment) < 1e-12] = 0.0
    return StaticEmbedding(np.ascontiguousarray(vec.T), height, adjustment)
