"""Releases in a scenario: who runs which, and whose defaults hold (spec versions.md, serf.md section 15)."""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim import Simulation
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.versions import BASELINE, RELEASES, ReleaseFeatures
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.loading import loads
from serfsim.scenario.settings import BY_RELEASE, PROFILES, Settings, release_settings
from serfsim.scenario.writing import dumps
from tests.versions.harness import since


def members(**cluster: Any) -> Any:
    return serfsim.Scenario(cluster=cluster).roster().members


def test_a_node_comes_before_its_group_and_that_before_the_cluster() -> None:
    nodes = [{"name": "a"}, {"name": "b", "group": "old"}, {"name": "c", "group": "old", "version": "0.7"}]
    found = members(
        nodes=nodes, version="0.9", groups={"old": {"version": "0.6"}}, config={"protocol_version": 4}
    )
    assert [member.version for member in found] == ["0.9", "0.6", "0.7"]
    assert [member.config.suspicion_mult for member in found] == [4, 5, 5]


def test_a_release_without_quotes_is_read_as_one() -> None:
    assert [member.version for member in members(nodes=1, version=0.7, config={"protocol_version": 4})] == [
        "0.7"
    ]


def test_the_baselines_defaults_are_the_settings_own() -> None:
    assert Cluster().config == Settings()
    for profile in PROFILES:
        for name, value in release_settings(profile, BASELINE).items():
            assert getattr(Settings(), name) == value


def test_only_the_lan_profile_had_another_suspicion_mult() -> None:
    for profile, mult in (("wan", 6), ("local", 3)):
        found = [Cluster(profile=profile, version=version).config.suspicion_mult for version in RELEASES]
        assert found == [mult] * len(RELEASES)


# As spec versions.md has them for 0.6.4, 0.7, 0.8.0, 0.8.1, 0.8.2, 0.9 and the newest.
OF_RELEASES = {
    "lha_probe": [False, False, True, True, True, True, True],
    "lha_suspicion": [False, False, True, True, True, True, True],
    "buddy": [False, False, True, True, True, True, True],
    "suspicion_mult": [5, 5, 5, 5, 4, 4, 4],
    "protocol_version": [4, 4, 4, 5, 5, 5, 5],
    "leave_propagate_delay": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    "queue_check_interval": [1.0, 1.0, 1.0, 1.0, 30.0, 30.0, 30.0],
    "leave_continues": [False, False, False, False, False, False, True],
}


# Grafana's fork has one of its own, and Mimir sets the others (`test_grafana`).
OF_MIMIR = {
    *("queue_ids", "packet_transport", "packet_dial_timeout", "packet_write_timeout"),
    *("max_concurrent_writes", "acquire_writer_timeout", "probe_interval", "probe_timeout"),
    *("disable_tcp_pings", "tcp_timeout", "udp_buffer_size"),
}


def test_exactly_these_defaults_differ_between_releases() -> None:
    assert set(BY_RELEASE) == set(OF_RELEASES) | OF_MIMIR


@pytest.mark.parametrize("name", OF_RELEASES)
def test_defaults_that_differ_are_those_of_the_release(name: str) -> None:
    assert [getattr(Cluster(version=version).config, name) for version in RELEASES] == OF_RELEASES[name]
    machines = [
        (MemberlistConfig(features), SerfConfig(features)) for features in map(ReleaseFeatures, RELEASES)
    ]
    found = [
        getattr(memberlist if hasattr(memberlist, name) and name != "protocol_version" else serf, name)
        for memberlist, serf in machines
    ]
    assert found == OF_RELEASES[name]


def test_lifeguard_is_on_from_08_on() -> None:
    for part in ("lha_probe", "lha_suspicion", "buddy"):
        assert [getattr(Cluster(version=version).config, part) for version in RELEASES] == since("0.8")


def test_what_somebody_chose_holds_in_every_release() -> None:
    config = {"lha_suspicion": False, "suspicion_mult": 4}
    groups = {"old": {"nodes": 2, "version": "0.8.1", "config": {"leave_propagate_delay": "3s"}}}
    new, _, old, _ = members(nodes=4, config=config, groups=groups)
    assert (old.config.lha_suspicion, old.config.suspicion_mult) == (False, 4)
    assert (old.config.leave_propagate_delay, new.config.leave_propagate_delay) == (3.0, 1.0)
    assert (old.config.queue_check_interval, new.config.queue_check_interval) == (1.0, 30.0)


def test_members_that_are_set_alike_share_their_settings() -> None:
    found = members(nodes=100, groups={"old": {"nodes": 50, "version": "0.8.1"}})
    assert len({id(member.config) for member in found}) == 2


def test_the_parts_of_lifeguard_reach_the_machines_one_by_one() -> None:
    for part in ("lha_probe", "lha_suspicion", "buddy"):
        made = serfsim.Scenario(cluster={"nodes": 2, "config": {part: False}}, duration="1s")
        simulation = Simulation(made)
        simulation.run()
        config = simulation.nodes[0].memberlist.core.config
        assert [getattr(config, name) for name in ("lha_probe", "lha_suspicion", "buddy")].count(False) == 1
        assert not getattr(config, part)


def test_the_papers_variants_reach_the_machines() -> None:
    words = {"suspicion_confirmations": 3, "paper_health_score": True, "scale_probe_timeout": True}
    simulation = Simulation(serfsim.Scenario(cluster={"nodes": 2, "config": words}, duration="1s"))
    simulation.run()
    config = simulation.nodes[1].memberlist.core.config
    assert {name: getattr(config, name) for name in words} == words
    plain = Simulation(serfsim.Scenario(cluster={"nodes": 2}, duration="1s"))
    plain.run()
    assert plain.nodes[1].memberlist.core.config.suspicion_confirmations == -1


@pytest.mark.parametrize(
    "cluster",
    [
        {"version": "0.6"},
        {"version": "0.8", "groups": {"new": {"nodes": 2, "version": "0.7"}}},
        {"groups": {"old": {"nodes": 2, "version": "0.8.2", "config": {"suspicion_mult": 7}}}},
        {"version": "latest", "config": {"lha_probe": False, "suspicion_confirmations": 3}},
    ],
)
def test_what_is_written_down_gives_every_member_the_same_settings(cluster: dict[str, Any]) -> None:
    scenario = serfsim.Scenario(cluster={"nodes": 6} | cluster)
    again = loads(dumps(scenario))
    assert again == scenario
    assert [member.config for member in again.roster().members] == [
        member.config for member in scenario.roster().members
    ]


def test_a_release_that_there_is_not_has_no_mechanisms() -> None:
    with pytest.raises(ValueError, match=r"0\.5"):
        ReleaseFeatures("0.5")
