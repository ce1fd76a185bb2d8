"""Regular expressions mean what they mean to a real agent, and matching them never takes long."""

from __future__ import annotations

import time

import pytest

from serfsim.base.expressions import compile_expression, is_full_match, is_match

# What Go 1.19's regexp says: the expression, a text, and whether it is found there.
GO = [
    (r"\pL+", "é", True),
    (r"\p{Greek}", "\u03b2", True),
    (r"\p{Greek}", "a", False),
    (r"(?i)node", "NODE-1", True),
    (r"(?i:n)ode", "NODE", False),
    (r"(?s)a.b", "a\nb", True),
    (r"a.b", "a\nb", False),
    (r"(?m)^b$", "a\nb", True),
    (r"^b$", "a\nb", False),
    (r"a$", "a\n", False),
    (r"a\z", "a", True),
    (r"\Aa", "ba", False),
    (r"\Q.\E", "a", False),
    (r"\Qa.b\E", "a.b", True),
    (r"\Q\C\E", "\\C", True),
    (r"[[:alpha:]]", "é", False),
    (r"[[:^alpha:]]", "1", True),
    (r"\d", "٣", False),
    (r"\w", "é", False),
    (r"\bé", "é", False),
    (r"(?P<n>a)", "a", True),
    (r"\x{e9}", "é", True),
    (r"\141", "a", True),
    (r"(?U)a+b", "aab", True),
    (r"a{2}", "aa", True),
    (r"a{,2}", "a{,2}", True),
    (r"[^\x00-\x{10FFFF}]", "a", False),
    (r".", "😀", True),
]
REFUSED = [
    *("(", "[a", "*a", r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b", "(?P<x>a)(?P=x)", "a++", "(?>a)", "a\\"),
    *(
        r"a\Z",
        "[[:nope:]]",
        "(?(1)a)",
        r"\C",
        r"a\C",
        "a{1001}",
        "(a{500}){500}",
        r"\p{Nope}",
        "[b-a]",
        "a**",
        "\ud800",
    ),
]


@pytest.mark.parametrize(("expression", "text", "found"), GO)
def test_an_expression_finds_what_go_finds(expression: str, text: str, found: bool) -> None:
    assert is_match(expression, text) is found


@pytest.mark.parametrize("expression", REFUSED)
def test_what_go_does_not_take_is_none(expression: str) -> None:
    assert compile_expression(expression) is None
    assert not is_match(expression, "a")


def test_flags_within_a_members_filter_work_as_on_a_real_agent() -> None:
    assert is_full_match("(?i)H", "h")
    assert not is_full_match("(?i)H", "host")


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*b", "(a*)*c", "a*" * 30 + "b", "(.*.*.*x){20}y"])
def test_no_expression_takes_long(expression: str) -> None:
    began = time.perf_counter()
    assert not is_match(expression, "a" * 400 + "!")
    assert time.perf_counter() - began < 2.0


def test_a_full_match_is_anchored_as_the_agent_anchors_it() -> None:
    assert is_full_match("node-0[12]", "node-01")
    assert not is_full_match("node", "node-01")
    assert not is_full_match("a", "a\n")
    # ^ and $ bind less than |, in the agent as here.
    assert is_full_match("alive|failed", "aliveness")
    with pytest.raises(ValueError, match="not a regular expression"):
        is_full_match("(", "")


def test_edges_of_words_follow_re2_on_the_empty_text() -> None:
    assert is_match(r"\B", "")
    assert not is_match(r"\b", "")
