"""Whole clusters of one release, of several, and on the way to another (spec versions.md section 4)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.protocol.versions import RELEASES
from serfsim.results.agent_log import log_lines
from serfsim.scenario.loading import load, loads
from tests.simulation.cluster import NEAR, Run
from tests.versions.harness import since


def run_of(version: str, duration: str = "60s", nodes: int = 8, seed: int = 1, **parts: Any) -> Run:
    """`groups` and `config` are the cluster's, all else the scenario's."""
    cluster: dict[str, Any] = {"nodes": nodes, "version": version}
    cluster |= {key: parts.pop(key) for key in ("groups", "config") if key in parts}
    scenario = {"warm_up": "10s", "network": {"topology": NEAR}} | parts
    return Run(serfsim.Scenario(cluster=cluster, duration=duration, **scenario), seed)


def log_of(run: Run) -> list[str]:
    assert run.recording.releases
    recording = run.recording
    return list(log_lines(run.events, recording.names, releases=recording.releases, log=recording.log))


BLOCKED = [{"block": "udp", "nodes": ["node-03"], "at": "0s"}]
IN_TIME = {"config": {"protocol_version": 4}}


@pytest.mark.parametrize("version", RELEASES)
def test_every_release_forms_a_cluster_and_finds_a_crash(version: str) -> None:
    run = run_of(version, faults=[{"crash": ["node-05"], "at": "10s"}])
    detection = run.summary["detection"]
    assert (detection["false_positives"], detection["missed"]) == (0, 0)
    assert detection["first_s"]["p50"] < (8.0 if version in ("0.8.2", "0.9", "latest") else 9.0)
    assert run.summary["serf_releases"] == {"start": {version: 8}, "end": {version: 8}}


@pytest.mark.parametrize("version", RELEASES)
def test_old_and_new_are_one_cluster_when_all_speak_protocol_4(version: str) -> None:
    groups = {"old": {"nodes": 4, "version": version}}
    run = run_of("0.9", groups=groups, faults=[{"crash": ["node-01", "node-06"], "at": "10s"}], **IN_TIME)
    detection = run.summary["detection"]
    assert (detection["false_positives"], detection["missed"]) == (0, 0)
    assert run.summary["convergence"]["views_disagreeing"] == 0


def test_a_udp_deaf_member_flaps_with_06_and_never_fails_with_07_and_later() -> None:
    never = [run_of(version, faults=BLOCKED).count("failed") == 0 for version in RELEASES]
    assert never == since("0.7")


def test_a_06_member_is_not_saved_by_newer_ones_nor_they_by_it() -> None:
    groups = {"old": {"nodes": ["node-03"], "version": "0.6"}}
    run = run_of("0.9", groups=groups, faults=BLOCKED, **IN_TIME)
    assert run.count("tcp_fallback") == 0
    assert len(run.times("failed", subject=3)) >= 7
    assert run.times("suspect", observer=3) != []


def test_a_peer_that_answers_only_tcp_fails_in_4_s_if_it_is_a_06_one_and_never_if_it_is_newer() -> None:
    # As real agents treated a stand-in of either kind.
    groups = {"old": {"nodes": ["node-01"], "version": "0.6"}}
    blocked = [{"block": "udp", "nodes": ["node-01"], "at": "0s"}]
    old = run_of("0.9", nodes=2, groups=groups, faults=blocked, **IN_TIME)
    suspected, failed = (old.times(kind, observer=0, subject=1)[0] for kind in ("suspect", "failed"))
    assert failed - suspected == pytest.approx(4.0, abs=0.01)
    new = run_of("0.9", nodes=2, faults=blocked, duration="120s")
    assert (new.count("suspect"), new.count("failed")) == (0, 0)


def test_a_newer_member_is_saved_by_newer_ones_but_not_from_a_06_one() -> None:
    groups = {"old": {"nodes": ["node-00"], "version": "0.6"}}
    run = run_of("0.9", groups=groups, faults=BLOCKED, **IN_TIME)
    assert run.times("suspect", observer=0, subject=3) != []
    for observer in (1, 2, 4, 5, 6, 7):
        assert run.times("suspect", observer=observer, subject=3) == []
    assert run.times("tcp_fallback", observer=0) == []
    assert run.times("tcp_fallback", subject=3) != []


def test_coordinates_stay_at_the_origin_in_06_and_move_in_mixed_clusters_between_the_others() -> None:
    groups = {"old": {"nodes": 3, "version": "0.6"}}
    run = run_of("0.9", groups=groups, network={"topology": {"model": "plane", "size": "50ms"}}, **IN_TIME)
    last = run.recording.coordinates.vec[-1]
    moved = np.abs(last).max(axis=1) > 0.0
    assert moved.tolist() == [True] * 5 + [False] * 3


# The gate --------------------------------------------------------------------------------------------


def test_an_older_agent_and_one_of_081_with_its_defaults_refuse_each_other() -> None:
    run = run_of("0.9", groups={"old": {"nodes": ["node-07"], "version": "0.8"}})
    assert run.times("join", observer=7) == [] or set(run.events.subject[run.rows("join", 7)]) == {7}
    assert run.times("join", subject=7, since=-9.0) == []
    refused = [line for line in log_of(run) if "Failed push/pull merge" in line]
    words = r"Node 'node-0\d' delegate protocol version \(5\) is incompatible: \[2, 4\]"
    assert refused
    assert all(re.search(words, line) for line in refused)


@pytest.mark.parametrize("pair", [("0.6", "0.8"), ("0.8.1", "0.9"), ("0.8.2", "latest")])
def test_releases_on_one_side_of_the_gate_need_no_setting(pair: tuple[str, str]) -> None:
    run = run_of(pair[0], groups={"other": {"nodes": 4, "version": pair[1]}})
    assert run.summary["convergence"]["views_disagreeing"] == 0
    assert run.count("protocol_refused") == 0


def test_an_agent_cannot_be_told_to_speak_what_its_release_does_not_know() -> None:
    with pytest.raises(ScenarioError, match=r"5 for node-00, which runs 0\.8; expected 2 to 4"):
        serfsim.Scenario(cluster={"version": "0.8", "config": {"protocol_version": 5}})
    upgrade = {"upgrade": "all", "to": "0.7"}
    with pytest.raises(ScenarioError, match=r"faults\[0\]\.to: found protocol_version 5 for node-00"):
        serfsim.Scenario(cluster={"config": {"protocol_version": 5}}, faults=[upgrade])


# Upgrades --------------------------------------------------------------------------------------------


def test_an_upgrade_restarts_the_nodes_one_after_the_other_and_nobody_fails() -> None:
    run = run_of("0.8.1", faults=[{"upgrade": "all", "to": "0.9", "at": "5s", "apart": "4s"}])
    for node in range(8):
        (down,) = [span for span in run.recording.truth.down[node] if span.start > 0.0]
        assert (down.start, down.end) == pytest.approx((5.0 + 4.0 * node, 6.0 + 4.0 * node))
    assert run.count("failed") == 0
    assert run.summary["convergence"]["views_disagreeing"] == 0
    assert run.summary["serf_releases"] == {"start": {"0.8.1": 8}, "end": {"0.9": 8}}
    assert run.summary["detection"]["missed"] == 0  # a restart is no crash


def test_others_learn_what_an_upgraded_member_can_do() -> None:
    upgrade = {"upgrade": ["node-03"], "to": "0.7", "at": "5s"}
    block = {"block": "udp", "nodes": ["node-03"], "at": "20s"}
    run = run_of("0.7", groups={"old": {"nodes": ["node-03"], "version": "0.6"}}, faults=[upgrade, block])
    assert run.count("failed") == 0
    assert run.count("tcp_fallback") > 40
    for node in run.sim.nodes:
        assert node.memberlist.core.members.record(3).protocol_max == 3


def test_a_member_that_is_down_comes_back_with_the_new_release() -> None:
    crash = {"crash": ["node-02"], "at": "5s", "restart": "20s"}
    run = run_of("0.8.1", faults=[crash, {"upgrade": ["node-02"], "to": "0.9", "at": "10s"}])
    (down,) = [span for span in run.recording.truth.down[2] if span.start > 0.0]
    assert (down.start, down.end) == pytest.approx((5.0, 25.0))
    assert run.sim.nodes[2].config.features.release == "0.9"


def test_settings_that_were_chosen_survive_an_upgrade_and_defaults_do_not() -> None:
    faults = [{"upgrade": "all", "to": "0.9", "at": "5s"}]
    run = run_of("0.7", "8s", faults=faults, config={"buddy": False, "protocol_version": 4})
    config = run.sim.nodes[0].memberlist.core.config
    assert (config.buddy, config.lha_probe, config.suspicion_mult) == (False, True, 4)
    assert run.sim.nodes[0].record().delegate_current == 4


@pytest.mark.parametrize("key", ["for", "until", "every"])
def test_an_upgrade_has_no_end_and_is_not_repeated(key: str) -> None:
    with pytest.raises(ScenarioError, match=f"{key}: found `{key}`; expected `at`, `restart` and `apart`"):
        serfsim.Scenario(faults=[{"upgrade": "all", "to": "0.9", key: "10s"}])


def test_a_release_that_is_not_known_is_refused() -> None:
    with pytest.raises(ScenarioError, match="faults"):
        serfsim.Scenario(faults=[{"upgrade": "all", "to": "0.5"}])
    with pytest.raises(ScenarioError, match=r"cluster\.version"):
        serfsim.Scenario(cluster={"version": "1.0"})


# Writing and running again ---------------------------------------------------------------------------


def test_what_is_kept_of_a_mixed_scenario_runs_again_to_the_same_digest(tmp_path: Path) -> None:
    scenario = load("mixed_versions", ["duration=40s", "claims=[]", "cluster.groups.old.nodes=3"])
    result = serfsim.run(scenario, seed=3)
    folder = result.save(tmp_path / "kept", figures=False)
    again = serfsim.run(loads((folder / "scenario.yaml").read_text(encoding="utf-8")))
    assert again.summary["digest"] == result.summary["digest"]


def test_every_node_logs_in_the_words_of_the_release_it_runs() -> None:
    faults = [
        {"block": "udp", "nodes": ["node-03"], "at": "0s"},
        {"upgrade": ["node-00"], "to": "latest", "at": "30s"},
    ]
    run = run_of("0.8.1", groups={"new": {"nodes": ["node-03"], "version": "0.9"}}, faults=faults)
    saved = [line for line in log_of(run) if "network may be misconfigured" in line]
    words = {
        "Was able to reach node-03 via TCP but not UDP, network may be misconfigured and not allowing "
        "bidirectional UDP": lambda node, t: node != "node-03" and (node != "node-00" or t < 31.0),
        "but other probes failed, network may be misconfigured": lambda node, t: node == "node-03",
        "Was able to connect to node-03 over TCP but UDP probes failed, network may be misconfigured": (
            lambda node, t: node == "node-00" and t > 31.0
        ),
    }
    for text, is_theirs in words.items():
        told = [line.split() for line in saved if line.endswith(text)]
        assert told
        assert all(is_theirs(node, float(t)) for t, node, *_ in told)


def test_before_08_nobody_tells_how_many_confirmed() -> None:
    for version, end in (("0.7", "reached"), ("0.8", "confirmations)")):
        run = run_of(version, faults=[{"crash": ["node-05"], "at": "5s"}])
        lines = [line for line in log_of(run) if "suspect timeout reached" in line]
        assert lines
        assert all(line.endswith(end) for line in lines)


def test_an_agent_that_speaks_protocol_2_says_its_role_and_nothing_else() -> None:
    nodes = [{"name": "a", "tags": {"role": "web", "rack": "3"}}, {"name": "b"}]
    run = Run(serfsim.Scenario(cluster={"nodes": nodes, "config": {"protocol_version": 2}}, duration="5s"))
    members = run.sim.nodes[1].memberlist.core.members
    assert [members.record(node).meta for node in (0, 1)] == [b"web", b""]


def test_members_that_are_upgraded_share_their_settings_again() -> None:
    run = run_of("0.8.1", "5s", faults=[{"upgrade": "all", "to": "0.9", "at": "1s"}])
    assert len({id(member.config) for member in run.sim.agents.members}) == 1
