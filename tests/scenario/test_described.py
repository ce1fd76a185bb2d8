"""A real cluster's list of members becomes a scenario with the same members."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario
from serfsim.scenario.described import describe_cluster
from serfsim.scenario.loading import loads
from serfsim.scenario.member_lists import read_member_list
from serfsim.scenario.roster import build_roster
from serfsim.simulation.build import topology_of

LISTS = Path(__file__).parent / "member_lists"


def described(content: bytes, label: str = "members.json") -> tuple[Scenario, str]:
    text = describe_cluster(read_member_list(content, label), "mine", label)
    return loads(text), text


def rtt_s(scenario: Scenario, one: str, other: str) -> float:
    roster = build_roster(scenario.cluster)
    matrix = topology_of(scenario, roster, 1).rtt_matrix()
    return float(matrix[roster.index[one], roster.index[other]])


def of(data: Any) -> tuple[Scenario, str]:
    return described(json.dumps(data).encode())


def serf(*members: dict[str, Any]) -> tuple[Scenario, str]:
    return of({"members": list(members)})


def test_members_listed_by_a_real_agent_keep_names_tags_protocol_and_data_centre() -> None:
    scenario, text = described((LISTS / "serf.json").read_bytes())
    roster = build_roster(scenario.cluster)
    assert {one.name: (one.group, one.tags) for one in roster.members} == {
        "db-1": ("fra", {"dc": "fra", "role": "db", "port": "5432"}),
        "web-1": ("fra", {"dc": "fra", "role": "web"}),
        "web-2": ("iad", {"dc": "iad", "role": "web"}),
        "web-3": ("iad", {"dc": "iad", "role": "web"}),
    }
    assert [one.config.protocol_version for one in roster.members] == [5, 5, 4, 5]
    assert {one.version for one in roster.members} == {"0.9"}
    assert scenario.cluster.profile == "wan"
    assert "web-3, group: iad}    # failed when it was listed" in text
    assert "1 left (left out)" in text


def test_data_centres_are_far_apart_and_members_of_one_are_near() -> None:
    scenario, _ = described((LISTS / "serf.json").read_bytes())
    assert rtt_s(scenario, "db-1", "web-1") < 0.002
    assert rtt_s(scenario, "db-1", "web-2") == pytest.approx(0.030, rel=0.1)


def test_consuls_members_are_grouped_by_role_with_the_release_that_their_protocols_name() -> None:
    scenario, _ = described((LISTS / "consul_agent_members.json").read_bytes())
    roster = build_roster(scenario.cluster)
    assert {one.name: (one.group, one.version) for one in roster.members} == {
        "srv-1": ("consul", "0.9"),
        "app-1": ("node", "0.9"),
        "app-2": ("node", "0.7"),
    }
    assert {one.config.protocol_version for one in roster.members} == {4}
    assert roster.members[0].tags["build"] == "1.10.1:db839f18"
    assert scenario.cluster.profile == "lan"


def test_a_catalog_gives_names_and_leaves_out_nodes_without_an_agent() -> None:
    scenario, text = described((LISTS / "consul_catalog_nodes.json").read_bytes())
    assert [one.name for one in build_roster(scenario.cluster).members] == ["srv-1", "app-1"]
    assert "called 'app 1' in the list" in text
    assert "1 external-node (left out)" in text


def test_members_without_a_data_centre_have_a_place_among_those_that_have_one() -> None:
    scenario, _ = serf(
        {"name": "a", "tags": {"dc": "x"}}, {"name": "b", "tags": {"dc": "y"}}, {"name": "c", "tags": {}}
    )
    assert rtt_s(scenario, "a", "c") < 0.002


def test_names_that_a_scenario_cannot_have_become_others_each_its_own() -> None:
    names = ["all", "a b", "a/b", "a-b", "", "ü" * 200, "web"]
    scenario, _ = serf(*({"name": name, "tags": {"role": "web" if name else "db"}} for name in names))
    made = [one.name for one in build_roster(scenario.cluster).members]
    assert len(set(made)) == len(names)
    assert made[3] == "a-b"
    assert made[6] == "web"
    assert "role-web" in scenario.cluster.groups


def test_any_text_of_a_tag_arrives_as_it_is() -> None:
    tags = {
        "a": "yes",
        "b": "1.10",
        "c": "x: {y}",
        "d": "tab\there \x7f\x85\u2028 ü😀",
        "e": "",
        "f g": "null",
    }
    scenario, _ = serf({"name": "one", "tags": tags}, {"name": "two", "tags": {}})
    assert build_roster(scenario.cluster).members[0].tags == tags


def test_a_list_that_powershell_redirected_is_read() -> None:
    content = json.dumps({"members": [{"name": "one"}, {"name": "two"}]}).encode("utf-16")
    assert described(content)[0].cluster.profile == "lan"


def test_a_single_member_has_no_fault() -> None:
    assert serf({"name": "one"})[0].faults == ()


def test_a_thousand_members_are_a_scenario() -> None:
    members = [
        {"name": f"n{at}", "tags": {"dc": f"dc{at % 12}", "role": "web", "id": str(at)}} for at in range(1000)
    ]
    scenario, _ = serf(*members)
    assert len(build_roster(scenario.cluster).members) == 1000
    assert rtt_s(scenario, "n0", "n1") > 0.02


MISTAKES = {
    b"Error connecting to Serf agent": "m.json:1: not valid JSON",
    b"": "m.json:1: not valid JSON",
    b"\xff\xfe\xfa": "m.json: not valid JSON",
    b"[" * 100_000: "m.json: not valid JSON",
    b"9" * 5000: "m.json: not valid JSON",
    b"3": "m.json: found 3; expected",
    b"{}": "m.json: found an empty mapping; expected",
    b'{"nodes": []}': "m.json: found a mapping with the keys nodes; expected",
    b'["a"]': "m.json: found a list of 1 entry",
    b"[]": "found a list of nobody",
    b'{"members": []}': "found a list of nobody",
    b'[{"Service": "x"}]': "m.json: found a list of 1 entry",
    b'[{"name": "a"}, {"name": "a"}]': "found two members named 'a'",
    b'[{"name": "a", "status": "left"}]': "found 1 member left; expected a member that is alive or failed",
    b'[{"name": 3}]': "member 0.name: found 3",
    b'[{"name": "a", "tags": {"x": 1}}]': "member 0.tags.x: found 1",
    b'[{"name": "a", "tags": []}]': "member 0.tags: found",
    b'[{"Name": "a", "Status": [1]}]': "member 0.Status",
    b'[{"name": "a", "tags": {"x": "\\ud800"}}]': "half a character",
}


@pytest.mark.parametrize("content", MISTAKES, ids=lambda content: repr(content[:30]))
def test_what_is_no_list_of_members_is_one_message(content: bytes) -> None:
    with pytest.raises(ScenarioError) as error:
        described(content, "m.json")
    assert str(error.value).startswith("m.json")
    assert MISTAKES[content] in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
