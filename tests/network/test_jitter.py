"""The jitter models."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serfsim.native import Random
from serfsim.network.jitter import (
    ExponentialJitter,
    Jitter,
    LognormalFractionJitter,
    LognormalJitter,
    NoJitter,
    NormalJitter,
    ParetoJitter,
    UniformJitter,
    standard_normal,
)

BASE = 0.02
COUNT = 20_000

# With the standard deviation of one sample, in closed form (of the cut normals: an upper bound).
MODELS: list[tuple[Jitter, float]] = [
    (UniformJitter(0.001, 0.003), 0.002 / math.sqrt(12)),
    (UniformJitter(0.002, 0.002), 0.0),
    (ExponentialJitter(0.004), 0.004),
    (NormalJitter(0.005, 0.001), 0.001),
    (NormalJitter(0.001, 0.001), 0.001),
    (NormalJitter(-0.001, 0.002), 0.002),
    (LognormalJitter(0.001, 0.5), 0.001 * math.exp(0.125) * math.sqrt(math.exp(0.25) - 1)),
    (LognormalFractionJitter(0.1, 0.5), 0.002 * math.exp(0.125) * math.sqrt(math.exp(0.25) - 1)),
    (ParetoJitter(0.001, 3.0), 0.001 * math.sqrt(3.0 / (4.0 * 1.0))),
]


@pytest.mark.parametrize(("model", "sd"), MODELS, ids=lambda value: type(value).__name__)
def test_the_mean_is_what_the_model_says_within_four_standard_errors(model: Jitter, sd: float) -> None:
    rng = Random(11)
    samples = [model.sample(BASE, rng) for _ in range(COUNT)]
    assert min(samples) >= 0.0
    assert sum(samples) / COUNT == pytest.approx(model.mean(BASE), abs=4 * sd / math.sqrt(COUNT) + 1e-15)


def test_the_spread_of_exponential_jitter_is_its_mean() -> None:
    rng = Random(5)
    samples = [ExponentialJitter(0.01).sample(0.0, rng) for _ in range(COUNT)]
    beyond = sum(sample > 0.01 for sample in samples) / COUNT
    assert beyond == pytest.approx(math.exp(-1), abs=4 * 0.5 / math.sqrt(COUNT))


def test_lognormal_jitter_has_the_median_and_sigma_that_it_is_given() -> None:
    rng = Random(6)
    logs = [math.log(LognormalJitter(0.001, 0.5).sample(0.0, rng) / 0.001) for _ in range(COUNT)]
    assert sum(log > 0 for log in logs) / COUNT == pytest.approx(0.5, abs=2 / math.sqrt(COUNT))
    assert math.sqrt(sum(log * log for log in logs) / COUNT) == pytest.approx(0.5, abs=0.01)


def test_pareto_jitter_has_its_tail() -> None:
    rng = Random(7)
    samples = [ParetoJitter(0.001, 2.5).sample(0.0, rng) for _ in range(COUNT)]
    assert min(samples) >= 0.001
    beyond = sum(sample > 0.004 for sample in samples) / COUNT
    assert beyond == pytest.approx(0.25**2.5, abs=4 * 0.18 / math.sqrt(COUNT))


def test_normal_deviates_have_mean_0_and_variance_1() -> None:
    rng = Random(8)
    values = [standard_normal(rng) for _ in range(COUNT)]
    assert sum(values) / COUNT == pytest.approx(0.0, abs=4 / math.sqrt(COUNT))
    assert sum(value * value for value in values) / COUNT == pytest.approx(1.0, abs=4 * math.sqrt(2 / COUNT))


@pytest.mark.parametrize(
    ("one", "other", "draws"),
    [
        (NoJitter(), NoJitter(), 0),
        (UniformJitter(0.0, 0.001), UniformJitter(0.0, 0.0), 1),
        (ExponentialJitter(0.001), ExponentialJitter(0.0), 1),
        (NormalJitter(0.001, 0.001), NormalJitter(-5.0, 0.001), 2),
        (LognormalJitter(0.001, 0.5), LognormalJitter(0.0, 0.0), 2),
        (LognormalFractionJitter(0.1), LognormalFractionJitter(0.0), 2),
        (ParetoJitter(0.001, 1.5), ParetoJitter(0.0, 9.0), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_sample_takes_the_same_number_of_draws(one: Jitter, other: Jitter, draws: int) -> None:
    counted = Random(3)
    for _ in range(100 * draws):
        counted.random()
    after = counted.random()
    for model in (one, other):
        rng = Random(3)
        for _ in range(100):
            model.sample(BASE, rng)
        assert rng.random() == after


@given(
    st.integers(0, 2**62),
    st.floats(0.0, 10.0),
    st.floats(0.0, 10.0),
    st.floats(0.0, 10.0),
    st.floats(-5.0, 5.0),
)
def test_no_packet_is_early(seed: int, scale: float, other: float, base: float, centre: float) -> None:
    rng = Random(seed)
    models = [
        UniformJitter(scale, scale + other),
        ExponentialJitter(scale),
        NormalJitter(centre, scale),
        LognormalJitter(scale, other),
        LognormalFractionJitter(scale, other),
        ParetoJitter(scale, 1.0 + other + 1e-9),
    ]
    assert all(model.sample(base, rng) >= 0.0 for model in models)


@pytest.mark.parametrize(
    "make",
    [
        lambda: UniformJitter(0.002, 0.001),
        lambda: UniformJitter(-0.001, 0.001),
        lambda: ExponentialJitter(-1.0),
        lambda: NormalJitter(0.0, -1.0),
        lambda: NormalJitter(math.inf, 1.0),
        lambda: LognormalJitter(-1.0, 1.0),
        lambda: LognormalFractionJitter(1.0, math.nan),
        lambda: ParetoJitter(1.0, 1.0),
    ],
)
def test_parameters_without_sense_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="jitter needs"):
        make()
