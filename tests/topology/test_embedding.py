"""The floor that Vivaldi is measured against."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.results.scoring.pair_errors import PairErrors
from serfsim.rivals.coordinate_table import Places
from serfsim.rivals.euclidean import euclidean
from serfsim.topology import build_topology
from serfsim.topology.embedding import (
    OBSERVERS,
    StaticEmbedding,
    _Misfit,
    _redescending,
    _smooth,
    best_embeddings,
    fitted_observers,
)
from serfsim.topology.topology import Floats


def rtts(n: int, **spec: object) -> Floats:
    return build_topology(spec, n, Random(1), [f"node-{i}" for i in range(n)], ".").rtt_matrix()


def errors(embedding: StaticEmbedding, rtt: Floats) -> tuple[float, float]:
    """Median and mean relative error, by what scores a run."""
    everybody = np.arange(len(rtt), dtype=np.int64)
    estimate = euclidean(Places(embedding.vec, embedding.height, embedding.adjustment), everybody, everybody)
    collected = PairErrors(rtt.size)
    collected.add(estimate, rtt, np.eye(len(rtt), dtype=bool))
    relative, _ = collected.figures()
    return float(relative[0]), float(relative[3])


@pytest.mark.parametrize(
    "spec",
    [{"model": "line"}, {"model": "grid"}, {"model": "split"}, {"model": "circle"}, {"model": "plane"}],
)
def test_what_geometry_can_hold_is_embedded_without_error(spec: dict[str, object]) -> None:
    rtt = rtts(16, **spec)
    best = best_embeddings(rtt)
    for embedding in best:
        median, mean = errors(embedding, rtt)
        assert median < 1e-3
        assert mean < 1e-3
    assert (best.mean.vec.shape, best.mean.height.shape, best.mean.adjustment.shape) == (
        (16, 8),
        (16,),
        (16,),
    )


def test_a_plane_with_access_links_needs_heights() -> None:
    rtt = rtts(25, model="plane", size=0.05, height=(0.002, 0.02))
    flat = best_embeddings(rtt, heights=False, adjustments=False).mean
    assert errors(flat, rtt)[1] > 10.0 * errors(best_embeddings(rtt).mean, rtt)[1]
    assert not flat.adjustment.any()
    assert np.all(flat.height == 10e-6)


def test_heights_alone_are_enough_for_access_links_and_are_never_below_the_least() -> None:
    rtt = rtts(25, model="plane", size=0.05, height=(0.002, 0.02))
    tall = best_embeddings(rtt, adjustments=False, height_min=1e-3).mean
    assert tall.height.min() >= 1e-3
    assert not tall.adjustment.any()
    assert errors(tall, rtt)[1] < 1e-3


def test_in_two_dimensions_four_nodes_of_equal_distance_cannot_be_placed_but_in_three_they_can() -> None:
    rtt = np.full((4, 4), 0.1) - 0.1 * np.eye(4)
    options = {"heights": False, "adjustments": False, "height_min": 1e-9}
    in_two = errors(best_embeddings(rtt, dimensionality=2, **options).mean, rtt)[1]  # type: ignore[arg-type]
    in_three = errors(best_embeddings(rtt, dimensionality=3, **options).mean, rtt)[1]  # type: ignore[arg-type]
    # Of the six sides of a flat quadrilateral four are right at best in the mean: a diagonal is off.
    assert in_two > 0.05
    assert in_three < 1e-3


def test_of_a_random_network_the_two_placements_are_each_best_in_their_own_figure() -> None:
    rtt = rtts(60, model="random")
    best = best_embeddings(rtt)
    (mean_p50, mean_mean), (median_p50, median_mean) = errors(best.mean, rtt), errors(best.median, rtt)
    assert 0.02 < mean_mean < median_mean
    assert median_p50 < mean_p50


def test_nothing_near_the_placement_is_better() -> None:
    rtt = rtts(20, model="random")
    best = best_embeddings(rtt).mean
    _, least = errors(best, rtt)
    rng = np.random.default_rng(7)
    for size in (1e-5, 1e-4, 1e-3):
        for _ in range(20):
            moved = StaticEmbedding(
                best.vec + size * rng.standard_normal(best.vec.shape), best.height, best.adjustment
            )
            assert errors(moved, rtt)[1] > least - 1e-4


def test_the_same_times_give_the_same_coordinates() -> None:
    rtt = rtts(12, model="random")
    for one, other in zip(best_embeddings(rtt), best_embeddings(rtt), strict=True):
        assert np.array_equal(one.vec, other.vec)
        assert np.array_equal(one.height + one.adjustment, other.height + other.adjustment)


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(3)
    rtt = rng.uniform(0.01, 0.1, (3, 7))
    x = rng.standard_normal(7 * 4)
    for loss, offsets in product((_smooth, _redescending), ("any", "tall", "least")):
        misfit = _Misfit(rtt, np.array([0, 2, 5]), 3, 1e-3, offsets)
        value, gradient = misfit(x, loss, 0.3)
        for k in range(len(x)):
            step = np.zeros(len(x))
            step[k] = 1e-6
            ahead, behind = misfit(x + step, loss, 0.3)[0], misfit(x - step, loss, 0.3)[0]
            assert gradient[k] == pytest.approx((ahead - behind) / 2e-6, abs=1e-7)
        assert np.isfinite(value)


def test_times_that_nobody_knows_are_left_out() -> None:
    rtt = rtts(12, model="line")
    rtt[2, 3] = rtt[3, 2] = np.inf
    rtt[4, 5] = np.nan
    rtt[7, 8] = 0.0
    for embedding in best_embeddings(rtt):
        assert np.isfinite(embedding.vec).all()
    with pytest.raises(ValueError, match="at least one round-trip time"):
        best_embeddings(np.zeros((3, 3)))


def test_two_nodes_are_as_far_apart_as_they_are() -> None:
    rtt = np.array([[0.0, 0.02], [0.02, 0.0]])
    assert errors(best_embeddings(rtt).mean, rtt)[0] < 1e-3


def test_of_many_nodes_those_seen_by_some_are_placed_well_for_all() -> None:
    rtt = rtts(150, model="plane", size=0.05, height=(0.002, 0.02))
    observers = np.arange(0, 150, 3)
    assert errors(best_embeddings(rtt[observers], observers).mean, rtt)[1] < 2e-3
    assert len(fitted_observers(30)) == 30
    assert len(np.unique(fitted_observers(5000))) == OBSERVERS
