"""What was done to real agents becomes the faults of a scenario, at the same moments."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.protocol.serf.application import ACKED
from serfsim.scenario.model import Scenario
from serfsim.scenario.workload import Event, Query
from serfsim.topology.build import build_topology
from serfsim.validation.__main__ import comparable
from serfsim.validation.conversion import as_recording, true_rtt
from serfsim.validation.figures import figures
from serfsim.validation.golden import Golden, NotComparable, RecordingError, read
from serfsim.validation.heard import delivery_table
from serfsim.validation.runs import simulate
from serfsim.validation.scenario import latency_file, rule, scenario, warm_up

FOLDER = Path(__file__).parent


def golden(name: str) -> Golden:
    return read(FOLDER / f"{name}.json.gz")


def made(told: Golden, tmp_path: Path) -> Scenario:
    return scenario(told, latency_file(told, tmp_path))


def changed(told: Golden, **values: Any) -> Golden:
    return Golden(told.name, {**told.raw, **values})


def test_a_scenario_has_the_recordings_latencies_starts_and_length(tmp_path: Path) -> None:
    told = golden("b-crash-n16-spread-v2-s02")
    made_of_it = made(told, tmp_path)
    topology = build_topology(made_of_it.network.topology, told.n, Random(1), told.names, Path())
    rtt = np.array([topology.rtt_row(node) for node in range(told.n)])
    expected = told.one_way_s + told.one_way_s.T
    assert rtt == pytest.approx(expected, abs=1e-12)
    assert made_of_it.cluster.start.at == pytest.approx(tuple(told.starts))
    assert made_of_it.warm_up + made_of_it.duration == pytest.approx(told.end)


def test_faults_keep_their_times_since_the_join(tmp_path: Path) -> None:
    told = golden("b-crash-n16-spread-v2-s02")
    faults = made(told, tmp_path).faults
    assert [(fault.crash, fault.at + warm_up(told)) for fault in faults] == [  # type: ignore[union-attr]
        (("node-01",), pytest.approx(13.7094)),
        (("node-14",), pytest.approx(13.9465)),
    ]


def test_both_count_the_same_seconds() -> None:
    for name in ("a-baseline-n16-s1", "e-loss20-udp-n32-s1", "a-baseline-n16-wan-s1"):
        told = golden(name)
        assert (warm_up(told) - told.raw["traffic"]["series_start"]) % 1.0 == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"proto": "udp", "loss": 1}, {"block": "udp", "nodes": "all"}),
        (
            {"proto": "udp", "loss": 1, "src": [5]},
            {"block": "udp", "nodes": ["node-05"], "direction": "out"},
        ),
        ({"proto": "any", "loss": 1, "dst": [5]}, {"block": "all", "nodes": ["node-05"], "direction": "in"}),
        (
            {"proto": "any", "loss": 1, "src": [5], "sym": True},
            {"block": "all", "nodes": ["node-05"], "direction": "both"},
        ),
        ({"proto": "any", "loss": 0.2}, {"loss": {"udp": 0.2, "tcp": 0.2}, "nodes": "all"}),
        ({"proto": "tcp", "loss": 0.2}, {"loss": {"tcp": 0.2}, "nodes": "all"}),
        (
            {"proto": "any", "loss": 1, "src": [0], "dst": [1, 2], "sym": True},
            {"partition": [["node-00"], ["node-01", "node-02"]], "one_way": False},
        ),
        (
            {"proto": "udp", "loss": 1, "src": [0], "dst": [1, 2]},
            {"block": "udp", "between": [["node-00", "node-01"], ["node-00", "node-02"]], "one_way": True},
        ),
    ],
)
def test_a_rule_of_the_switch_is_a_fault(told: dict[str, Any], fault: dict[str, Any]) -> None:
    assert rule(golden("a-baseline-n16-s1"), {"id": "x", **told}) == fault


def test_what_no_scenario_can_do_is_refused_by_name() -> None:
    told = golden("a-baseline-n16-s1")
    with pytest.raises(NotComparable, match="duplicate"):
        rule(told, {"id": "x", "proto": "udp", "duplicate": 0.5})
    strange = changed(told, timeline=[*told.raw["timeline"], [20.0, "corrupt", 3]])
    with pytest.raises(NotComparable, match="'corrupt'"):
        scenario(strange, Path("nowhere.npz"))


def test_what_no_scenario_can_do_is_left_out_with_a_reason(tmp_path: Path) -> None:
    told = golden("a-baseline-n16-s1")
    path = tmp_path / "strange.json.gz"
    raw = {**told.raw, "timeline": [*told.raw["timeline"], [20.0, "corrupt", 3]]}
    path.write_bytes(gzip.compress(json.dumps(raw).encode()))
    kept, skipped = comparable([path, FOLDER / "h-events-loss00-n32-s1.json.gz"])
    assert [golden.name for _, golden in kept] == ["h-events-loss00-n32-s1"]
    assert "'corrupt'" in skipped["strange"]


def test_events_and_queries_are_sent_by_whom_and_when_they_were(tmp_path: Path) -> None:
    told = golden("h-events-loss20-n32-s1")
    workload = made(told, tmp_path).workload
    assert len(workload) == 30
    event, query = workload[0], workload[20]
    assert isinstance(event, Event)
    assert isinstance(query, Query)
    assert (event.event, event.from_, event.payload) == ("ev-00", "node-12", 16)
    assert event.at + warm_up(told) == pytest.approx(19.2567)
    assert (query.query, query.from_, query.request_ack) == ("q-00", "node-03", True)
    assert query.at + warm_up(told) == pytest.approx(96.5844)


def test_what_a_client_is_told_by_nobody_is_left_out() -> None:
    """Serf's server ends some queries with a burst of empty acks and answers."""
    told = golden("h-events-loss00-n32-s1")
    empty = [row for row in told.raw["rpc_events"] if row[1] == "q-ack" and row[4] is None]
    table = delivery_table(told, 0.0)
    assert len(empty) > 0
    assert int((table.action == ACKED).sum()) == 320


def test_a_kind_never_seen_before_is_measured_all_the_same(tmp_path: Path) -> None:
    told = changed(golden("c-udpblock-out-n16-s1"), scenario="something new", params={}, end=30.0)
    recorded = figures(told, as_recording(told, warm_up(told)))
    ours = figures(told, simulate(told, 1, tmp_path))
    assert set(ours) <= set(recorded)  # which was polled for longer
    assert recorded["suspect_per_min"] == ours["suspect_per_min"] == [0.0]


def test_the_simulation_and_the_recording_are_held_against_one_truth(tmp_path: Path) -> None:
    """With jitter too, of which the mean counts."""
    told = golden("a-baseline-n32-jitter10-s1")
    recording = simulate(changed(told, end=5.0), 1, tmp_path)
    theirs = true_rtt(told)
    for node in (0, 7, 31):
        assert recording.truth.rtt(node) == pytest.approx(theirs[node], rel=1e-6)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": "other/1"}', b"[1]"])
def test_a_file_that_is_no_recording_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(RecordingError, match=r"x\.json\.gz"):
        read(path)


def test_whoever_removes_a_member_reports_it_at_once_and_is_counted(tmp_path: Path) -> None:
    """The command's time, rounded to the nanosecond, may lie after what it caused."""
    told = golden("i-leave-n32-s1")
    ours = figures(told, simulate(told, 1, tmp_path))
    assert ours["force_leave_observers_missing"] == [0.0, 0.0]
    assert ours["force_leave_first_s"] == pytest.approx([0.0, 0.0], abs=1e-6)
