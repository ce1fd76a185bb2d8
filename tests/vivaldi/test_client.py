"""What a client does that no vector shows, and what must hold whatever its peers send."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.native import Random
from serfsim.protocol.vivaldi.client import (
    ACCEPTED,
    DIMENSION_MISMATCH,
    INVALID_COORDINATE,
    RTT_OUT_OF_RANGE,
    Client,
)
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import (
    NS_OUT_OF_RANGE,
    Coordinate,
    in_seconds,
    nanoseconds,
    random_direction,
)
from serfsim.protocol.vivaldi.latency_filter import LatencyFilter
from serfsim.protocol.vivaldi.texts import (
    REJECT_TEXTS,
    duration_text,
    estimate_text,
    reject_text,
    unknown_node_text,
)
from tests.vivaldi.harness import Listed, client, coordinate, place, pushed, written

MS = 1_000_000
THERE = (0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_rejected_update_changes_nothing() -> None:
    """Neither the coordinate nor what later updates make of the samples and the adjustment window."""
    ours, untouched = client(), client()
    refused = [
        (coordinate(0.0, 0.0, 0.0), MS, DIMENSION_MISMATCH),
        (coordinate(*THERE, error=math.nan), MS, INVALID_COORDINATE),
        (coordinate(*THERE, adjustment=-math.inf), MS, INVALID_COORDINATE),
        (coordinate(*THERE), -1, RTT_OUT_OF_RANGE),
        (coordinate(*THERE), 10_000 * MS + 1, RTT_OUT_OF_RANGE),
    ]
    for peer, rtt_ns, reject in refused:
        before = ours.coordinate
        assert ours.update(1, peer, rtt_ns) == reject
        assert ours.coordinate is before
    for _ in range(4):
        assert ours.update(1, coordinate(*THERE), 20 * MS) == ACCEPTED
        assert untouched.update(1, coordinate(*THERE), 20 * MS) == ACCEPTED
    assert written(ours.coordinate) == written(untouched.coordinate)


def test_the_dimension_is_checked_first_and_the_round_trip_time_last() -> None:
    ours = client()
    assert ours.update(1, coordinate(math.nan), -1) == DIMENSION_MISMATCH
    assert ours.update(1, coordinate(*[math.nan] * 8), -1) == INVALID_COORDINATE


def test_rtt_zero_is_accepted() -> None:
    ours = client()
    assert ours.update(1, coordinate(*THERE), 0) == ACCEPTED
    assert ours.coordinate.vec[0] > 0.0  # pulled there: the peer is nearer than it seemed


def test_an_update_leaves_the_coordinate_alone_that_peers_already_have() -> None:
    ours = client()
    sent = ours.coordinate
    before = written(sent)
    assert ours.update(1, coordinate(*THERE), 20 * MS) == ACCEPTED
    assert ours.coordinate is not sent
    assert written(sent) == before == written(ours.origin)


def test_a_client_may_meet_its_own_coordinate() -> None:
    draws = Listed([0.75] + [0.5] * 7)
    ours = client(uniforms=draws)
    assert ours.update(1, ours.coordinate, 20 * MS) == ACCEPTED
    assert draws.is_used_up()
    assert ours.coordinate.vec[0] > 0.0
    assert list(ours.coordinate.vec)[1:] == [0.0] * 7


def test_a_reset_keeps_samples_and_adjustment_window() -> None:
    ours = client()
    assert ours.update(1, coordinate(*THERE), 20 * MS) == ACCEPTED
    assert ours.update(2, coordinate(*[1e308] * 8), 20 * MS) == ACCEPTED
    assert ours.resets == 1
    # The window now holds minus infinity, so the next update cannot end in a finite adjustment.
    assert ours.update(1, coordinate(*THERE), 20 * MS) == ACCEPTED
    assert ours.resets == 2
    assert ours.latencies.count == 2


def test_without_a_window_there_is_no_adjustment() -> None:
    config = CoordinateConfig()
    config.adjustment_window_size = 0
    ours = Client(config, Random(1))
    for _ in range(5):
        assert ours.update(1, coordinate(*THERE), 50 * MS) == ACCEPTED
    assert ours.coordinate.adjustment == 0.0


def test_a_client_needs_a_dimension() -> None:
    config = CoordinateConfig()
    config.dimensionality = 0
    with pytest.raises(ValueError, match="dimensionality must be >0"):
        Client(config, Random(1))


def test_a_coordinate_can_be_set_unless_it_is_refused() -> None:
    ours = client()
    assert place(ours, coordinate(0.0)) == DIMENSION_MISMATCH
    assert place(ours, coordinate(*[math.inf] * 8)) == INVALID_COORDINATE
    assert ours.coordinate is ours.origin
    there = coordinate(*THERE)
    assert place(ours, there) == ACCEPTED
    assert ours.coordinate is there


def test_the_median_of_two_samples_is_the_larger() -> None:
    samples = LatencyFilter(3)
    assert samples.median(7, 0.2) == 0.2
    assert samples.median(7, 0.1) == 0.2


def test_the_median_of_three_samples_passes_over_an_outlier_and_forgets_the_oldest() -> None:
    samples = LatencyFilter(3)
    medians = [samples.median(7, rtt) for rtt in (0.2, 0.3, 9.0, 0.25, 0.1, 0.1)]
    assert medians == [0.2, 0.3, 0.3, 0.3, 0.25, 0.1]


def test_forget_node_drops_the_samples_of_that_peer_only() -> None:
    ours = client()
    for peer in (3, 11, 19):  # the same place in a table of eight
        assert ours.update(peer, coordinate(*THERE), 90 * MS) == ACCEPTED
    ours.forget_node(3)
    ours.forget_node(4)
    assert ours.latencies.count == 2
    assert ours.latencies.median(3, 0.01) == 0.01
    assert ours.latencies.median(11, 0.01) == 0.09
    assert ours.latencies.median(19, 0.01) == 0.09


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-3, 12)), max_size=120),
)
def test_samples_of_any_peers_in_any_order_give_the_medians_of_lists(
    size: int, steps: list[tuple[int, int]]
) -> None:
    samples = LatencyFilter(size)
    lists: dict[int, list[float]] = {}
    for peer, what in steps:
        if what < 0:
            samples.forget(peer)
            lists.pop(peer, None)
        else:
            kept = [*lists.get(peer, []), what / 8][-size:]
            lists[peer] = kept
            assert samples.median(peer, what / 8) == sorted(kept)[len(kept) // 2]
        assert samples.count == len(lists)


def test_distance_falls_back_to_raw_where_adjustments_would_leave_nothing() -> None:
    a = coordinate(-0.5, 1.3, 2.4, height=0.7, adjustment=0.1)
    b = coordinate(1.2, -2.3, 3.4, height=0.1, adjustment=0.2)
    assert a.raw_distance_to(b) == pytest.approx(4.104875150354758 + 0.8, rel=1e-15)
    assert a.distance_to(b) == 5_204_875_150
    b.adjustment = -1e6
    assert a.distance_to(b) == 4_904_875_150


def test_other_dimensions_have_no_distance() -> None:
    with pytest.raises(ValueError, match="coordinate dimensionality does not match"):
        coordinate(0.0).distance_to(coordinate(0.0, 0.0))


def test_a_force_moves_a_copy_and_lifts_or_lowers_its_height_to_the_floor() -> None:
    config = CoordinateConfig()
    uniforms = Listed([])
    own = coordinate(0.0, 0.0, 0.0)
    above = coordinate(0.0, 0.0, 2.9, height=0.0)
    moved = pushed(own, config, 5.3, above, uniforms)
    assert list(moved.vec) == pytest.approx([0.0, 0.0, -5.3])
    assert moved.height == pytest.approx(1e-5 + 5.3 * 1e-5 / 2.9)
    assert pushed(own, config, -5.3, above, uniforms).height == config.height_min
    assert list(own.vec) == [0.0, 0.0, 0.0]


def test_coinciding_coordinates_part_in_the_direction_drawn_and_keep_their_height() -> None:
    moved = pushed(coordinate(0.0, 0.0), CoordinateConfig(), 2.0, coordinate(5e-7, 0.0), Listed([0.5, 0.75]))
    assert list(moved.vec) == [0.0, 2.0]
    assert moved.height == 1e-5


def test_a_direction_too_short_to_be_one_is_the_first_axis() -> None:
    assert list(random_direction(3, 1e-6, Listed([0.5, 0.5, 0.5 - 1e-7]))) == [1.0, 0.0, 0.0]


def test_directions_come_from_the_clients_own_stream() -> None:
    moved = [client(seed=seed) for seed in (1, 1, 2)]
    for one in moved:
        assert one.update(1, coordinate(*[0.0] * 8), 20 * MS) == ACCEPTED
    first, same, other = (written(one.coordinate) for one in moved)
    assert first == same != other


def test_seconds_and_nanoseconds_are_gos() -> None:
    assert nanoseconds(1.9999999999) == 1_999_999_999
    assert nanoseconds(-1.9999999999) == -1_999_999_999
    for unreachable in (math.inf, -math.inf, math.nan, 9.3e9):
        assert nanoseconds(unreachable) == NS_OUT_OF_RANGE
    assert in_seconds(2_500_000_000) == 2.5
    assert in_seconds(-2_500_000_000) == -2.5
    assert in_seconds(-1) == -1e-9
    assert in_seconds(NS_OUT_OF_RANGE) == -9223372036.0 - 0.854775808


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (20 * MS, "20ms"),
        (1_000 * MS, "1s"),
        (61_500 * MS, "1m1.5s"),
        (3_600_000 * MS, "1h0m0s"),
        (-1_500 * MS, "-1.5s"),
        (NS_OUT_OF_RANGE, "-2562047h47m16.854775808s"),
    ],
)
def test_durations_are_written_as_go_writes_them(ns: int, text: str) -> None:
    assert duration_text(ns) == text


def test_every_reject_has_a_text_and_serf_rtt_its_lines() -> None:
    assert sorted(REJECT_TEXTS) == [DIMENSION_MISMATCH, INVALID_COORDINATE, RTT_OUT_OF_RANGE]
    assert reject_text(INVALID_COORDINATE, 0) == "coordinate is invalid"
    line = estimate_text("a", "b", coordinate(0.0).distance_to(coordinate(0.01)))
    assert line == "Estimated a <-> b rtt: 10.020 ms"
    assert unknown_node_text("x") == 'Could not find a coordinate for node "x"'


def peers() -> st.SearchStrategy[Coordinate]:
    """Whatever passes the checks, however mad; errors not below 0."""
    wild = st.floats(allow_nan=False, allow_infinity=False)
    mild = st.floats(-1.0, 1.0)
    return st.builds(
        lambda position, error, adjustment, height: coordinate(
            *position, error=error, adjustment=adjustment, height=height
        ),
        st.tuples(mild | wild, mild | wild),
        st.floats(0.0, 2.0),
        mild | wild,
        mild | wild,
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), peers(), st.integers(0, 10_000 * MS)), max_size=12))
def test_whatever_peers_send_a_coordinate_stays_finite_its_height_and_error_within_bounds(
    steps: list[tuple[int, Coordinate, int]],
) -> None:
    ours = client(2)
    for peer, other, rtt_ns in steps:
        assert ours.update(peer, other, rtt_ns) == ACCEPTED
        own = ours.coordinate
        assert own.is_valid()
        assert own.height >= 1e-5
        assert own.error <= 1.5
        assert math.isfinite(in_seconds(ours.distance_to(other)))
