"""Who the members are, and how each of them is set."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.serf.config import SerfConfig
from serfsim.scenario import Scenario
from serfsim.scenario.checks import warnings
from serfsim.scenario.settings import Settings, overridden


@pytest.mark.parametrize(
    ("nodes", "first", "last"),
    [
        (1, "node-00", "node-00"),
        (30, "node-00", "node-29"),
        (100, "node-00", "node-99"),
        (101, "node-000", "node-100"),
    ],
)
def test_nodes_are_numbered_with_two_digits_or_as_many_as_it_takes(nodes: int, first: str, last: str) -> None:
    members = Scenario(cluster={"nodes": nodes}).roster().members
    assert (members[0].name, members[-1].name, len(members)) == (first, last, nodes)


def test_numbered_nodes_answer_to_the_names_of_a_smaller_cluster() -> None:
    groups = {"a": {"nodes": ["node-03", "node-0004"]}}
    roster = Scenario(cluster={"nodes": 1001, "groups": groups}, faults=[{"crash": ["node-99"]}]).roster()
    assert roster.named(["node-03"]) == roster.named(["node-003"]) == roster.named(["node-0003"]) == [3]
    assert roster.groups == {"a": [3, 4]}
    assert (roster.members[3].name, roster.members[3].group) == ("node-0003", "a")
    with pytest.raises(
        ScenarioError, match="found 'node-003'; expected a node or a group; did you mean node-03"
    ):
        Scenario(cluster={"nodes": 30}, faults=[{"crash": ["node-003"]}])
    with pytest.raises(ScenarioError, match=r"found 'node-03', which is in group 'a' already"):
        Scenario(
            cluster={"nodes": 101, "groups": {"a": {"nodes": ["node-003"]}, "b": {"nodes": ["node-03"]}}}
        )


def test_counted_groups_stand_in_order_and_end_at_the_last_node() -> None:
    groups = {"a": {"nodes": 2}, "b": {"nodes": "30%"}}
    roster = Scenario(cluster={"nodes": 10, "groups": groups}).roster()
    assert roster.groups == {"a": [5, 6], "b": [7, 8, 9]}


def test_named_members_of_a_group_leave_their_places_to_no_other() -> None:
    groups = {"a": {"nodes": 2}, "b": {"nodes": ["node-04", "node-00"]}}
    roster = Scenario(cluster={"nodes": 5, "groups": groups}).roster()
    assert roster.groups == {"a": [2, 3], "b": [0, 4]}


def test_nodes_may_name_groups_that_nobody_declared() -> None:
    roster = Scenario(cluster={"nodes": [{"name": "x", "group": "g"}, "y"]}).roster()
    assert roster.groups == {"g": [0]}
    assert [member.group for member in roster.members] == ["g", ""]


def test_a_node_outranks_its_group_and_the_group_the_cluster() -> None:
    scenario = Scenario(
        cluster={
            "nodes": [
                {"name": "x", "group": "g", "config": {"probe_interval": "3s"}, "tags": {"a": "node"}},
                "y",
                "z",
            ],
            "groups": {
                "g": {"nodes": ["z"], "config": {"probe_interval": "2s", "gossip_nodes": 9}, "version": "0.8"}
            },
            "config": {"probe_interval": "1500ms", "indirect_checks": 5},
            "tags": {"a": "cluster", "b": "cluster"},
            "processing_delay": "1ms",
        }
    )
    x, y, z = scenario.roster().members
    assert [member.config.probe_interval for member in (x, y, z)] == [3.0, 1.5, 2.0]
    assert [member.config.gossip_nodes for member in (x, y, z)] == [9, 3, 9]
    assert [member.config.indirect_checks for member in (x, y, z)] == [5, 5, 5]
    assert [member.version for member in (x, y, z)] == ["0.8", "0.9", "0.8"]
    assert x.tags == {"a": "node", "b": "cluster"}
    assert z.processing_delay == 0.001


def test_a_profile_of_a_group_or_node_sets_every_default_and_nothing_that_was_given() -> None:
    cluster = {
        "nodes": [{"name": "x", "group": "g"}, {"name": "y", "group": "g", "profile": "local"}, "z"],
        "groups": {"g": {"profile": "wan", "config": {"suspicion_mult": 9}}},
        "config": {"gossip_nodes": 7},
    }
    x, y, z = Scenario(cluster=cluster).roster().members
    assert [member.profile for member in (x, y, z)] == ["wan", "local", "lan"]
    for member, profile in ((x, "wan"), (y, "local"), (z, "lan")):
        whole = Scenario(cluster={"profile": profile}).cluster.config
        given = {"gossip_nodes": 7} | ({"suspicion_mult": 9} if member is not z else {})
        assert member.config == overridden(whole, given)
    # A release's own defaults stay those of the member's profile.
    assert x.at_release("0.7").config.probe_interval == 5.0


def values_of(config: object) -> dict[str, Any]:
    """Its attributes; a compiled object has no dictionary to ask for them."""
    values = {name: getattr(config, name) for name in dir(config) if not name.startswith("_")}
    return {name: value for name, value in values.items() if not callable(value)}


@pytest.mark.parametrize("profile", ["lan", "wan", "local"])
def test_the_profiles_are_those_of_the_protocol_machines(profile: str) -> None:
    settings = Scenario(cluster={"profile": profile}).cluster.config
    machine = MemberlistConfig(profile=profile)
    # A number that is not given is None in a scenario and -1 in the machine.
    unlike = {"protocol_version", "suspicion_confirmations", "incarnation_limit", "push_pull_nodes"}
    shared = [name for name in values_of(machine) if name in Settings.model_fields and name not in unlike]
    assert len(shared) >= 20
    assert {name: getattr(settings, name) for name in shared} == {
        name: getattr(machine, name) for name in shared
    }
    assert settings.memberlist_protocol_version == machine.protocol_version


def test_every_setting_of_the_serf_machine_can_be_set_and_has_its_default() -> None:
    machine = values_of(SerfConfig())
    machine.pop("features")  # the release, which a scenario chooses elsewhere
    settings = Settings()
    assert {name: getattr(settings, name) for name in machine} == machine


def test_slow_probes_are_allowed_but_warned_of() -> None:
    scenario = Scenario(cluster={"config": {"probe_timeout": "2s"}})
    assert [warning.split(":")[0] for warning in warnings(scenario)] == ["cluster.config"]
    assert warnings(Scenario()) == []


def test_a_fault_that_never_comes_is_warned_of() -> None:
    scenario = Scenario(duration="1m", faults=[{"crash": 1, "at": "1m"}, {"crash": 1, "at": "59s"}])
    assert warnings(scenario) == ["faults[0].at: 1m never comes: the run ends at 1m"]


@pytest.mark.parametrize(
    ("start", "key"),
    [
        ({"converged": True, "spread": "5s"}, "spread"),
        ({"converged": True, "at": ["0s", "0s", "3s"]}, "at"),
        ({"converged": True, "spread": "1s"}, ""),
        ({"spread": "5s"}, ""),
    ],
)
def test_a_converged_start_over_more_than_a_probe_interval_is_warned_of(
    start: dict[str, Any], key: str
) -> None:
    found = warnings(Scenario(cluster={"nodes": 3, "start": start}))
    assert [warning.split(":")[0] for warning in found] == ([f"cluster.start.{key}"] if key else [])


def test_key_commands_where_nobody_has_a_key_are_warned_of() -> None:
    listing = [{"keys": "list"}]
    (warning,) = warnings(Scenario(workload=listing))
    assert warning.startswith("workload[0].keys: no member has a key: each answers 'No keyring to modify")
    keyed = [{"name": "a", "keyring": ["AQEBAQEBAQEBAQEBAQEBAQ=="]}, "b"]
    assert warnings(Scenario(cluster={"nodes": keyed}, workload=listing)) == []
