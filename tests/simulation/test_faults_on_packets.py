"""Faults that lose or delay packets do so once, whichever way a packet goes."""

from __future__ import annotations

import pytest

import serfsim
from serfsim import Result


def disturbed(**fault: object) -> Result:
    scenario = serfsim.Scenario(
        cluster={"nodes": 8, "groups": {"a": {"nodes": 4}, "b": {"nodes": 4}}},
        network={"topology": {"model": "line", "spacing": "1ms"}},
        duration="90s",
        warm_up="10s",
        faults=[fault],
        record={"coordinates": "5s"},
    )
    return serfsim.run(scenario, seed=1)


def lost_share(result: Result) -> float:
    return float(result.summary["traffic"]["datagrams_lost_share"])


@pytest.mark.parametrize(
    ("fault", "share"),
    [
        ({"nodes": "all"}, 0.2),
        ({"nodes": "all", "direction": "in"}, 0.2),
        ({"nodes": "all", "direction": "out"}, 0.2),
        # Pairs of different groups are 4 in 7 of all.
        ({"between": [["a", "b"]]}, 0.2 * 4 / 7),
        ({"between": [["a", "b"]], "one_way": True}, 0.2 * 2 / 7),
    ],
)
def test_a_datagram_is_lost_once_whatever_the_fault_covers(fault: dict[str, object], share: float) -> None:
    result = disturbed(loss={"udp": "20%"}, **fault)
    # Some three thousand datagrams: within four standard errors.
    assert lost_share(result) == pytest.approx(share, abs=0.035)


@pytest.mark.parametrize("fault", [{"nodes": "all"}, {"between": [["a", "a"], ["b", "b"], ["a", "b"]]}])
def test_added_latency_is_added_once_each_way(fault: dict[str, object]) -> None:
    result = disturbed(latency={"add": "50ms"}, **fault)
    # Coordinates settle on what nodes measure: 100 ms more than the 1 to 7 ms of the line.
    last = result.coordinates[result.coordinates["t_s"] == result.coordinates["t_s"].max()]
    assert 2 * last["height"].mean() + last["adjustment"].mean() < 0.150
    assert 0.085 < result.summary["coordinates"]["absolute_error_ms"]["p50"] / 1e3 < 0.115
