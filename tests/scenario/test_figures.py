"""Which way a figure improves."""

from __future__ import annotations

import pytest

from serfsim.scenario.figures import FIGURES, HIGHER_IS_BETTER, NEITHER_IS_BETTER, better


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("detection.false_positives_at_healthy", "lower"),
        ("detection.full_s.p99", "lower"),
        ("detection.full_s.n", "neither"),
        ("detection.query_accuracy", "higher"),
        ("detection.tcp_fallbacks", "neither"),
        ("coordinates.relative_error.p50", "lower"),
        ("coordinates.nearest_accuracy", "higher"),
        ("dissemination.events.delivered_share", "higher"),
        ("traffic.by_type.udp_ping.bytes_per_node_s", "lower"),
    ],
)
def test_a_figure_says_which_way_it_improves(name: str, way: str) -> None:
    assert better(name) == way


def test_directions_are_of_figures_that_exist() -> None:
    assert set(FIGURES) >= HIGHER_IS_BETTER | NEITHER_IS_BETTER
    assert not HIGHER_IS_BETTER & NEITHER_IS_BETTER
