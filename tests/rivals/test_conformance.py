"""What every rival has to do, whatever its protocol: find a crash, be silent in a calm, heal, and add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.rivals import rival_names, rival_protocol
from serfsim.scenario.loading import loads
from serfsim.speed import is_compiled
from tests.engine.test_two_speeds import summary_of

CLUSTER = """
name: conformance
seed: 3
warm_up: 30s
network: {topology: {model: plane, size: 40ms}}
"""


def run_of(protocol: str, faults: str = "[]", duration: str = "2m", **more: Any) -> serfsim.Result:
    text = f"{CLUSTER}duration: {duration}\ncluster: {{nodes: 12, protocol: {protocol}}}\nfaults: {faults}\n"
    return serfsim.run(loads(text), check=True, **more)


@pytest.fixture(params=rival_names())
def protocol(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_crash_is_found_by_everybody_and_nobody_else_is_accused(protocol: str) -> None:
    detection = run_of(protocol, "[{crash: [node-04], at: 20s}]").summary["detection"]
    assert detection["missed"] == 0
    assert detection["full_s"]["max"] < 60.0
    assert detection["false_positives"] == 0


def test_nothing_is_said_in_a_calm(protocol: str) -> None:
    result = run_of(protocol)
    assert len(result.member_events[result.member_events.t_s > 0.0]) == 0
    assert result.summary["convergence"]["views_disagreeing"] == 0


def test_views_heal_after_a_partition_and_a_restart(protocol: str) -> None:
    apart = "{partition: [[node-01, node-02], rest], at: 20s, for: 60s}"
    faults = f"[{apart}, {{crash: [node-07], at: 30s, restart: 60s}}]"
    result = run_of(protocol, faults, "6m")
    assert result.summary["convergence"]["views_disagreeing"] == 0
    assert result.summary["detection"]["missed"] == 0


def test_every_packet_is_accounted_for_and_no_stopped_member_speaks(protocol: str) -> None:
    faults = (
        "[{pause: [node-05], at: 10s, for: 30s}, {loss: 10%, at: 20s, for: 40s}, {leave: [node-09], at: 50s}]"
    )
    result = run_of(protocol, faults)
    assert result.violations == []
    assert result.summary["traffic"]["bytes_per_node_s"] > 0.0


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_compiled_and_interpreted_give_one_digest(protocol: str, tmp_path: Path) -> None:
    scenario = tmp_path / "rival.yaml"
    faults = "[{crash: [node-04], at: 10s, restart: 20s}, {loss: 15%, at: 20s, for: 20s}]"
    scenario.write_text(
        f"{CLUSTER}duration: 1m\ncluster: {{nodes: 12, protocol: {protocol}}}\nfaults: {faults}\n"
    )
    digests = {summary_of(scenario, tmp_path / str(pure), pure=pure)["digest"] for pure in (False, True)}
    assert len(digests) == 1


def test_a_rival_names_its_source_and_describes_its_settings(protocol: str) -> None:
    rival = rival_protocol(protocol)
    assert rival.name == protocol
    assert rival.source
    assert all(row.meaning for row in rival.settings)


def test_a_stored_scenario_reads_back(protocol: str, tmp_path: Path) -> None:
    result = run_of(protocol, duration="10s")
    again = loads(result.scenario.to_yaml())
    assert again.cluster.rival == result.scenario.cluster.rival
    assert serfsim.run(again).summary["digest"] == result.summary["digest"]
    assert json.loads(json.dumps(result.summary["versions"]))["protocol"] == protocol


@pytest.mark.parametrize(
    ("cluster", "path", "words"),
    [
        ("protocol: heartbeats, rival: {threshold: 3}", "cluster.rival.threshold", ("heartbeats", "timeout")),
        ("protocol: heartbeats, rival: {timeout: 3}", "cluster.rival.timeout", ("'3s'",)),
        ("protocol: heartbeats, rival: {timeout: 1s}", "cluster.rival.interval", ("1s", "`timeout`")),
        ("protocol: hyparview, rival: {keepalive: 6s}", "cluster.rival.keepalive", ("6s", "`timeout`", "5s")),
        ("protocol: hyparview, rival: {fanout: 4}", "cluster.rival.fanout", ("hyparview", "active")),
        (
            "protocol: heartbeats, config: {suspicion_mult: 3}",
            "cluster.config",
            ("heartbeats", "cluster.rival"),
        ),
        ("protocol: serf, rival: {timeout: 3s}", "cluster.rival", ("serf", "cluster.config")),
        ("protocol: heartbeat", "cluster.protocol", ("'heartbeat'", "heartbeats")),
        ("protocol: heartbeats, tags: {role: web}", "cluster.tags", ("heartbeats",)),
        (
            "protocol: heartbeats, groups: {a: {nodes: 2, label: x}}",
            "cluster.groups.a.label",
            ("heartbeats",),
        ),
    ],
)
def test_a_setting_of_another_protocol_is_refused(cluster: str, path: str, words: tuple[str, ...]) -> None:
    with pytest.raises(serfsim.SerfsimError) as refused:
        loads(f"{CLUSTER}cluster: {{nodes: 12, {cluster}}}\n")
    said = str(refused.value)
    assert path in said
    assert all(word in said for word in words)


def test_a_user_event_needs_serf() -> None:
    workload = "workload: [{event: deploy, from: node-01, at: 5s}]"
    text = f"{CLUSTER}cluster: {{nodes: 4, protocol: heartbeats}}\n{workload}\n"
    with pytest.raises(serfsim.SerfsimError, match="`event` in a cluster of heartbeats"):
        loads(text)
