"""The models that need no file: round-trip times against closed forms and Serf's own matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError, SerfsimError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from tests.vectors_of import vectors


def built(model: str, n: int, seed: int = 1, **parameters: object) -> Topology:
    names = [f"node-{i}" for i in range(n)]
    return build_topology({"model": model, **parameters}, n, Random(seed), names, ".")


PHANTOMS = {
    entry["topology"].split()[0]: entry
    for entry in vectors("coordinate_phantom")["results"]
    if entry["variant"] == "serf-0.9.4"
}


@pytest.mark.parametrize("name", ["Line", "Grid", "Split", "Circle"])
def test_serfs_own_networks_have_serfs_own_round_trips_to_the_nanosecond(name: str) -> None:
    truth = PHANTOMS[name]["truth_ns"]
    topology = built(name.lower(), len(truth))
    rtt_ns = topology.rtt_matrix() * 1e9
    assert np.abs(rtt_ns - np.rint(rtt_ns)).max() < 1e-4
    assert np.rint(rtt_ns).astype(int).tolist() == truth


def test_the_network_of_serfs_drift_test_is_half_a_second_and_its_diagonal() -> None:
    near, far = 500_000_000, math.isqrt(2 * 500_000_000**2)
    truth = [[0, near, far, near], [near, 0, near, near], [far, near, 0, near], [near, near, near, 0]]
    assert np.rint(built("drift", 4).rtt_matrix() * 1e9).astype(int).tolist() == truth


def test_a_random_network_has_serfs_distribution_symmetric_and_in_whole_nanoseconds() -> None:
    rtt = built("random", 120).rtt_matrix()
    truth = np.array(PHANTOMS["Random"]["truth_ns"]) / 1e9
    upper = rtt[np.triu_indices(120, 1)]
    assert (rtt == rtt.T).all()
    assert np.abs(upper * 1e9 - np.rint(upper * 1e9)).max() < 1e-4
    # 7140 draws of N(100 ms, 10 ms): mean and deviation to within 4 standard errors.
    assert upper.mean() == pytest.approx(0.1, abs=4 * 0.01 / math.sqrt(len(upper)))
    assert upper.std() == pytest.approx(0.01, abs=4 * 0.01 / math.sqrt(2 * len(upper)))
    # Serf's own 300 draws are such a sample too.
    own = truth[np.triu_indices(len(truth), 1)]
    assert own.mean() == pytest.approx(0.1, abs=4 * 0.01 / math.sqrt(len(own)))


def test_a_random_network_is_that_of_its_seed_and_never_has_a_round_trip_of_nothing() -> None:
    assert (built("random", 10).rtt_matrix() == built("random", 10).rtt_matrix()).all()
    assert (built("random", 10).rtt_matrix() != built("random", 10, seed=2).rtt_matrix()).any()
    rtt = built("random", 40, mean=0.010, sd=0.010).rtt_matrix()
    assert rtt[~np.eye(40, dtype=bool)].min() > 0.0


def test_a_line_a_grid_and_a_circle_follow_their_parameters() -> None:
    line = built("line", 5, spacing=0.003).rtt_matrix()
    assert line == pytest.approx(0.003 * np.abs(np.subtract.outer(range(5), range(5))))
    grid = built("grid", 6, spacing=0.002, side=3)
    assert grid.rtt_row(0) == pytest.approx(
        [0, 0.002, 0.004, 0.002, 0.002 * math.sqrt(2), 0.002 * math.sqrt(5)], abs=1e-9
    )
    assert grid.positions == pytest.approx(np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]) * 0.002)
    circle = built("circle", 9, radius=0.040).rtt_matrix()
    assert circle[0, 1:] == pytest.approx(np.full(8, 0.080))
    chord = [2 * 0.040 * math.sin(math.pi * k / 9) for k in range(1, 8)]
    assert circle[1, 2:] == pytest.approx(chord, abs=1e-9)


def test_a_split_is_near_within_a_site_and_far_between_them() -> None:
    rtt = built("split", 5, lan=0.002, wan=0.030).rtt_matrix()
    near, far = 0.002, 0.032
    site = [0, 0, 0, 1, 1]
    for i in range(5):
        for j in range(5):
            expected = 0.0 if i == j else near if site[i] == site[j] else far
            assert rtt[i, j] == pytest.approx(expected)


def test_a_plane_is_distance_plus_both_heights_within_its_bounds() -> None:
    topology = built("plane", 40, size=0.090, height=(0.002, 0.010))
    assert topology.positions is not None
    assert topology.positions.min() >= 0.0
    assert topology.positions.max() <= 0.090
    rtt = topology.rtt_matrix()
    apart = ~np.eye(40, dtype=bool)
    gap = np.sqrt(((topology.positions[:, None] - topology.positions[None, :]) ** 2).sum(axis=2))
    heights = rtt - gap
    assert heights[apart].min() >= 0.004 - 1e-12
    assert heights[apart].max() <= 0.020 + 1e-12
    # Sums of two heights: i + j and k + l are as much as i + l and k + j.
    assert heights[0, 1] + heights[2, 3] == pytest.approx(heights[0, 3] + heights[2, 1])
    bounded = built("plane", 40, size=0.090, height=(0.002, 0.010), rtt=(0.020, 0.060)).rtt_matrix()
    assert bounded[apart] == pytest.approx(np.clip(rtt[apart], 0.020, 0.060))
    assert (topology.one_way_matrix() == topology.one_way_matrix().T).all()


def test_a_node_of_a_plane_keeps_its_place_when_others_are_added_behind_it() -> None:
    few, many = built("plane", 5), built("plane", 9)
    assert few.positions is not None
    assert many.positions is not None
    assert (few.positions == many.positions[:5]).all()
    assert (few.rtt_matrix() == many.rtt_matrix()[:5, :5]).all()


@pytest.mark.parametrize("model", ["plane", "line", "grid", "split", "circle", "random", "drift"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_every_model_works_at_any_number_of_nodes(model: str, n: int) -> None:
    rtt = built(model, n).rtt_matrix()
    assert rtt.shape == (n, n)
    assert (np.diag(rtt) == 0).all()
    assert np.isfinite(rtt).all()
    assert (rtt[~np.eye(n, dtype=bool)] > 0).all()


BAD = {
    "plain": ({"model": "plain"}, "did you mean plane?"),
    "a negative spacing": ({"model": "line", "spacing": -1.0}, "at least 0"),
    "a grid without columns": ({"model": "grid", "side": 0}, "topology.side: found 0"),
    "heights upside down": ({"model": "plane", "height": (0.2, 0.1)}, "low end first"),
    "bounds upside down": ({"model": "plane", "rtt": (0.2, 0.1)}, "below its smallest"),
    "a random of nothing": ({"model": "random", "mean": 0.0}, "mean above 0"),
    "a random too wide": ({"model": "random", "mean": 1e-12, "sd": 0.0}, "too large for its mean"),
    "a matrix of nothing": ({"model": "matrix"}, "expected the file of the matrix"),
    "a graph of nothing": ({"model": "graph"}, "one of file, data, edges, generator and graph"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_description_that_makes_no_sense_is_one_clear_message(kind: str) -> None:
    spec, part = BAD[kind]
    with pytest.raises(ScenarioError) as caught:
        build_topology(spec, 3, Random(1), ["a", "b", "c"], ".")
    assert isinstance(caught.value, SerfsimError)
    assert part in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_nothing_described_is_a_plane() -> None:
    topology = build_topology(None, 3, Random(1), ["a", "b", "c"], ".")
    assert topology.description == "plane of 2 ms"
