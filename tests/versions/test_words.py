"""How a summary tells which releases ran."""

from __future__ import annotations

import pytest

from serfsim.report.releases import nodes_text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ({"0.9": 30}, {"0.9": 30}, "30 nodes of Serf 0.9"),
        ({"0.8": 5, "0.9": 25}, {"0.8": 5, "0.9": 25}, "30 nodes (5 of Serf 0.8, 25 of 0.9)"),
        ({"0.6": 30}, {"0.7": 30}, "30 nodes of Serf 0.7, before: of 0.6"),
        (
            {"0.6": 30},
            {"0.6": 10, "0.7": 20},
            "30 nodes (10 of Serf 0.6, 20 of 0.7), before: of 0.6",
        ),
        (
            {"0.6": 10, "0.7": 20},
            {"0.7": 30},
            "30 nodes of Serf 0.7, before: 10 of 0.6, 20 of 0.7",
        ),
    ],
)
def test_a_summary_names_the_releases(start: dict[str, int], end: dict[str, int], text: str) -> None:
    assert nodes_text({"nodes": 30, "serf_releases": {"start": start, "end": end}}) == text


def test_an_older_result_names_none() -> None:
    assert nodes_text({"nodes": 30}) == "30 nodes"
