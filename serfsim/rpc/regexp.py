"""Regular expressions of strangers, matched in time linear in the text, as RE2 does.

Python's own matcher may take for ever on an expression such as (a+)+$, and while it does the simulation
stands still. Here an expression becomes a program for a machine that is in many places at once
(Thompson 1968), and which places lead where is remembered:

    TAKE test       goes on over a character that passes the test
    SPLIT a b       is at a and at b
    CHECK test      goes on if the position (beginning, end, edge of a word) passes the test
    MATCH           is the end
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from serfsim.scenario.expressions import compiled

MOST_STEPS: Final = 1000  # of a program; RE2 has a limit too
MOST_PLACES: Final = 20_000  # that are remembered of one expression, all sets together
LONGEST_EXPRESSION: Final = 1000

TAKE, SPLIT, CHECK, MATCH = range(4)
Step = tuple[int, Any, int]
"""What to do, a test or the first target, and the (second) target."""

Places = frozenset[int]
_parser: Any = importlib.import_module("re._parser")
WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
CATEGORIES: Final[dict[str, Callable[[str], bool]]] = {
    "DIGIT": lambda c: c in "0123456789",
    "SPACE": lambda c: c in "\t\n\v\f\r ",
    "WORD": lambda c: c in WORD,
}


class TooLarge(Exception):
    """The program of an expression would be too long."""


class Program:
    """The steps of one expression, appended back to front: each knows where it goes on."""

    def __init__(self, tree: Any, flags: int) -> None:
        self.steps: list[Step] = [(MATCH, None, 0)]
        self.start = self._sequence(tree, flags, 0)

    def _add(self, kind: int, what: Any, then: int) -> int:
        if len(self.steps) >= MOST_STEPS:
            raise TooLarge
        self.steps.append((kind, what, then))
        return len(self.steps) - 1

    def _sequence(self, nodes: Any, flags: int, then: int) -> int:
        for node in reversed(list(nodes)):
            then = self._node(str(node[0]), node[1], flags, then)
        return then

    def _node(self, kind: str, what: Any, flags: int, then: int) -> int:
        if kind == "BRANCH":
            entries = [self._sequence(one, flags, then) for one in what[1]]
            start = entries[-1]
            for entry in reversed(entries[:-1]):
                start = self._add(SPLIT, entry, start)
            return start
        if kind == "SUBPATTERN":
            _, added, removed, inner = what
            return self._sequence(inner, (flags | added) & ~removed, then)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(what, flags, then)
        if kind == "AT":
            return self._add(CHECK, check_of(str(what), flags), then)
        return self._add(TAKE, test_of(kind, what, flags), then)

    def _repeat(self, what: Any, flags: int, then: int) -> int:
        least, most, inner = what
        if str(most) == "MAXREPEAT":
            loop = self._add(SPLIT, then, then)
            body = self._sequence(inner, flags, loop)
            self.steps[loop] = (SPLIT, body, then)
            start = loop
        else:
            start = then
            for _ in range(most - least):
                start = self._add(SPLIT, self._sequence(inner, flags, start), then)
        for _ in range(least):
            start = self._sequence(inner, flags, start)
        return start


def test_of(kind: str, what: Any, flags: int) -> Callable[[str], bool]:
    """Does one character pass?"""
    if kind == "ANY":
        return (lambda c: True) if flags & re.DOTALL else (lambda c: c != "\n")
    if kind == "NOT_LITERAL":
        same = test_of("LITERAL", what, flags)
        return lambda c: not same(c)
    if kind == "LITERAL":
        wanted = chr(what)
        return folded(lambda c: c == wanted, flags)
    if kind == "RANGE":
        low, high = chr(what[0]), chr(what[1])
        return folded(lambda c: low <= c <= high, flags)
    if kind == "CATEGORY":
        name = str(what).removeprefix("CATEGORY_")
        test = CATEGORIES[name.removeprefix("NOT_")]
        return (lambda c: not test(c)) if name.startswith("NOT_") else test
    assert kind == "IN", kind
    negated = str(what[0][0]) == "NEGATE"
    tests = [test_of(str(one), inner, flags) for one, inner in what[1 if negated else 0 :]]
    return lambda c: any(test(c) for test in tests) != negated


def folded(test: Callable[[str], bool], flags: int) -> Callable[[str], bool]:
    """The test with the two cases of ASCII letters alike, where they shall be."""
    if not flags & re.IGNORECASE:
        return test
    return lambda c: test(c) or (c.isascii() and (test(c.lower()) or test(c.upper())))


def check_of(name: str, flags: int) -> Callable[[str, str], bool]:
    """Does a position pass, between the character before and the one after ("" for none)?"""
    lines = bool(flags & re.MULTILINE)
    if name in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
        inside = name == "AT_NON_BOUNDARY"
        return lambda before, after: ((before in WORD) == (after in WORD)) == inside
    if name == "AT_BEGINNING" and lines:
        return lambda before, after: before in ("", "\n")
    if name == "AT_END" and lines:
        return lambda before, after: after in ("", "\n")
    if name.startswith("AT_BEGINNING"):
        return lambda before, after: before == ""
    return lambda before, after: after == ""


class Matcher:
    """One expression, ready for any number of texts."""

    def __init__(self, program: Program) -> None:
        self.steps = program.steps
        self.start = program.start
        self._next: dict[tuple[Places, str, str], tuple[Places, bool]] = {}
        self._remembered = 0

    def search(self, text: str) -> bool:
        """Is there a match anywhere?"""
        places: Places = frozenset()
        before = ""
        for after in (*text, ""):
            places, found = self._go(places, before, after)
            if found:
                return True
            before = after
        return False

    def _go(self, places: Places, before: str, after: str) -> tuple[Places, bool]:
        """Where it is after the next character, and whether it has matched before it."""
        key = (places, before, after)
        known = self._next.get(key)
        if known is None:
            if self._remembered >= MOST_PLACES:
                self._next.clear()
                self._remembered = 0
            known = self._step(places, before, after)
            self._remembered += 1 + len(known[0])
            self._next[key] = known
        return known

    def _step(self, places: Places, before: str, after: str) -> tuple[Places, bool]:
        reached: set[int] = set()
        upcoming: set[int] = set()
        todo = [*places, self.start]
        while todo:
            place = todo.pop()
            if place in reached:
                continue
            reached.add(place)
            kind, what, then = self.steps[place]
            if kind == MATCH:
                return frozenset(), True
            if kind == SPLIT:
                todo += (what, then)
            elif kind == CHECK:
                if what(before, after):
                    todo.append(then)
            elif after and what(after):
                upcoming.add(then)
        return frozenset(upcoming), False


@lru_cache(maxsize=64)
def matcher(expression: str) -> Matcher | None:
    """The matcher of an expression, or None if RE2 would not take it."""
    if len(expression) > LONGEST_EXPRESSION:
        return None
    pattern = compiled(expression)
    if pattern is None:
        return None
    try:
        return Matcher(Program(_parser.parse(pattern.pattern, pattern.flags), pattern.flags))
    except (TooLarge, RecursionError):
        return None


def is_match(expression: str, value: str) -> bool:
    """Is there a match anywhere in `value`? False if the expression is none."""
    found = matcher(expression)
    return found is not None and found.search(value)


def is_full_match(expression: str, value: str) -> bool:
    """As `serf members` asks: between ^ and $, which bind less than |. ValueError if it is no expression."""
    found = matcher(rf"^{expression}\z")
    if found is None:
        raise ValueError("no regular expression")
    return found.search(value)
