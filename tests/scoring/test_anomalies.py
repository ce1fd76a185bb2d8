"""How long until a member that hangs is declared failed."""

from __future__ import annotations

from typing import Any

from serfsim.protocol.events import FAILED, JOIN
from serfsim.scenario import Scenario
from serfsim.simulation import Simulation
from tests.scoring.recorded import AFTER, Row, figures


def anomaly(rows: list[Row], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = figures(sorted(rows), **more)["detection"]["anomaly"]
    return {name: (one["mean"], one["n"]) for name, one in found.items()}


HANGS: Any = {"anomalies": [(20.0, 3)], "faulted": {3: [(20.0, 40.0)]}}
SEEN: list[Row] = [(32.0, 0, FAILED, 3), (32.5, 1, FAILED, 3), (45.0, 2, FAILED, 3)]


def test_the_first_and_the_last_verdict_count_from_the_start_even_after_the_end() -> None:
    assert anomaly(SEEN, **HANGS) == {"first_s": (12.0, 1), "full_s": (25.0, 1)}


def test_without_the_verdict_of_a_healthy_member_there_is_no_full_detection() -> None:
    assert anomaly(SEEN[:2], **HANGS) == {"first_s": (12.0, 1), "full_s": (None, 0)}
    assert anomaly([], **HANGS) == {"first_s": (None, 0), "full_s": (None, 0)}


def test_the_verdict_of_another_that_hangs_may_be_first_and_is_not_waited_for() -> None:
    both = {"anomalies": [(20.0, 2), (20.0, 3)], "faulted": {i: [(20.0, 40.0)] for i in (2, 3)}}
    rows: list[Row] = [(31.0, 2, FAILED, 3), (32.0, 0, FAILED, 3), (33.0, 1, FAILED, 3)]
    assert anomaly(rows, **both) == {"first_s": (11.0, 1), "full_s": (13.0, 1)}


def test_each_anomaly_is_watched_until_the_next_or_until_the_member_goes_down() -> None:
    again = {"anomalies": [(20.0, 3), (50.0, 3)], "faulted": {3: [(20.0, 40.0), (50.0, 70.0)]}}
    rows = [*SEEN, *((41.0, i, JOIN, 3) for i in (0, 1)), (46.0, 2, JOIN, 3)]
    late: list[Row] = [(64.0, i, FAILED, 3) for i in range(3)]
    assert anomaly([*rows, *late], **again) == {"first_s": (13.0, 2), "full_s": ((25.0 + 14.0) / 2, 2)}
    gone = {**HANGS, "down": {3: [(32.2, AFTER)]}, "crashes": [(32.2, 3)]}
    assert anomaly(SEEN, **gone) == {"first_s": (12.0, 1), "full_s": (None, 0)}


def test_one_before_the_scored_time_does_not_count() -> None:
    early = {"anomalies": [(-5.0, 3)], "faulted": {3: [(-5.0, 40.0)]}}
    assert anomaly(SEEN, **early)["first_s"] == (None, 0)


def test_overlapping_stalls_and_pauses_of_a_process_are_one_anomaly() -> None:
    scenario = Scenario(
        cluster={"nodes": 5},
        duration="30s",
        warm_up="1s",
        faults=[
            {"stall": ["node-01"], "at": "2s", "for": "20s"},
            {"pause": ["node-01"], "at": "5s", "for": "1s"},
            {"pause": ["node-02"], "at": "3s", "for": "1s", "every": "10s"},
        ],
    )
    recording = Simulation(scenario).run().recording
    assert recording is not None
    begun = [(2.0, 1), (3.0, 2), (13.0, 2), (23.0, 2)]
    assert sorted((round(t, 6), node) for t, node in recording.truth.anomalies) == begun
