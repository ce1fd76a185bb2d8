"""Settings that no release of a member knows are refused at their place, with the release to take."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.manual.topics import settings
from serfsim.protocol.versions import RULE_OF, SERF_RELEASES, value_in
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.settings import SETTINGS

OTHER: dict[str, Any] = {
    "gossip_to_the_dead_time": "10s",
    "skip_inbound_label_check": True,
    "dead_node_reclaim_time": "1s",
    "cidrs_allowed": ["10.0.0.0/8"],
    "queue_ids": "continue",
    "nack_at": 0.8,
    "validate_node_names": True,
    "reconnect_timeout_tag": "rc_tm",
}
"""Another value than the default of each setting that needs a rule of a release of Serf."""
OF_THE_FORK: dict[str, Any] = {"push_pull_nodes": 2, "zone_aware_routing": True, "zone_failover": False}
"""The same for settings of Grafana's fork, which no release of Serf has."""


def test_each_setting_that_needs_a_rule_names_one_that_members_follow() -> None:
    found = {name: row.needs for name, row in SETTINGS.items() if row.needs}
    assert sorted(found) == sorted({**OTHER, **OF_THE_FORK})
    for name, rule in found.items():
        follower = RULE_OF[rule].follower
        assert f"`{name}`" in follower if name in OF_THE_FORK else not follower
        had = {value_in(rule, release) > 0 for release in SERF_RELEASES}
        assert had == ({False} if name in OF_THE_FORK else {True, False})


@pytest.mark.parametrize("name", OF_THE_FORK)
def test_a_setting_of_the_fork_is_refused_in_every_release_of_serf(name: str) -> None:
    cluster = {"nodes": [{"name": "a", "zone": "x", "role": "bridge"}], "config": {name: OF_THE_FORK[name]}}
    with pytest.raises(ScenarioError, match=f"cluster.config.{name}: found {name}: "):
        Scenario(cluster={**cluster, "version": SERF_RELEASES[-1]})
    Scenario(cluster={**cluster, "product": "mimir-3"})


@pytest.mark.parametrize("name", OTHER)
def test_a_setting_is_refused_up_to_the_release_before_what_it_changes(name: str) -> None:
    rule = SETTINGS[name].needs
    first = next(release for release in SERF_RELEASES if value_in(rule, release))
    before = SERF_RELEASES[SERF_RELEASES.index(first) - 1]
    config = {"config": {name: OTHER[name]}}
    with pytest.raises(ScenarioError) as caught:
        Scenario(cluster={"nodes": 2, "version": before, **config})
    (message,) = str(caught.value).splitlines()
    assert message.startswith(f"cluster.config.{name}: found {name}: ")
    assert f"for node-00, which runs {before}" in message
    assert RULE_OF[rule].first in message or first in message
    assert RULE_OF[rule].meaning in message
    Scenario(cluster={"nodes": 2, "version": first, **config})
    default = Scenario().model_dump(mode="json")["cluster"]["config"][name]
    Scenario(cluster={"nodes": 2, "version": before, "config": {name: default}})


def test_the_message_stands_at_the_line_that_gives_the_setting_to_the_old_member() -> None:
    text = """
cluster:
  nodes: [{name: a}, {name: b, group: old}, {name: c, version: "0.7", config: {nack_at: 0.5}}]
  groups:
    old:
      version: "0.8.1"
      config:
        queue_ids: continue
  pools:
    wan:
      members: [b]
      config: {nack_at: 0.5, queue_ids: continue}
faults:
  - {reconfigure: c, config: {queue_ids: continue}, at: 1s}
"""
    with pytest.raises(ScenarioError) as caught:
        loads(text, "mine.yaml")
    found = sorted(line.split(": found ")[0] for line in str(caught.value).splitlines())
    assert found == [
        "mine.yaml:12: cluster.pools.wan.config.queue_ids",
        "mine.yaml:14: faults[0].config.queue_ids",
        "mine.yaml:3: cluster.nodes[2].config.nack_at",
        "mine.yaml:8: cluster.groups.old.config.queue_ids",
    ]


def test_a_group_of_an_old_release_keeps_what_it_does_beside_members_with_the_switch() -> None:
    old = {"old": {"nodes": 1, "version": "0.7"}}
    with pytest.raises(ScenarioError, match=r"queue_ids: continue for node-02, which runs 0\.7"):
        Scenario(cluster={"nodes": 3, "groups": old, "config": {"queue_ids": "continue"}})
    old["old"]["config"] = {"queue_ids": "restart"}
    Scenario(cluster={"nodes": 3, "groups": old, "config": {"queue_ids": "continue"}})


@pytest.mark.parametrize("name", ["monotone_incarnation", "regossip_accusations", "incarnation_limit"])
def test_fixes_of_rules_that_every_release_has_are_taken_for_all(name: str) -> None:
    value = 100 if name == "incarnation_limit" else True
    scenario = Scenario(cluster={"nodes": 2, "version": "0.6", "config": {name: value}})
    assert getattr(scenario.cluster.config, name) == value


def test_a_member_that_gets_the_release_later_may_have_its_settings() -> None:
    upgrade = {"upgrade": "all", "to": "0.10.2", "at": "5s"}
    later = {"reconfigure": "all", "config": {"reconnect_timeout_tag": "rc_tm"}, "at": "20s"}
    Scenario(cluster={"nodes": 2}, duration="30s", faults=[upgrade, later])
    Scenario(cluster={"nodes": 2, "config": {"validate_node_names": True}}, duration="30s", faults=[upgrade])
    with pytest.raises(ScenarioError, match=r"faults\[0\]\.config\.reconnect_timeout_tag"):
        Scenario(cluster={"nodes": 2}, duration="30s", faults=[later])


def test_the_manual_shows_the_release_that_a_setting_needs() -> None:
    facts = {topic.name.rpartition(".")[2]: dict(topic.facts) for topic in settings()}
    assert "as in Serf 0.8.2" in facts["queue_ids"]["needs"]
    assert "Serf 0.8.0 or later" in facts["nack_at"]["needs"]
    assert "needs" not in facts["monotone_incarnation"]
