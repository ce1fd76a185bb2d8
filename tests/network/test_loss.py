"""The loss models."""

from __future__ import annotations

import math

import pytest

from serfsim.native import Random
from serfsim.network.loss import (
    BernoulliLoss,
    GilbertElliottLoss,
    Loss,
    LossByPair,
    NoLoss,
)

COUNT = 40_000


def outcomes(loss: Loss, count: int = COUNT, seed: int = 4) -> list[bool]:
    rng = Random(seed)
    return [loss.drops(0, 1, rng) for _ in range(count)]


def runs(lost: list[bool]) -> list[int]:
    """Lengths of the bursts of lost packets."""
    text = "".join("x" if drop else " " for drop in lost)
    return [len(burst) for burst in text.split()]


def test_without_a_model_nothing_is_lost_and_nothing_drawn() -> None:
    rng, untouched = Random(1), Random(1)
    assert not any(NoLoss().drops(0, 1, rng) for _ in range(100))
    assert rng.random() == untouched.random()


@pytest.mark.parametrize("p", [0.01, 0.1, 0.3, 0.8])
def test_bernoulli_loses_its_share_within_four_standard_errors(p: float) -> None:
    share = sum(outcomes(BernoulliLoss(p))) / COUNT
    assert share == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / COUNT))


def test_bernoulli_losses_do_not_come_in_bursts() -> None:
    lengths = runs(outcomes(BernoulliLoss(0.2)))
    # A burst goes on with probability p: mean 1 / (1 - p).
    assert sum(lengths) / len(lengths) == pytest.approx(1.25, abs=0.03)


@pytest.mark.parametrize(("p", "share"), [(0.0, 0), (1.0, COUNT)])
def test_none_and_all_are_exact(p: float, share: int) -> None:
    assert sum(outcomes(BernoulliLoss(p))) == share


def test_gilbert_elliott_loses_its_stationary_share() -> None:
    # Bad for 0.02 / (0.02 + 0.1) = 1/6 of the packets: 0.9 lost there, 0.01 elsewhere.
    share = sum(outcomes(GilbertElliottLoss(0.02, 0.1, 0.01, 0.9, 2))) / COUNT
    # Correlation over about 1 / (0.02 + 0.1) packets widens the standard error fourfold.
    assert share == pytest.approx(1 / 6 * 0.9 + 5 / 6 * 0.01, abs=4 * 4 * 0.37 / math.sqrt(COUNT))


def test_gilbert_elliott_bursts_are_as_long_as_the_bad_state_lasts() -> None:
    lengths = runs(outcomes(GilbertElliottLoss(0.01, 0.2, 0.0, 1.0, 2)))
    # Geometric with mean 5 and standard deviation 4.5.
    assert sum(lengths) / len(lengths) == pytest.approx(5.0, abs=4 * 4.5 / math.sqrt(len(lengths)))
    assert max(lengths) > 15


def test_chains_begin_in_the_good_state_and_move_before_the_packet() -> None:
    assert not any(outcomes(GilbertElliottLoss(0.0, 1.0, 0.0, 1.0, 2), 100))
    assert outcomes(GilbertElliottLoss(1.0, 1.0, 0.0, 1.0, 2), 6) == [True, False] * 3


def test_every_ordered_pair_has_a_chain_of_its_own() -> None:
    loss = GilbertElliottLoss(1.0, 0.0, 0.0, 1.0, 3)
    rng = Random(1)
    assert loss.drops(0, 1, rng)
    flagged = [i for i in range(9) if loss.bad[i]]
    assert flagged == [1]
    assert loss.drops(2, 1, rng)
    assert [i for i in range(9) if loss.bad[i]] == [1, 7]


@pytest.mark.parametrize(
    ("one", "other", "draws"),
    [
        (BernoulliLoss(0.0), BernoulliLoss(0.7), 1),
        (GilbertElliottLoss(0.0, 1.0, 0.0, 0.0, 2), GilbertElliottLoss(0.5, 0.5, 0.1, 0.9, 2), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_packet_takes_the_same_number_of_draws(one: Loss, other: Loss, draws: int) -> None:
    counted = Random(3)
    for _ in range(200 * draws):
        counted.random()
    after = counted.random()
    for model in (one, other):
        rng = Random(3)
        for _ in range(200):
            model.drops(0, 1, rng)
        assert rng.random() == after


def test_pairs_may_have_losses_of_their_own_and_the_last_one_given_holds() -> None:
    loss = LossByPair(NoLoss(), 4)
    loss.set([0, 1], [2, 3], BernoulliLoss(1.0))
    loss.set([1], [3], NoLoss())
    rng = Random(1)
    lost = {(a, b) for a in range(4) for b in range(4) if a != b and loss.drops(a, b, rng)}
    assert lost == {(0, 2), (0, 3), (1, 2)}


def test_hundreds_of_pairs_may_each_have_their_own() -> None:
    loss = LossByPair(NoLoss(), 30)
    for number in range(899):
        loss.set([number // 30], [number % 30], BernoulliLoss(float(number % 2)))
    rng = Random(1)
    lost = {(a, b) for a in range(30) for b in range(30) if loss.drops(a, b, rng)}
    assert lost == {(number // 30, number % 30) for number in range(899) if number % 2}


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        BernoulliLoss(p)
    with pytest.raises(ValueError, match="between 0 and 1"):
        GilbertElliottLoss(0.1, p, 0.0, 1.0, 2)
