"""Views of a large cluster that began converged: differences from a base, and a ring that is computed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.protocol.directory import Directory
from serfsim.protocol.large import NO_CHANGE, Changes, KeyedOrder
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT, STATE_SUSPECT, Members
from serfsim.protocol.memberlist.push_pull import PushPull
from tests.memberlist.harness import Hand, in_order

N = 40


@pytest.mark.parametrize("nodes", [1, 2, 3, 5, 40, 1000, 10_007, 65_536])
def test_an_order_has_each_member_at_one_place_and_knows_it(nodes: int) -> None:
    order = KeyedOrder(nodes, Random(nodes))
    members = [order.at(place) for place in range(nodes)]
    assert sorted(members) == list(range(nodes))
    assert [order.place(node) for node in members] == list(range(nodes))


@pytest.mark.parametrize("nodes", [12, 30])
def test_each_member_is_as_likely_at_each_place_whoever_is_before_it(nodes: int) -> None:
    rng, draws = Random(1), 6000
    places, steps = np.zeros((nodes, nodes)), np.zeros(nodes)
    for _ in range(draws):
        order = KeyedOrder(nodes, rng)
        ring = [order.at(place) for place in range(nodes)]
        places[np.arange(nodes), ring] += 1
        for place in range(0, nodes - 1, 2):
            steps[(ring[place + 1] - ring[place]) % nodes] += 1
    # Chi-square of as many cells: its standard deviation is sqrt(2 * cells).
    wanted = draws / nodes
    assert ((places - wanted) ** 2 / wanted).sum() == pytest.approx(nodes * nodes, abs=6 * nodes * 2**0.5)
    assert steps[0] == 0
    wanted = steps.sum() / (nodes - 1)
    assert ((steps[1:] - wanted) ** 2 / wanted).sum() < nodes + 6 * (2 * nodes) ** 0.5


def test_changes_are_those_put_last() -> None:
    dice = random.Random(3)
    changes, known = Changes(), dict[int, int]()
    for _ in range(5000):
        node, value = dice.randrange(1 << 12) << dice.randrange(16), dice.randrange(1 << 34)
        changes.put(node, value)
        known[node] = value
    assert sorted(changes.nodes()) == sorted(known)
    assert {node: changes.find(node) for node in known} == known
    strangers = [node for node in range(1000) if node not in known]
    assert {changes.find(node) for node in strangers} == {NO_CHANGE}


def converged(seed: int, large: bool) -> Hand:
    """A node of a converged cluster of N; they share a directory's base, since they are made alike."""
    hand = Hand(others=N - 1, seed=seed)
    hand.directory.large_above = 0 if large else N
    hand.config.enable_compression = False  # what it leaves of a message depends on the order of the ring
    hand.node.start_converged(N, 0.0)
    return hand


def shake(hand: Hand, dice: random.Random, often: int, least: int) -> None:
    """Have others accuse members, and those refute, as both ways of storing a view are to take it alike."""
    members = hand.node.core.members
    for _ in range(often):
        node, incarnation = dice.randrange(least, N), dice.randrange(1, 4)
        state = dice.choice([STATE_ALIVE, STATE_SUSPECT, STATE_DEAD, STATE_LEFT])
        if incarnation >= members.incarnation(node):
            before = members.state(node)
            members.set(node, state, incarnation)
            if state == STATE_SUSPECT:
                hand.node.states._start_suspicion(node, 1, hand.now)
            elif before == STATE_SUSPECT:
                hand.node.states.suspicions.end(node)
            if state >= STATE_DEAD:
                members.changed_at[node] = hand.now


def keys(hand: Hand) -> list[int]:
    return [int(hand.node.core.members.key(node)) for node in range(N)]


@pytest.mark.parametrize("seed", range(20))
def test_a_push_pull_of_differences_has_the_effect_and_size_of_one_in_full(seed: int) -> None:
    found = []
    for large in (False, True):
        dice = random.Random(seed)
        hand, other = converged(seed, large), converged(seed, large)
        other.directory.converged_view = hand.directory.converged_view
        other.node.core.members.base = hand.node.core.members.base
        shake(hand, dice, 15, 1)
        shake(other, dice, 15, 0)
        remote = PushPull(False, other.node.core)
        assert (remote.order is not None) == large
        entries = {int(remote.node(i)): int(remote.key(i)) for i in range(N)}
        hand.node.merger.merge_state(remote, 1.0)
        members = hand.node.core.members
        found.append((keys(hand), keys(other), entries, remote.size, int(members.alive), int(members.count)))
        assert sorted(int(members.at(place)) for place in range(N)) == list(range(N))
        queued = sorted(
            (int(it.message.kind), int(it.message.node)) for it in in_order(hand.node.core.broadcasts)
        )
        found[-1] = (*found[-1], queued)
    assert found[0] == found[1]


def test_a_view_becomes_its_own_when_a_member_is_forgotten_and_stays_what_it_was() -> None:
    directory = Directory()
    for node in range(N):
        directory.add(f"node-{node}", node)
    directory.large_above = 0
    members, rng = Members(directory), Random(1)
    members.fill(N, 1, rng)
    ring = [int(members.at(place)) for place in range(N)]
    members.set(7, STATE_DEAD, 1)
    members.changed_at[7] = 0.0
    assert members.purge(20.0, 30.0) == []
    assert members.order is not None
    assert members.purge(31.0, 30.0) == [7]
    assert (members.order, members.changes, members.base) == (None, None, None)
    assert [int(members.at(place)) for place in range(members.count)] == [node for node in ring if node != 7]
    assert {int(members.key(node)) for node in range(N) if node != 7} == {1 << 2}
    members.insert(7, directory.first[7], rng)
    assert sorted(int(members.at(place)) for place in range(members.count)) == list(range(N))
