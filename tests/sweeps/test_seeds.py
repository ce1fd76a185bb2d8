"""Seeds as they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim.base.errors import SweepError
from serfsim.study.sweeps.grid import check_seeds, read_seeds


def test_seeds_are_numbers_and_ranges() -> None:
    assert read_seeds("1-4") == [1, 2, 3, 4]
    assert read_seeds("1, 2,5 - 7") == [1, 2, 5, 6, 7]
    assert read_seeds("9") == [9]
    assert check_seeds(np.arange(2)) == [0, 1]
    assert check_seeds("3-4") == [3, 4]


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ("", "found ''; expected seeds such as 1-20 or 1,2,5-9"),
        ("1-", "found '1-'"),
        ("1,,2", "found '1,,2'"),
        ("-3", "found '-3'"),
        ("5-1", "found 5-1; expected the smaller seed first"),
        ("1-3,2", "found 2 twice; expected each seed once"),
        ("1-99999999", "expected at most 1,000,000 seeds"),
        ("9223372036854775808", "expected a number from 0 to 9223372036854775807"),
        ([], "found no seed; expected at least one"),
        ([1.5], "expected whole numbers"),
        ([-1], "found -1; expected a number from 0"),
        (5, "found 5; expected whole numbers, such as range(1, 21)"),
    ],
)
def test_what_is_no_seed_is_refused(seeds: Any, words: str) -> None:
    with pytest.raises(SweepError) as raised:
        check_seeds(seeds)
    assert str(raised.value).startswith("seeds: ")
    assert words in str(raised.value)
