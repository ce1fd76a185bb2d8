"""The generator of Go's math/rand, seeded, worked out from its definition.

An additive lagged Fibonacci generator: y[k] = y[k - 607] + y[k - 273] modulo 2^64, on 607 words that a
small congruential generator fills. Seeding mixes them with the words that such a generator, seeded
with 1, holds after 7.8e12 steps. Nobody need walk those: a step is linear, so they are one power of x
modulo x^607 - x^334 - 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from serfsim.native import Random
from serfsim.protocol.vivaldi.coordinate import Uniforms

LENGTH = 607
TAP = 273
FEED = LENGTH - TAP
STEPS = 7_800_000_000_000
Words = NDArray[np.uint64]


def congruential(seed: int) -> Iterator[int]:
    """Lehmer's generator; the first 20 values are thrown away."""
    x = seed
    for skipped in range(20 + 3 * LENGTH):
        x = 48271 * x % (2**31 - 1)
        if skipped >= 20:
            yield x


def filled(seed: int, high: int, middle: int) -> Words:
    values = congruential(seed)
    words = [(next(values) << high) ^ (next(values) << middle) ^ next(values) for _ in range(LENGTH)]
    return np.array([word % 2**64 for word in words], dtype=np.uint64)


def reduced(product: Words) -> Words:
    """A polynomial modulo x^607 - x^334 - 1, lowest coefficient first."""
    product = product.copy()
    with np.errstate(over="ignore"):
        for power in range(len(product) - 1, LENGTH - 1, -1):
            product[power - LENGTH] += product[power]
            product[power - TAP] += product[power]
    return product[:LENGTH]


def power_of_x(exponent: int) -> Words:
    result = np.zeros(LENGTH, dtype=np.uint64)
    result[0] = 1
    for bit in bin(exponent)[2:]:
        square = np.zeros(2 * LENGTH, dtype=np.uint64)
        for i in range(LENGTH):
            square[i : i + LENGTH] += result[i] * result
        if bit == "1":
            square = np.roll(square, 1)  # the highest coefficient is 0
        result = reduced(square)
    return result


def in_time(words: Words) -> Words:
    """The words from oldest to newest; the step k writes slot FEED - k. Its own inverse."""
    return words[(FEED - np.arange(-LENGTH + 1, 1)) % LENGTH]


@cache
def cooked() -> Words:
    start = in_time(filled(1, 20, 10))
    sequence = np.concatenate([start, np.zeros(LENGTH, dtype=np.uint64)])
    for k in range(LENGTH, 2 * LENGTH):
        sequence[k] = sequence[k - LENGTH] + sequence[k - TAP]
    jump = power_of_x(STEPS)
    later = np.array([(jump * sequence[t : t + LENGTH]).sum() for t in range(LENGTH)], dtype=np.uint64)
    words = np.empty(LENGTH, dtype=np.uint64)
    words[(FEED - np.arange(STEPS - LENGTH + 1, STEPS + 1)) % LENGTH] = later
    return words


class GoRandom(Uniforms):
    """`draw` is Float64, `choose` is Intn."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(Random(0))
        self.seed(seed)

    def seed(self, seed: int) -> None:
        words = filled(seed, 40, 20) ^ cooked()
        self.words = [int(word) for word in in_time(words)]
        self.at = 0

    def draw(self) -> float:
        drawn = 1.0
        while drawn == 1.0:  # as the highest values are rounded
            drawn = float(self.bits63()) / 2.0**63
        return drawn

    def choose(self, n: int) -> int:
        """Of 0 .. n-1; what would favour the low ones is drawn again."""
        while True:
            value = self.bits63() >> 32
            if value <= 2**31 - 1 - 2**31 % n:
                return value % n

    def bits63(self) -> int:
        """The oldest word is replaced by the newest."""
        word = (self.words[self.at] + self.words[(self.at - TAP) % LENGTH]) % 2**64
        self.words[self.at] = word
        self.at = (self.at + 1) % LENGTH
        return word % 2**63
