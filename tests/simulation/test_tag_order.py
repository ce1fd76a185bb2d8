"""Tags are written in the order of a Go map, which is another each time (spec serf.md section 11)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from serfsim.native import Random
from serfsim.protocol.serf.tags import as_go_ranges
from tests.simulation.cluster import Run, run

TAGS = {"role": "web", "dc": "east", "rack": "7", "os": "linux", "v": "2"}


def tags(count: int) -> dict[str, str]:
    return dict(list(TAGS.items())[:count])


def tagged(count: int, duration: str, seed: int = 1, nodes: int = 25, **parts: Any) -> Run:
    return run([{"name": f"node-{i:02}", "tags": tags(count)} for i in range(nodes)], duration, seed, **parts)


def updated(made: Run, since: float) -> set[int]:
    """Members of whom others hear new tags."""
    return {int(subject) for subject in made.events.subject[made.rows("update", since=since)]}


@pytest.mark.parametrize(
    ("count", "first"), [(1, [1.0]), (2, [7 / 8, 1 / 8]), (3, [6 / 8, 1 / 8, 1 / 8]), (8, [1 / 8] * 8)]
)
def test_a_small_map_is_walked_round_from_a_random_slot(count: int, first: list[float]) -> None:
    entries = {f"k{i}": str(i) for i in range(count)}
    rng = Random(1)
    orders = Counter(tuple(as_go_ranges(entries, rng)) for _ in range(4000))
    names = list(entries)
    assert set(orders) == {tuple(names[i:] + names[:i]) for i in range(count)}
    for i, share in enumerate(first):
        assert orders[tuple(names[i:] + names[:i])] / 4000 == pytest.approx(share, abs=0.03)


def test_a_large_map_may_be_walked_in_any_order() -> None:
    entries = {f"k{i:02}": str(i) for i in range(20)}
    rng = Random(1)
    walks = [as_go_ranges(entries, rng) for _ in range(50)]
    assert len({tuple(walk) for walk in walks}) == 50
    assert all(walk == entries for walk in walks)


@pytest.mark.parametrize(
    # Of real agents 0 of 8, 12 of 24, 9 of 20 and 17 of 24 were reported as updated.
    ("count", "share"),
    [(0, 0.0), (1, 0.0), (2, 0.34), (3, 0.57), (4, 0.70)],
)
def test_a_member_that_restarts_with_several_tags_is_often_reported_as_updated(
    count: int, share: float
) -> None:
    restarted = 0
    total = 0
    for seed in (1, 2, 3):
        crashes = [{"crash": [f"node-{i:02}"], "at": f"{10 + i}s", "for": "500ms"} for i in range(1, 25)]
        made = tagged(count, "40s", seed, faults=crashes)
        restarted += len(updated(made, 9.0))
        total += 24
        # Its own view of itself is right from the beginning: it refutes, and the others follow.
        refuted = {int(o) for o in made.events.observer[made.rows("refute_alive", since=9.0)]}
        assert updated(made, 9.0) <= refuted
    assert restarted / total == pytest.approx(share, abs=0.13 if share else 0.0)


def test_tags_set_to_what_they_were_are_often_an_update() -> None:
    # Of real agents with three tags 12 of 20 were reported.
    work = [{"tags": {"role": "web"}, "nodes": [f"node-{i:02}"], "at": f"{10 + i}s"} for i in range(25)]
    made = [tagged(3, "40s", seed, workload=work) for seed in (1, 2)]
    assert sum(len(updated(one, 9.0)) for one in made) / 50 == pytest.approx(0.5, abs=0.16)
    assert updated(tagged(1, "40s", workload=work), 9.0) == set()


def test_a_changed_tag_is_an_update_always_and_the_others_stay() -> None:
    made = tagged(4, "15s", workload=[{"tags": {"rack": "8"}, "nodes": ["node-03"], "at": "10s"}])
    assert updated(made, 9.0) == {3}
    node = made.sim.agents.nodes[3]
    assert node is not None
    assert node.tags == {**tags(4), "rack": "8"}


def test_the_order_is_the_same_for_the_same_seed() -> None:
    crashes = [{"crash": ["node-03"], "at": "5s", "for": "500ms"}]
    digests = {tagged(4, "10s", 7, faults=crashes).summary["digest"] for _ in range(2)}
    assert len(digests) == 1
