"""How long packets travel when nothing disturbs them."""

from __future__ import annotations

import math

import pytest

from serfsim.native import i32, vec
from serfsim.network.latency import (
    Latency,
    MatrixLatency,
    PlaneLatency,
    SiteLatency,
    SliceLatency,
    WholeNanosecondPlane,
)


def floats(*values: float) -> vec[float]:
    return vec[float](list(values))


def test_on_a_plane_half_the_distance_and_heights_are_one_way() -> None:
    plane = PlaneLatency(floats(0.0, 0.03), floats(0.0, 0.04), floats(0.002, 0.004))
    assert plane.one_way(0, 1) == plane.one_way(1, 0) == pytest.approx(0.028, rel=1e-15)
    assert plane.one_way(1, 1) == 0.0


def test_bounds_of_a_plane_clip_round_trips() -> None:
    plane = PlaneLatency(floats(0.0, 0.001, 1.0), floats(0.0, 0.0, 0.0), floats(0.0, 0.0, 0.0), 0.005, 0.15)
    assert plane.one_way(0, 1) == 0.0025
    assert plane.one_way(0, 2) == 0.075


def test_serfs_own_planes_are_cut_to_whole_nanoseconds() -> None:
    plane = WholeNanosecondPlane(floats(0.0, 1.0), floats(0.0, 1.0), floats(0.0, 0.0), 1e7)
    assert plane.one_way(0, 1) * 2e9 == math.floor(math.sqrt(2.0) * 1e7)


def test_a_matrix_may_be_asymmetric_and_its_diagonal_counts_for_nothing() -> None:
    matrix = MatrixLatency(2, floats(9.0, 0.01, 0.03, 9.0))
    assert (matrix.one_way(0, 1), matrix.one_way(1, 0), matrix.one_way(0, 0)) == (0.01, 0.03, 0.0)
    assert list(matrix.rtt_row(0, 2)) == [0.0, 0.04]
    assert list(matrix.one_way_row(1, 2)) == [0.03, 0.0]
    assert matrix.advance(5.0) == math.inf


def test_slices_replace_each_other_at_their_times() -> None:
    slices = SliceLatency(2, floats(10.0, 20.0, 30.0), floats(0, 1, 1, 0, 0, 2, 2, 0, 0, 3, 4, 0))
    assert slices.one_way(0, 1) == 1.0
    assert slices.advance(0.0) == 20.0
    assert slices.one_way(0, 1) == 1.0
    assert slices.advance(20.0) == 30.0
    assert slices.one_way(0, 1) == 2.0
    assert slices.advance(31.0) == math.inf
    assert (slices.one_way(0, 1), slices.one_way(1, 0), slices.one_way(1, 1)) == (3.0, 4.0, 0.0)


def test_sites_add_both_access_links_to_what_lies_between() -> None:
    sites = SiteLatency(vec[i32]([0, 0, 1]), 2, floats(0.001, 0.05, 0.04, 0.002), floats(0.0, 0.0001, 0.0002))
    assert sites.one_way(0, 1) == pytest.approx(0.0011)
    assert sites.one_way(0, 2) == pytest.approx(0.0502)
    assert sites.one_way(2, 0) == pytest.approx(0.0402)
    assert sites.one_way(2, 2) == 0.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: PlaneLatency(floats(0.0), floats(0.0, 1.0), floats(0.0)),
        lambda: WholeNanosecondPlane(floats(0.0), floats(0.0), floats(), 1.0),
        lambda: MatrixLatency(2, floats(0.0, 1.0, 1.0)),
        lambda: SliceLatency(1, floats(1.0, 1.0), floats(0.0, 0.0)),
        lambda: SliceLatency(1, floats(), floats()),
        lambda: SiteLatency(vec[i32]([0, 2]), 2, floats(0, 0, 0, 0), floats(0, 0)),
    ],
)
def test_wrong_shapes_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"need|must|site"):
        make()


def test_a_model_of_the_users_own_needs_only_one_method() -> None:
    class Far(Latency):
        def one_way(self, source: int, target: int) -> float:
            return abs(source - target) / 8

    assert list(Far().rtt_row(1, 3)) == [0.25, 0.0, 0.25]
