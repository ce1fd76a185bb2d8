"""Regular expressions on tags and names, read and matched by RE2, as Go's regexp package does.

Matching takes time linear in the text, so an expression from a stranger cannot hold up a simulation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False

# An escaped character, or a run of characters taken literally, which hides what looks like an escape.
_ESCAPED = re.compile(r"\\Q.*?(?:\\E|$)|\\.", re.DOTALL)


@lru_cache(maxsize=256)
def compiled(expression: str) -> Any | None:
    """The expression ready for use, or None if Go would not take it."""
    if "\\C" in (token[0] for token in _ESCAPED.finditer(expression)):
        return None  # a single byte: RE2 has it, Go has not
    try:
        return re2.compile(expression, _OPTIONS)
    except (re2.error, UnicodeEncodeError):
        return None


def is_match(expression: str, value: str) -> bool:
    """Is there a match anywhere in `value`? False if the expression is none."""
    pattern = compiled(expression)
    return pattern is not None and _found(pattern, value)


def is_full_match(expression: str, value: str) -> bool:
    """Match between ^ and $, which bind tighter than |, as `serf members` does. ValueError if it is none."""
    pattern = compiled(f"^{expression}$")
    if pattern is None:
        raise ValueError("no regular expression")
    return _found(pattern, value)


def _found(pattern: Any, value: str) -> bool:
    try:
        return pattern.search(value) is not None
    except UnicodeEncodeError:
        return False  # half a character, which no text of Go's can be
