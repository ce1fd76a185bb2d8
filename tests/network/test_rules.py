"""Blocks, partitions, added loss and latency: which packets they touch."""

from __future__ import annotations

from itertools import product

import pytest

from serfsim.native import Random
from serfsim.network.loss import BernoulliLoss
from serfsim.network.rules import ALL, BOTH, IN, LOST, OUT, TCP, UDP, Effect, RuleSet

HOSTS = 5
PAIRS = [(a, b) for a in range(HOSTS) for b in range(HOSTS) if a != b]


def dropped(rules: RuleSet, transport: int) -> set[tuple[int, int]]:
    """The ordered pairs between which nothing passes."""
    rng = Random(1)
    lost = {pair for pair in PAIRS if rules.verdict(*pair, transport, rng) == LOST}
    assert lost == {pair for pair in PAIRS if rules.blocks(*pair, transport)}
    return lost


@pytest.mark.parametrize(
    ("transports", "direction", "node"), list(product([UDP, TCP, ALL], [IN, OUT, BOTH], range(HOSTS)))
)
def test_a_block_around_a_node_drops_its_transports_in_its_direction(
    transports: int, direction: int, node: int
) -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(), transports, [node], direction)
    expected = {(a, b) for a, b in PAIRS if (direction & IN and b == node) or (direction & OUT and a == node)}
    for transport in (UDP, TCP):
        assert dropped(rules, transport) == (expected if transports & transport else set())


@pytest.mark.parametrize(
    ("transports", "one_way", "pair"), list(product([UDP, TCP, ALL], [False, True], PAIRS))
)
def test_a_block_between_two_drops_their_packets_and_no_others(
    transports: int, one_way: bool, pair: tuple[int, int]
) -> None:
    rules = RuleSet(HOSTS)
    rules.between(Effect(), transports, [pair[0]], [pair[1]], one_way)
    expected = {pair} if one_way else {pair, pair[::-1]}
    for transport in (UDP, TCP):
        assert dropped(rules, transport) == (expected if transports & transport else set())


def test_a_partition_lets_nothing_from_side_to_side() -> None:
    rules = RuleSet(HOSTS)
    rules.partition([[0], [1, 2]])
    crossing = {(0, 1), (1, 0), (0, 2), (2, 0)}
    assert dropped(rules, UDP) == dropped(rules, TCP) == crossing
    assert not rules.reachable(0, 1)
    assert rules.reachable(1, 2)
    # Those on no side reach everybody.
    assert rules.reachable(3, 0)
    assert rules.reachable(3, 4)


def test_a_partition_may_have_more_than_two_sides() -> None:
    rules = RuleSet(HOSTS)
    rules.partition([[0, 3], [1], [2, 4]])
    side = {0: 0, 3: 0, 1: 1, 2: 2, 4: 2}
    assert dropped(rules, UDP) == {(a, b) for a, b in PAIRS if side[a] != side[b]}


def test_a_one_way_partition_stops_only_what_the_first_side_sends() -> None:
    rules = RuleSet(HOSTS)
    rules.partition([[0, 1], [2, 3]], one_way=True)
    assert dropped(rules, TCP) == {(0, 2), (0, 3), (1, 2), (1, 3)}
    assert not rules.reachable(2, 0)


def test_one_transport_that_passes_both_ways_is_enough_to_be_reachable() -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(), UDP, [0])
    assert rules.reachable(0, 1)
    rules.between(Effect(), TCP, [0], [1], one_way=True)
    assert not rules.reachable(0, 1)
    assert not rules.reachable(1, 0)
    assert rules.reachable(0, 2)


def test_rules_that_end_undo_only_their_own() -> None:
    rules = RuleSet(HOSTS)
    node = rules.around(Effect(), UDP, [0])
    pair = rules.between(Effect(), UDP, [0], [1])
    apart = rules.partition([[0], [2]])
    rules.remove(node)
    assert dropped(rules, UDP) == {(0, 1), (1, 0), (0, 2), (2, 0)}
    again = rules.around(Effect(), UDP, [0])
    rules.remove(apart)
    rules.remove(again)
    assert dropped(rules, UDP) == {(0, 1), (1, 0)}
    rules.remove(pair)
    assert rules.count == 0
    with pytest.raises(KeyError):
        rules.remove(pair)


def test_added_latencies_sum_up() -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(None, 0.25), ALL, [0])
    rules.between(Effect(None, 0.5), UDP, [0], [1], one_way=True)
    rng = Random(1)
    assert rules.verdict(0, 1, UDP, rng) == 0.75
    assert rules.verdict(1, 0, UDP, rng) == 0.25
    assert rules.verdict(0, 1, TCP, rng) == 0.25
    assert rules.verdict(1, 2, UDP, rng) == 0.0
    assert not rules.blocks(0, 1, UDP)


@pytest.mark.parametrize("nodes", [[0, 1], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("direction", [IN, OUT, BOTH])
def test_a_packet_between_two_nodes_of_one_fault_is_affected_once(nodes: list[int], direction: int) -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(None, 0.125), ALL, nodes, direction)
    assert rules.verdict(0, 1, UDP, Random(1)) == 0.125


def test_added_loss_is_drawn_once_a_packet_and_only_where_it_holds() -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(BernoulliLoss(0.5)), UDP, [0, 1])
    rng, counted = Random(9), Random(9)
    for _ in range(50):
        assert (rules.verdict(0, 1, UDP, rng) == LOST) == (counted.random() < 0.5)
        assert rules.verdict(0, 1, TCP, rng) == 0.0
        assert rules.verdict(2, 3, UDP, rng) == 0.0
    assert rng.random() == counted.random()


def test_two_losses_are_independent_of_each_other() -> None:
    rules = RuleSet(HOSTS)
    rules.around(Effect(BernoulliLoss(0.5)), UDP, [0])
    rules.around(Effect(BernoulliLoss(0.4)), UDP, [1])
    rng = Random(2)
    lost = sum(rules.verdict(0, 1, UDP, rng) == LOST for _ in range(20_000)) / 20_000
    # 1 - 0.5 * 0.6, with a standard error of 0.0032.
    assert lost == pytest.approx(0.7, abs=0.013)


@pytest.mark.parametrize("number", [-1, HOSTS])
def test_a_host_that_does_not_exist_is_refused(number: int) -> None:
    with pytest.raises(IndexError, match="no host"):
        RuleSet(HOSTS).around(Effect(), UDP, [number])
