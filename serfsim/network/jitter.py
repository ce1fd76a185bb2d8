"""Jitter: the time beyond its latency that a packet travels, drawn for each packet.

`sample` is added to the one-way latency and never negative. `mean` is its expectation, which the true
round-trip time includes that coordinates are scored against. `base` is the undisturbed one-way latency, for
models in which jitter grows with distance.

Each call of `sample` takes the same number of uniforms from the stream, so that a changed parameter does
not shift later draws. Parameters and results are in seconds unless said otherwise; invalid parameters raise
ValueError.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.network.pair_table import PairTable

TWO_PI: Final = 6.283185307179586


def standard_normal(rng: Random) -> float:
    """One normal deviate, mean 0 and variance 1, from two uniforms (Box and Muller 1958).

    The second deviate that the method offers is thrown away: keeping it would tie the draws of
    one stream to those of another.
    """
    radius = math.sqrt(-2.0 * math.log(1.0 - rng.random()))
    return radius * math.cos(TWO_PI * rng.random())


@mypyc_attr(allow_interpreted_subclasses=True)
class Jitter:
    """Base of all models."""

    def sample(self, base: float, rng: Random) -> float:
        """Extra one-way seconds of one packet; never negative."""
        raise NotImplementedError

    def mean(self, base: float) -> float:
        """Return the expectation of `sample`, in seconds."""
        raise NotImplementedError


class NoJitter(Jitter):
    """Always 0; draws nothing."""

    def sample(self, base: float, rng: Random) -> float:
        return 0.0

    def mean(self, base: float) -> float:
        return 0.0


class UniformJitter(Jitter):
    """Evenly spread over [low, high); 0 <= low <= high."""

    def __init__(self, low: float, high: float) -> None:
        if not 0.0 <= low <= high < math.inf:
            raise ValueError("uniform jitter needs 0 <= low <= high")
        self.low = low
        self.high = high

    def sample(self, base: float, rng: Random) -> float:
        return self.low + (self.high - self.low) * rng.random()

    def mean(self, base: float) -> float:
        return (self.low + self.high) / 2.0


class ExponentialJitter(Jitter):
    """Exponential with the given mean, which may be 0."""

    def __init__(self, mean: float) -> None:
        if not 0.0 <= mean < math.inf:
            raise ValueError("exponential jitter needs a mean of at least 0")
        self.average = mean

    def sample(self, base: float, rng: Random) -> float:
        return self.average * -math.log(1.0 - rng.random())

    def mean(self, base: float) -> float:
        return self.average


class NormalJitter(Jitter):
    """Normal with the given mean and standard deviation; what falls below 0 counts as 0.

    Cutting raises the expectation above the parameter `mean`: it is
    mean * Phi(mean / sd) + sd * phi(mean / sd), with the normal distribution function and density.
    For mean = sd that is 1.083 * mean; from mean = 3 * sd on the difference is below 0.02 %.
    """

    def __init__(self, mean: float, sd: float) -> None:
        if not (-math.inf < mean < math.inf and 0.0 <= sd < math.inf):
            raise ValueError("normal jitter needs a finite mean and a standard deviation of at least 0")
        self.centre = mean
        self.sd = sd

    def sample(self, base: float, rng: Random) -> float:
        value = self.centre + self.sd * standard_normal(rng)
        return max(0.0, value)

    def mean(self, base: float) -> float:
        if self.sd == 0.0:
            return max(0.0, self.centre)
        z = self.centre / self.sd
        below = 0.5 * math.erfc(-z / math.sqrt(2.0))
        density = math.exp(-0.5 * z * z) / math.sqrt(TWO_PI)
        return self.centre * below + self.sd * density


class LognormalJitter(Jitter):
    """median * exp(sigma * z), z standard normal; sigma has no unit. Mean: median * exp(sigma^2 / 2)."""

    def __init__(self, median: float, sigma: float) -> None:
        if not (0.0 <= median < math.inf and 0.0 <= sigma < math.inf):
            raise ValueError("lognormal jitter needs a median and a sigma of at least 0")
        self.median = median
        self.sigma = sigma

    def sample(self, base: float, rng: Random) -> float:
        return self.median * math.exp(self.sigma * standard_normal(rng))

    def mean(self, base: float) -> float:
        return self.median * math.exp(self.sigma * self.sigma / 2.0)


class LognormalFractionJitter(Jitter):
    """fraction * base * exp(sigma * z): jitter that grows with distance. Neither parameter has a unit.

    Mean: fraction * base * exp(sigma^2 / 2).
    """

    def __init__(self, fraction: float, sigma: float = 1.0) -> None:
        if not (0.0 <= fraction < math.inf and 0.0 <= sigma < math.inf):
            raise ValueError("lognormal jitter needs a fraction and a sigma of at least 0")
        self.fraction = fraction
        self.sigma = sigma

    def sample(self, base: float, rng: Random) -> float:
        return self.fraction * base * math.exp(self.sigma * standard_normal(rng))

    def mean(self, base: float) -> float:
        return self.fraction * base * math.exp(self.sigma * self.sigma / 2.0)


class ParetoJitter(Jitter):
    """Pareto's distribution: never below `scale`, and P(X > x) = (scale / x)^shape above it.

    The shape, which has no unit, must exceed 1, or there would be no mean; up to 2 the variance is
    infinite. Mean: scale * shape / (shape - 1).
    """

    def __init__(self, scale: float, shape: float) -> None:
        if not (0.0 <= scale < math.inf and 1.0 < shape < math.inf):
            raise ValueError("Pareto jitter needs a scale of at least 0 and a shape above 1")
        self.scale = scale
        self.shape = shape

    def sample(self, base: float, rng: Random) -> float:
        return self.scale * math.exp(-math.log(1.0 - rng.random()) / self.shape)

    def mean(self, base: float) -> float:
        return self.scale * self.shape / (self.shape - 1.0)


class SumOfJitters(Jitter):
    """The jitter of two links, one behind the other."""

    def __init__(self, first: Jitter, second: Jitter) -> None:
        self.first = first
        self.second = second

    def sample(self, base: float, rng: Random) -> float:
        return self.first.sample(base, rng) + self.second.sample(base, rng)

    def mean(self, base: float) -> float:
        return self.first.mean(base) + self.second.mean(base)


class JitterByPair:
    """A jitter model for each ordered pair of `n` hosts, `default` unless `set` gave it another.

    At most `pair_table.MOST_MODELS` besides the default; ValueError beyond.
    """

    def __init__(self, default: Jitter, n: i64) -> None:
        self.models: list[Jitter] = [default]
        self.pairs = PairTable(n, "jitter")

    def set(self, sources: list[int], targets: list[int], jitter: Jitter) -> None:
        """Give packets from `sources` to `targets` a model; of several, the last holds."""
        if self.models[len(self.models) - 1] is not jitter:
            self.pairs.check_room(len(self.models))
            self.models.append(jitter)
        self.pairs.assign(sources, targets, len(self.models) - 1)

    def of(self, source: i64, target: i64) -> Jitter:
        """Return the model of packets from `source` to `target`."""
        return self.models[self.pairs.number(source, target)]
