"""Assignment of nodes to measured places: rows of a matrix, nodes of a graph.

`place` selects the rule: `auto` (by name if every node's name is a label, else in order), `by_name`,
`in_order` (node i at place i, starting over when they run out), `in_blocks` (equal numbers of consecutive
nodes per place), `random` (drawn without repetition until all places are used, then again), or a
mapping from the name of a node, of a group, or `rest` to a label.

Several nodes may share a place only if something separates them: an access latency, or a
latency of the place to itself. Otherwise their RTT would be 0, which no network has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from serfsim.base.english import format_count, nearest
from serfsim.base.errors import ScenarioError
from serfsim.native import Random, i32, vec
from serfsim.network.latency import MatrixLatency, SiteLatency
from serfsim.topology.topology import Floats, Topology

REST = "rest"
RULES = ("auto", "by_name", "in_order", "in_blocks", "random")

Place = str | Mapping[str, str]


def place_nodes(names: Sequence[str], labels: Sequence[str], place: Place, rng: Random) -> list[int]:
    """Return the place of each node, as an index into `labels`. Raises ScenarioError for a missing one."""
    number = {label: i for i, label in enumerate(labels)}
    if isinstance(place, Mapping):
        wanted = [str(place[name]) if name in place else _raise_unplaced(name) for name in names]
        return [number[label] if label in number else raise_unknown_place(label, labels) for label in wanted]
    if place not in RULES:
        raise ScenarioError(
            f"topology.place: found '{place}'; expected {', '.join(RULES)} or a mapping of names"
        )
    if place == "by_name" or (place == "auto" and all(name in number for name in names)):
        return [number[name] if name in number else raise_unknown_place(name, labels) for name in names]
    if place == "random":
        return _draw_places(len(names), len(labels), rng)
    if place == "in_blocks":
        return [i * len(labels) // len(names) for i in range(len(names))]
    return [i % len(labels) for i in range(len(names))]


def _draw_places(n: int, places: int, rng: Random) -> list[int]:
    """Draw n places; each round is a shuffle of all of them (Fisher and Yates)."""
    chosen: list[int] = []
    while len(chosen) < n:
        order = list(range(places))
        for i in range(places - 1, 0, -1):
            j = rng.randrange(i + 1)
            order[i], order[j] = order[j], order[i]
        chosen += order
    return chosen[:n]


def _raise_unplaced(name: str) -> str:
    raise ScenarioError(f"topology.place: found no place for the node '{name}'; expected one for every node")


def by_node(names: Sequence[str], groups: Sequence[str], place: Place) -> Place:
    """Resolve a mapping of nodes, groups and `rest` to one of nodes alone.

    A node's own place takes precedence over its group's, and that over the one of the rest.
    """
    if not isinstance(place, Mapping):
        return place
    known = {*names, *groups, REST} - {""}
    for key in place:
        if key not in known:
            near = nearest(str(key), sorted(known))
            meant = f"; did you mean '{near}'?" if near else ""
            expected = f"expected the name of a node or a group{meant}"
            raise ScenarioError(f"topology.place: found '{key}'; {expected}")
    found = {
        name: next((place[key] for key in (name, group, REST) if key in place), None)
        for name, group in zip(names, groups, strict=True)
    }
    return {name: label for name, label in found.items() if label is not None}


def raise_unknown_place(label: str, labels: Sequence[str]) -> int:
    """Raise ScenarioError for an unknown place, naming the nearest known one."""
    near = nearest(label, labels)
    meant = f"; did you mean '{near}'?" if near else ""
    raise ScenarioError(
        f"topology: found no place called '{label}'; expected one of {len(labels)} labels{meant}"
    )


def topology_at_places(
    names: Sequence[str],
    labels: Sequence[str],
    one_way: Floats,
    place: Place,
    access: tuple[float, float],
    rng: Random,
    source: str,
) -> Topology:
    """Place nodes at places that are `one_way` seconds apart, shape (m, m), row = source.

    The diagonal is the latency between two nodes at the same place. `access`: (low, high) one-way
    seconds between each node and its place, uniformly distributed. `source` names the file in messages.
    """
    where = place_nodes(names, labels, place, rng)
    accesses = draw_accesses(len(names), access, rng)
    check_sharing(names, labels, where, accesses, one_way, source)
    n = len(names)
    places = tuple(labels[i] for i in where)
    description = f"{source}: {describe_placement(n, len(set(where)), len(labels))}"
    if len(set(where)) == n and not any(accesses):
        own = one_way[np.ix_(where, where)]
        latency = MatrixLatency(n, vec[float](own.ravel().tolist()))
        return Topology(n, latency, description, places=places)
    sites = SiteLatency(
        vec[i32](where), len(labels), vec[float](one_way.ravel().tolist()), vec[float](accesses)
    )
    return Topology(n, sites, description, places=places)


def describe_placement(nodes: int, used: int, places: int) -> str:
    """Describe how many nodes are at how many of the places."""
    return f"{format_count(nodes, 'node')} at {used} of {format_count(places, 'place')}"


def draw_accesses(n: int, access: tuple[float, float], rng: Random) -> list[float]:
    """Draw one-way access seconds for each node; a single value draws nothing."""
    low, high = access
    if not 0.0 <= low <= high:
        raise ScenarioError("topology.access: expected durations of at least 0, low end first")
    if low == high:
        return [low] * n
    return [low + (high - low) * rng.random() for _ in range(n)]


def check_sharing(
    names: Sequence[str],
    labels: Sequence[str],
    where: Sequence[int],
    accesses: Sequence[float],
    one_way: Floats,
    source: str,
) -> None:
    """Raise ScenarioError if two nodes would be 0 s apart, at one place or at two."""
    _check_apart(names, labels, where, accesses, one_way, source)
    first: dict[int, int] = {}
    for node, at in enumerate(where):
        other = first.setdefault(at, node)
        if other != node and one_way[at, at] + accesses[node] + accesses[other] <= 0.0:
            raise ScenarioError(
                f"{source}: found {format_count(len(labels), 'place')} for {len(names)} nodes, so that "
                f"'{names[other]}' and "
                f"'{names[node]}' share '{labels[at]}' and would be 0 ms apart; expected fewer nodes, or "
                "access: with the latency between a node and its place"
            )


def _check_apart(
    names: Sequence[str],
    labels: Sequence[str],
    where: Sequence[int],
    accesses: Sequence[float],
    one_way: Floats,
    source: str,
) -> None:
    """Raise ScenarioError if two places with nodes are 0 s apart and neither node has an access latency."""
    bare = {at: node for node, at in reversed(list(enumerate(where))) if accesses[node] <= 0.0}
    used = sorted(bare)
    nothing = one_way[np.ix_(used, used)] <= 0.0
    np.fill_diagonal(nothing, False)
    for i, j in np.argwhere(nothing | nothing.T)[:1]:
        first, second = used[int(i)], used[int(j)]
        raise ScenarioError(
            f"{source}: found 0 ms between '{labels[first]}', the place of '{names[bare[first]]}', and "
            f"'{labels[second]}', that of '{names[bare[second]]}'; expected a latency above 0, or access:"
        )
