"""Claims, and the figures that they are about."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.scenario import Scenario
from serfsim.scenario.claims import ClaimResult
from serfsim.scenario.figures import FIGURES, figure_value, unit_of

SUMMARY: dict[str, Any] = {
    "detection": {
        "false_positives": 2,
        "first_s": {"p99": 8.25, "n": 3},
        "query_accuracy": 0.995,
        "missed": None,
    },
    "coordinates": {"absolute_error_ms": {"p50": 1.5}, "converged_s": float("nan")},
    "traffic": {"by_type": {"udp_ping": {"messages_per_node_s": 1.0}}},
}


def check(text: str, summary: dict[str, Any] = SUMMARY) -> ClaimResult:
    return Scenario(claims=[text]).claims[0].check(summary)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("detection.false_positives == 2", True),
        ("detection.false_positives != 2", False),
        ("detection.false_positives<2", False),
        ("detection.false_positives <= 2", True),
        ("detection.false_positives > 1.5", True),
        ("detection.false_positives >= 3", False),
        ("detection.first_s.p99 < 8250ms", False),
        ("detection.first_s.p99 <= 8250ms", True),
        ("detection.first_s.p99 < 1m", True),
        ("detection.first_s.p99 < 8.3", True),
        ("coordinates.absolute_error_ms.p50 == 1500us", True),
        ("detection.query_accuracy >= 99.5%", True),
        ("traffic.by_type.udp_ping.messages_per_node_s == 1", True),
    ],
)
def test_a_claim_compares_the_figure_in_its_own_unit(text: str, holds: bool) -> None:
    assert check(text).holds is holds


@pytest.mark.parametrize("figure", ["detection.missed", "detection.flaps", "coordinates.converged_s"])
def test_a_figure_without_a_value_fails_every_claim_about_it(figure: str) -> None:
    for comparison in ("==", "!=", ">="):
        result = check(f"{figure} {comparison} 0")
        assert (result.holds, result.value, result.found) == (False, None, "no value")


def test_dotted_keys_serve_as_well_as_nested_ones() -> None:
    assert figure_value({"detection.first_s.p99": 3.0}, "detection.first_s.p99") == 3.0
    assert figure_value({"detection": {"first_s.p99": 3.0}}, "detection.first_s.p99") == 3.0


def test_the_rows_for_the_summary_name_each_claim() -> None:
    scenario = Scenario(claims=["detection.false_positives  ==  2", "detection.flaps == 0"])
    assert scenario.check_claims(SUMMARY) == [
        {"claim": "detection.false_positives == 2", "holds": True, "value": 2},
        {"claim": "detection.flaps == 0", "holds": False, "value": None},
    ]


def test_every_figure_of_the_contract_has_a_meaning() -> None:
    assert all(FIGURES.values())
    for name in (
        "detection.first_suspect_s.n",
        "detection.full_s.p99",
        "coordinates.relative_error.p90",
        "dissemination.queries.delivered_share",
        "convergence.one_view_s",
        "traffic.tcp_connections_per_node_s",
        "health.score.max",
    ):
        assert name in FIGURES


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("detection.first_s.p99", "s"),
        ("detection.first_s.n", ""),
        ("coordinates.absolute_error_ms.max", "ms"),
        ("coordinates.converged_s", "s"),
        ("coordinates.drift_ms_per_s", ""),
        ("coordinates.believed_error.drift_per_s", ""),
        ("traffic.bytes_per_node_s", ""),
        ("dissemination.events.p50_s", "s"),
        ("detection.flaps", ""),
    ],
)
def test_the_unit_of_a_figure_is_in_its_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit
