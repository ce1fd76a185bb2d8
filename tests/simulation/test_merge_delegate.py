"""Merge delegates that refuse members, as applications give them to Serf; names that Serf refuses."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.merge import invalid_member, invalid_name
from serfsim.results.agent_log import log_lines
from serfsim.scenario import loads
from tests.simulation.cluster import Run, run

EU: dict[str, Any] = {"refuse": {"without": {"dc": "^eu$"}}}


def tagged(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "tags": {"dc": name[:2]}} for name in names]


def view(ran: Run, node: int) -> set[int]:
    """Return the members that a node has ever seen join, itself excepted."""
    table = ran.events
    rows = ran.rows("join", observer=node)
    return {int(subject) for subject in table.subject[rows]} - {node}


def lines(ran: Run, *words: str) -> list[str]:
    kept = ran.recording
    text = log_lines(kept.events, kept.names, "0.9", kept.releases, kept.log)
    return [line for line in text if all(word in line for word in words)]


def test_members_of_another_datacenter_are_not_let_in() -> None:
    ran = run(tagged("eu-0", "eu-1", "us-0", "eu-2"), "60s", groups={}, merge=EU)
    assert [view(ran, node) for node in (0, 1, 3)] == [{1, 3}, {0, 3}, {0, 1}]
    assert ran.count("merge_refused") > 0
    assert ran.count("alive_refused") > 0
    refused = "Member 'us-0' is refused by its tag dc=us"
    assert lines(ran, "eu-0 [ERR] memberlist: Failed push/pull merge: ", refused, " from=10.0.0.3:")
    ignored = f"[WARN] memberlist: ignoring alive message for 'us-0': {refused}"
    assert all(line.endswith(ignored) for line in lines(ran, "ignoring alive"))


def test_a_joiner_whose_delegate_refuses_is_told_so_and_tries_again() -> None:
    nodes = [
        *tagged("eu-0", "eu-1"),
        {"name": "us-0", "tags": {"dc": "us"}, "merge": {"refuse": {"names": "eu-*"}}},
    ]
    ran = run(nodes, "60s", start={"retry_interval": "10s"})
    assert view(ran, 2) == set()
    error = "us-0 [DEBUG] memberlist: Failed to join 10.0.0.1: Member 'eu-0' is refused by its name, eu-*"
    found = lines(ran, error)
    assert len(found) >= 4
    assert lines(ran, "us-0 [WARN] agent: Join failed: ")
    assert lines(ran, "Member 'eu-0' is refused by its name, eu-*", "* Failed to join")


def test_a_cluster_grows_no_further_than_its_delegates_let_it() -> None:
    ran = run(9, "60s", start={"at": [f"{k}s" for k in range(9)]}, merge={"refuse": {"above": 6}})
    assert {len(view(ran, node)) for node in range(6)} == {5}
    assert all(view(ran, node).isdisjoint({6, 7, 8}) for node in range(6))


def test_a_member_without_a_delegate_lets_everybody_in() -> None:
    nodes = [*tagged("eu-0", "eu-1", "us-0")]
    nodes[1]["merge"] = EU
    ran = run(nodes, "30s")
    assert view(ran, 0) == {1, 2}
    assert view(ran, 1) == {0}


def test_a_cluster_without_delegates_is_as_before() -> None:
    assert (
        run(6, "30s").summary["digest"] == run(6, "30s", merge={"refuse": {"names": "x"}}).summary["digest"]
    )


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("web-1.eu", ""),
        ("web_1", "Node name contains invalid characters web_1 "),
        ("ü", "Node name contains invalid characters ü "),
        ("x" * 128, ""),
        ("x" * 129, "Valid length is between 1 and 128 characters"),
    ],
)
def test_serf_validates_names_by_their_characters_and_length(name: str, error: str) -> None:
    assert error in invalid_name(name)
    assert bool(invalid_name(name)) == bool(error)


def test_serf_checks_addresses_and_metadata_of_members_whatever_the_setting() -> None:
    assert invalid_member(NodeIdentity(1, 1, 3), "a_b", False) == ""
    short = NodeIdentity(1, 1, 3, address_length=3)
    assert invalid_member(short, "a", False) == "IP byte length is invalid: 3 bytes is not either 4 or 16"
    long = NodeIdentity(1, 1, 3, b"x" * 513)
    assert invalid_member(long, "a", False) == "Encoded length of tags exceeds limit of 512 bytes"


@pytest.mark.parametrize(("version", "validates"), [("0.9.5", True), ("latest", True), ("0.9.4", False)])
def test_remote_names_are_refused_where_a_member_validates_them(version: str, validates: bool) -> None:
    config = {"validate_node_names": validates}
    nodes = [{"name": "a", "config": config, "merge": {"refuse": {"names": "nobody"}}}, "b", "c_1"]
    ran = run(nodes, "30s", version=version)
    assert (2 in view(ran, 0)) != validates
    assert 1 in view(ran, 0)


def test_an_agent_does_not_start_under_a_name_that_it_would_refuse() -> None:
    text = "cluster:\n  version: {}\n  config: {{validate_node_names: true}}\n"
    text += "  nodes:\n  - a\n  - {{name: b_1}}\n"
    with pytest.raises(ScenarioError) as caught:
        loads(text.format("latest"), "f.yaml")
    message = str(caught.value)
    assert message.startswith(
        "f.yaml:6: cluster.nodes[1].name: found 'b_1'; expected letters, digits, '-' and '.'"
    )
    with pytest.raises(
        ScenarioError, match=r"f\.yaml:3: .* for a, which runs 0\.9; .* Serf 0\.9\.5 or later"
    ):
        loads(text.format("0.9"), "f.yaml")


MISTAKES = {
    "nobody is refused": ("refuse: {}", "merge.refuse: found none of them; ", "at least one of `names`"),
    "an empty list": (
        "refuse: {names: []}",
        "merge.refuse.names: found an empty list; ",
        "names or patterns",
    ),
    "no pattern": ("refuse: {names: ['web-[']}", "merge.refuse.names: found 'web-['; ", "a pattern such as"),
    "no expression": ("refuse: {tags: {dc: '('}}", "merge.refuse.tags.dc: found '('; ", "as RE2 reads it"),
    "no members at all": ("refuse: {above: 0}", "merge.refuse.above: found 0; ", "1"),
    "an unknown rule": (
        "refuse: {name: x}",
        "merge.refuse.name: found an unknown key; ",
        "did you mean names?",
    ),
    "no rule": ("allow: all", "merge.allow: found an unknown key; ", "refuse"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_about_merges_says_where_it_is_and_what_helps(mistake: str) -> None:
    given, found, expected = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster:\n  nodes: 3\n  merge: {{{given}}}\n", "f.yaml")
    message = str(caught.value)
    assert f"f.yaml:3: cluster.{found}" in message
    assert expected in message
