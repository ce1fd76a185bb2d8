"""Names of releases, and which rule each has: every one of spec releases.md by its number."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.cli.app import app
from serfsim.logs.names import SimulatedNames
from serfsim.logs.words import Entry, Words
from serfsim.protocol import events
from serfsim.protocol.rules import MEMBERLIST, MEMBERLIST_RELEASES, RULES, SERF, SERF_RELEASES
from serfsim.protocol.versions import (
    PINNED,
    PRODUCT_SOURCES,
    PRODUCTS,
    ReleaseFeatures,
    cannot_pair,
    layers_of,
    releases_of,
)
from serfsim.scenario.loading import loads

ROOT = Path(__file__).resolve().parents[2]
BY_NUMBER = {rule.number: rule for rule in RULES if rule.number}


def cluster(**keys: Any) -> Any:
    return serfsim.Scenario(cluster={"nodes": 3, **keys})


def mistake(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    return str(caught.value)


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERF_RELEASES)
def test_every_full_name_brings_the_memberlist_of_its_go_mod(name: str) -> None:
    assert layers_of(cluster(version=name).cluster.release) == (name, PINNED[name])


@pytest.mark.parametrize(
    ("name", "serf", "memberlist"),
    [
        ("0.6", "0.6.4", "9a1e242"),
        ("0.7", "0.7.0", "9888dc5"),
        ("0.8", "0.8.0", "b2053e3"),
        ("0.9", "0.9.4", "0.2.2"),
        ("0.10", "0.10.2", "0.5.2"),
        ("latest", "0.10.2", "0.6.0"),
        ("nomad-1.11", "0.10.2", "0.5.4"),
        ("docker-28", "0.8.5", "0.4.0"),
    ],
)
def test_a_short_name_stands_for_one_release_of_each_layer(name: str, serf: str, memberlist: str) -> None:
    assert layers_of(cluster(version=name).cluster.release) == (serf, memberlist)


def test_the_narrowest_level_decides_for_each_layer() -> None:
    nodes = [{"name": "a"}, {"name": "b", "group": "g"}, {"name": "c", "group": "g", "version": "0.10.1"}]
    made = cluster(serf="0.9.8", memberlist="0.5.4", nodes=nodes, groups={"g": {"memberlist": "0.6.0"}})
    found = [layers_of(member.version) for member in made.roster().members]
    assert found == [("0.9.8", "0.5.4"), ("0.9.8", "0.6.0"), ("0.10.1", "0.5.0")]


def test_an_upgrade_of_memberlist_alone_leaves_serf_as_it_is() -> None:
    upgrade = {"upgrade": ["node-00"], "memberlist": "0.6.0", "at": "1s"}
    made = serfsim.Scenario(cluster={"nodes": 3}, faults=[upgrade], duration="5s", warm_up="0s")
    summary = serfsim.run(made).summary
    assert summary["serf_releases"]["end"] == {"0.9": 2, "0.9.4 with memberlist 0.6.0": 1}
    assert summary["layers"]["0.9.4 with memberlist 0.6.0"] == {"serf": "0.9.4", "memberlist": "0.6.0"}


def test_a_result_says_what_latest_and_a_product_stood_for() -> None:
    for name, serf, memberlist in (("latest", "0.10.2", "0.6.0"), ("nomad-1.11", "0.10.2", "0.5.4")):
        result = serfsim.run(serfsim.Scenario(cluster={"nodes": 2, "version": name}, duration="1s"))
        assert result.summary["layers"] == {name: {"serf": serf, "memberlist": memberlist}}


def test_a_release_in_two_ways_is_written_down_and_read_again() -> None:
    for keys in ({"serf": "0.10.2", "memberlist": "0.6.0"}, {"product": "nomad-1.11"}, {"version": "0.9.8"}):
        made = cluster(**keys)
        assert loads(made.to_yaml()).cluster.release == made.cluster.release


# Mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('version: "0.9.10"', ("0.9.8 or 0.10.0", "serfsim versions")),
        ('version: "0.11"', ("0.10.2", "serfsim versions")),
        ("version: 0.10", ("quotes", '"0.10"')),
        ("memberlist: 0.1", ("memberlist 0.2.2", "Serf 0.9.4")),
        ('memberlist: "0.7.0"', ("0.6.0", "serfsim versions")),
        ('version: "v0.10.2"', ("the nearest is 0.10.2",)),
        ("product: consul-9.9", ("consul-1.22", "serfsim versions")),
        ('version: "0.9", product: nomad-1.11', ("`product` beside `version`",)),
        ('serf: "0.10.2", memberlist: "0.3.0"', ("memberlist 0.5.2 or newer", "pins")),
        ('groups: {old: {nodes: 1, memberlist: "0.2.0"}}', ("cluster.groups.old.memberlist", "0.2.2")),
    ],
)
def test_a_wrong_release_is_one_message_with_its_remedy(text: str, words: tuple[str, ...]) -> None:
    found = mistake(f"cluster: {{nodes: 3, {text}}}")
    assert len(found.splitlines()) == 1
    assert all(word in found for word in words), found


def test_an_upgrade_names_a_release_and_no_two() -> None:
    assert "to, serf, memberlist or product" in mistake("faults: [{upgrade: all, at: 1s}]")
    assert "beside `to`" in mistake('faults: [{upgrade: all, to: "0.10", product: nomad-1.11, at: 1s}]')
    low = 'cluster: {version: "0.10"}\nfaults: [{upgrade: all, memberlist: "0.3.0", at: 1s}]'
    assert "0.5.2 or newer" in mistake(low)


def test_no_product_pairs_layers_that_never_run_together() -> None:
    assert all(cannot_pair(serf, memberlist) == "" for serf, memberlist in PRODUCTS.values())
    assert set(PRODUCT_SOURCES) == set(PRODUCTS)


# Rules -------------------------------------------------------------------------------------------

FIRST = {
    "caps_push_pulls": "0.1.1",
    "counts_refused_pings": "0.3.0",
    "labels": "0.3.0",
    "purges_left": "0.3.1",
    "warns_of_large_states": "0.3.1",
    "splits_compounds": "0.3.2",
    "signed_integers": "0.5.1",
    "exhaustive_choice": "0.6.0",
    "lower_case_errors": "0.6.0",
    "names_ports": "0.5.1",
    "name_validation": "0.9.5",
    "overrides_reconnect_timeout": "0.9.5",
    "bounds_key_lists": "0.9.8",
    "serf_signed_integers": "0.10.2",
}


def test_every_rule_of_the_specification_has_a_row_with_a_source() -> None:
    text = (ROOT / "docs" / "spec" / "releases.md").read_text(encoding="utf-8")
    numbers = set(re.findall(r"^\| ([MSG]\d+) \|", text, re.MULTILINE))
    assert numbers == set(BY_NUMBER)
    assert all(rule.source for rule in RULES)


@pytest.mark.parametrize("name", FIRST)
def test_a_rule_holds_from_its_first_release_on(name: str) -> None:
    (rule,) = [one for one in RULES if one.name == name]
    assert rule.first == FIRST[name]
    for release in releases_of(rule.layer):
        pair = f"0.6.4 with memberlist {release}" if rule.layer == MEMBERLIST else release
        wanted = releases_of(rule.layer).index(release) >= releases_of(rule.layer).index(FIRST[name])
        assert getattr(ReleaseFeatures(pair), name) == wanted, release


def test_a_rule_is_followed_by_an_attribute_or_says_what_does_instead() -> None:
    features = ReleaseFeatures()
    for rule in RULES:
        assert hasattr(features, rule.name) == (rule.follower == ""), rule.name


def test_what_is_not_modelled_is_a_departure_on_its_page() -> None:
    page = (ROOT / "docs" / "departures.md").read_text(encoding="utf-8")
    for rule in RULES:
        if rule.departure:
            assert re.search(rf"\b{rule.number}\b", page), rule.number


def test_a_leave_that_was_not_told_in_time_goes_on_from_097_on() -> None:
    found = {name: cluster(version=name).cluster.config.leave_continues for name in SERF_RELEASES}
    assert [name for name, goes_on in found.items() if goes_on] == list(
        SERF_RELEASES[SERF_RELEASES.index("0.9.7") :]
    )


def test_log_words_follow_memberlist_not_serf() -> None:
    said = {
        name: Words(name, SimulatedNames(["a", "b"])).of(Entry(events.FAILED_PING, 0, 1, 0))
        for name in ("0.9.8", "0.10.0", "0.9.8 with memberlist 0.4.0")
    }
    assert ["UDP" in text for text in said.values()] == [False, True, True]


# The command -------------------------------------------------------------------------------------


def test_the_command_lists_releases_products_and_rules_in_three_forms() -> None:
    runner = CliRunner()
    text = runner.invoke(app, ["versions"]).output
    data = json.loads(runner.invoke(app, ["versions", "--json"]).output)
    page = runner.invoke(app, ["versions", "--markdown"]).output
    assert list(data["serf"]) == list(SERF_RELEASES)
    assert data["memberlist"] == list(MEMBERLIST_RELEASES)
    assert {rule["name"] for rule in data["rules"]} == {rule.name for rule in RULES}
    for name in (*SERF_RELEASES, *PRODUCTS, *(rule.number for rule in RULES)):
        assert name in text
        assert name in page
    assert data["names"]["0.10"] == layers_of("0.10")[0]
    assert data["products"]["nomad-1.11"]["memberlist"] == layers_of("nomad-1.11")[1]
    assert {rule["layer"] for rule in data["rules"]} == {MEMBERLIST, SERF}
