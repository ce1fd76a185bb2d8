"""Patterns of names: `node-[03..17]`, `web-*`, `rack-?-[1,3..5]`.

`*` is any text, `?` any one character. Brackets hold whole numbers and ranges of them, both ends included;
digits before and behind them are no part of the number, and leading zeros do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from serfsim.scenario.problems import invalid

_PIECE = re.compile(r"\[([^\[\]]*)\]|\*|\?|[A-Za-z0-9._-]+")
_ITEM = re.compile(r"([0-9]{1,9})(?:\.\.([0-9]{1,9}))?")
LONGEST: Final = 128
PATTERN_SCHEMA: Final = {
    "type": "string",
    "pattern": r"^(?=.*[*?\[])(?:[A-Za-z0-9._*?-]|\[[0-9., ]+\])+$",
    "maxLength": LONGEST,
}
EXPECTED = "a name, or a pattern such as 'node-[03..17]' or 'web-*'"

Range = tuple[int, int]
"""The first and the last number."""


class Pattern(NamedTuple):
    """`text` finds the digits of each pair of brackets as a group; `numbers` are the ranges of each."""

    text: re.Pattern[str]
    numbers: tuple[tuple[Range, ...], ...]

    def matches(self, name: str) -> bool:
        found = self.text.fullmatch(name)
        return found is not None and all(
            any(low <= int(digits) <= high for low, high in ranges)
            for digits, ranges in zip(found.groups(), self.numbers, strict=True)
        )


def is_pattern(text: str) -> bool:
    """Return whether a text cannot be a name because of its `*`, `?` or brackets."""
    return any(character in text for character in "*?[]")


@lru_cache(maxsize=1024)
def read_pattern(text: str) -> Pattern:
    """Return the pattern; raise an error for pydantic where the text is none."""
    pieces = list(_PIECE.finditer(text))
    if len(text) > LONGEST or "".join(piece[0] for piece in pieces) != text:
        raise invalid(EXPECTED, text)
    expression, numbers = "", []
    for piece, behind in zip(pieces, [*pieces[1:], None], strict=True):
        if piece[1] is not None:
            numbers.append(tuple(_ranges(piece[1], text)))
            goes_on = behind is not None and behind[0][0].isdigit()
            expression += "([0-9]{1,9})" if goes_on else "([0-9]{1,9})(?![0-9])"
        else:
            expression += {"*": ".*", "?": "."}.get(piece[0], re.escape(piece[0]))
    return Pattern(re.compile(expression), tuple(numbers))


def _ranges(inside: str, text: str) -> Iterator[Range]:
    for item in inside.split(","):
        found = _ITEM.fullmatch(item.strip())
        if found is None:
            raise invalid("numbers in brackets, such as [03..17] or [1,4,7..9]", text)
        low, high = int(found[1]), int(found[2] or found[1])
        if low > high:
            raise invalid(f"a range whose low end comes first: [{found[2]}..{found[1]}]", text)
        yield low, high


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return those of `names` that a pattern matches."""
    found = read_pattern(pattern)
    return [name for name in names if found.matches(name)]
