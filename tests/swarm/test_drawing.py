"""Drawn scenarios: the same for a seed, valid, and in time of everything that can be written."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from serfsim import Scenario
from serfsim.scenario.cluster import Cluster, Group, Node
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.loading import loads
from serfsim.scenario.settings import SETTINGS
from serfsim.scenario.topologies import TOPOLOGIES
from serfsim.scenario.workload import WORKLOAD
from serfsim.study.swarm import choices, clusters, draw, networks, scenario_text
from serfsim.study.swarm.coverage import reachable
from serfsim.study.swarm.drawing import EARLY, EARLY_S, FULL, PROFILES, SMALL, read_sections
from serfsim.study.swarm.reasons import UNREACHED
from serfsim.study.swarm.values import Cast, UnknownType, Values

SEEDS = range(1, 301)


@pytest.fixture(scope="module")
def drawn() -> list[Scenario]:
    return [Scenario(**draw(seed, FULL)) for seed in SEEDS]


def test_a_seed_draws_the_same_scenario_whatever_was_drawn_before() -> None:
    alone = draw(7, FULL)
    assert [draw(seed, FULL) for seed in (3, 9, 7)][-1] == alone
    assert draw(8, FULL) != alone


def test_every_verb_is_drawn(drawn: list[Scenario]) -> None:
    faults = Counter(fault.verb for scenario in drawn for fault in scenario.faults)
    work = Counter(entry.verb for scenario in drawn for entry in scenario.workload)
    assert set(faults) == set(FAULTS)
    assert set(work) == set(WORKLOAD)
    assert min(faults.values()) > 5


def test_every_topology_that_needs_no_file_is_drawn(drawn: list[Scenario]) -> None:
    found = {scenario.network.topology.model for scenario in drawn}
    assert found == set(TOPOLOGIES) - set(networks.NOT_DRAWN)


def test_sizes_go_from_two_to_hundreds_and_are_mostly_small(drawn: list[Scenario]) -> None:
    sizes = sorted(len(scenario.roster().members) for scenario in drawn)
    assert sizes[0] == 2
    assert sizes[-1] > 60
    assert sizes[len(sizes) // 2] < 10


def test_releases_are_mixed(drawn: list[Scenario]) -> None:
    releases = [{member.version for member in scenario.roster().members} for scenario in drawn]
    assert sum(len(one) > 1 for one in releases) > len(drawn) / 10
    assert len(set.union(*releases)) > 40


def calm_after_faults(scenario: Scenario) -> float:
    """Return the seconds between the end of the last fault and the end of the run."""
    times = [span for fault in scenario.faults for span in fault.occurrences(scenario.duration)]
    return scenario.duration - max((max(start, end or 0.0) for start, end in times), default=0.0)


def test_faults_end_before_the_calm(drawn: list[Scenario]) -> None:
    assert min(map(calm_after_faults, drawn)) >= min(EARLY_S) - 0.1


def test_few_runs_end_soon_after_their_faults(drawn: list[Scenario]) -> None:
    early = [scenario for scenario in drawn if calm_after_faults(scenario) < min(FULL.calm_s) / 2]
    assert 0 < len(early) < 2 * EARLY * len(drawn)


@pytest.mark.parametrize("name", PROFILES)
def test_a_drawn_file_is_a_scenario_with_a_line_for_each_section_and_entry(name: str) -> None:
    for seed in range(1000, 1020):
        sections = draw(seed, PROFILES[name])
        text = scenario_text(sections)
        assert read_sections(text) == sections
        assert loads(text) == Scenario(**sections)


def test_every_setting_is_drawn_or_says_why_not() -> None:
    names = {row.name for row in SETTINGS.values() if row.modelled == "yes"} - set(choices.NOT_DRAWN)
    found: set[str] = set()
    for seed in range(600):
        for release in ("latest", "mimir-3"):
            found |= set(choices.draw_settings(random.Random(seed), "lan", [release], "cluster"))
    assert found == names
    assert set(choices.NOT_DRAWN) <= set(SETTINGS)


def test_every_key_of_a_cluster_is_drawn_or_says_why_not() -> None:
    models = {"Cluster": Cluster, "Group": Group, "Node": Node}
    seen: dict[str, set[str]] = {"Cluster": set(), "Group": set(), "Node": set()}
    for seed in range(3000):
        cluster = _cluster(seed)
        seen["Cluster"] |= set(cluster)
        for group in cluster.get("groups", {}).values():
            seen["Group"] |= set(group)
        nodes = cluster["nodes"]
        for node in nodes if isinstance(nodes, list) else []:
            seen["Node"] |= set(node) if isinstance(node, dict) else set()
    for part, keys in seen.items():
        assert set(models[part].model_fields) - keys <= set(clusters.NOT_DRAWN[part])


def _cluster(seed: int) -> dict[str, Any]:
    return clusters.Builder(random.Random(seed), 2 + seed % 7, 30.0).draw().section


def test_a_type_that_nothing_knows_is_an_error_and_not_left_out() -> None:
    values = Values(random.Random(1), Cast(("node-0",)), (0.1, 1.0))
    with pytest.raises(UnknownType, match="colour"):
        values.draw({"type": "string", "pattern": "^#[0-9a-f]{6}$"}, "colour")


def test_small_clusters_are_small() -> None:
    sizes = [len(Scenario(**draw(seed, SMALL)).roster().members) for seed in range(1, 60)]
    assert max(sizes) <= 12


def test_a_reason_is_about_something_that_the_table_has() -> None:
    names = {name for names in reachable().values() for name in names}
    assert set(UNREACHED) <= names
