"""Expressions of strangers: matched as RE2 does, and never for long."""

from __future__ import annotations

import random
import time

import pytest

from serfsim.rpc.regexp import is_full_match, is_match, matcher
from serfsim.scenario.expressions import compiled

PARTS = (
    *("a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\W", r"\s", "(a|b)", "(?:ab|c)", "^", "$", r"\b"),
    *("x{2}", "(ab){1,3}", "a{0,2}", "|", "(", ")", "(?i:A)", "[[:alpha:]]", "1", "(a*)*", "[^\\d-]"),
)
TAILS = ("", "", "", "*", "+", "?", "*?", "{1,2}", "{2,}")


def test_it_finds_what_pythons_own_matcher_finds() -> None:
    rng = random.Random(3)
    compared = 0
    for _ in range(3000):
        expression = "".join(rng.choice(PARTS) + rng.choice(TAILS) for _ in range(rng.randint(1, 6)))
        pattern, own = compiled(expression), matcher(expression)
        assert (pattern is None) == (own is None), expression
        if pattern is None or own is None:
            continue
        for _ in range(4):
            text = "".join(rng.choice("abcABx1 -") for _ in range(rng.randint(0, 7)))
            assert own.search(text) == (pattern.search(text) is not None), (expression, text)
            compared += 1
    assert compared > 2500


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*b", "(a*)*c", "a*" * 30 + "b", "(.*.*.*x){20}y"])
def test_no_expression_takes_long(expression: str) -> None:
    began = time.perf_counter()
    assert not is_match(expression, "a" * 400 + "!")
    assert time.perf_counter() - began < 2.0


def test_an_expression_that_would_need_a_huge_program_is_none() -> None:
    assert matcher("(a{500}){500}") is None
    assert matcher("a" * 5000) is None
    assert not is_match("(a{500}){500}", "a")


def test_a_full_match_is_anchored_as_the_agent_anchors_it() -> None:
    assert is_full_match("node-0[12]", "node-01")
    assert not is_full_match("node", "node-01")
    assert not is_full_match("a", "a\n")
    # ^ and $ bind less than |, in the agent as here.
    assert is_full_match("alive|failed", "aliveness")
    with pytest.raises(ValueError, match="no regular expression"):
        is_full_match("(", "")


def test_edges_of_words_follow_re2_on_the_empty_text() -> None:
    assert is_match(r"\B", "")
    assert not is_match(r"\b", "")
