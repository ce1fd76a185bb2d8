"""Named random streams."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from serfsim.engine.streams import stream, stream_seed

FIRST_DRAWS = """
from serfsim.engine.streams import stream
print([stream(7, name).random() for name in ("node-00/loss", "node-01/loss", "topology")])
"""


def draws(seed: int, name: str, count: int = 4000) -> list[float]:
    rng = stream(seed, name)
    return [rng.random() for _ in range(count)]


def correlation(a: list[float], b: list[float]) -> float:
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    return sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)) / n * 12.0


def test_one_seed_and_name_give_one_stream() -> None:
    assert draws(1, "node-00/loss") == draws(1, "node-00/loss")


def test_using_one_stream_does_not_move_another() -> None:
    alone = draws(1, "b", 10)
    a, b = stream(1, "a"), stream(1, "b")
    mixed = []
    for _ in range(10):
        a.random()
        mixed.append(b.random())
        a.random()
    assert mixed == alone


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "node-00/loss"), (2, "node-00/loss")),
        ((1, "node-00/loss"), (1, "node-01/loss")),
        ((1, "node-00/loss"), (1, "node-00/jitter")),
        # The seed and the name are kept apart: 1 and "1/x" are not 11 and "/x".
        ((1, "1/x"), (11, "x")),
    ],
)
def test_streams_of_other_seeds_or_names_are_uncorrelated(
    one: tuple[int, str], other: tuple[int, str]
) -> None:
    # The standard error of a correlation of 4000 pairs is 0.016.
    assert abs(correlation(draws(*one), draws(*other))) < 0.06


def test_many_names_give_as_many_seeds_of_63_bits() -> None:
    seeds = {stream_seed(seed, f"node-{i}/{use}") for seed in (0, 1) for i in range(500) for use in "abc"}
    assert len(seeds) == 3000
    assert all(0 <= seed < 2**63 for seed in seeds)
    # Half of the 63 bits are set, on average: 31.5 with a standard error of 0.07.
    assert abs(sum(seed.bit_count() for seed in seeds) / 3000 - 31.5) < 0.3


def test_streams_stay_what_they_were_in_earlier_releases() -> None:
    assert stream_seed(1, "node-00/loss") == 4731334988214489336


def test_streams_do_not_depend_on_pythons_hash_seed() -> None:
    shown = {
        subprocess.run(
            [sys.executable, "-c", FIRST_DRAWS],
            env={**os.environ, "PYTHONHASHSEED": value, "SERFSIM_PURE": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for value in ("1", "2")
    }
    assert len(shown) == 1
