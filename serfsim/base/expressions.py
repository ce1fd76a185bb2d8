"""Regular expressions on tags and names, matched by RE2 as in Go's regexp package.

Matching takes time linear in the text, so a hostile expression cannot stall a simulation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False

# An escaped character or a literal run, which hides text that looks like an escape.
_ESCAPED = re.compile(r"\\Q.*?(?:\\E|$)|\\.", re.DOTALL)


@lru_cache(maxsize=256)
def compile_expression(expression: str) -> Any | None:
    """Compile the expression, or return None if Go would reject it."""
    if "\\C" in (token[0] for token in _ESCAPED.finditer(expression)):
        return None  # a single byte: RE2 supports it, Go does not
    try:
        return re2.compile(expression, _OPTIONS)
    except (re2.error, UnicodeEncodeError):
        return None


def is_match(expression: str, value: str) -> bool:
    """Return True for a match anywhere in `value`; False for an invalid expression."""
    pattern = compile_expression(expression)
    return pattern is not None and _found(pattern, value)


def is_full_match(expression: str, value: str) -> bool:
    """Match the whole value as `serf members` does: ^ and $ bind tighter than |.

    Raises ValueError for an invalid expression.
    """
    pattern = compile_expression(f"^{expression}$")
    if pattern is None:
        raise ValueError("not a regular expression")
    return _found(pattern, value)


def _found(pattern: Any, value: str) -> bool:
    try:
        return pattern.search(value) is not None
    except UnicodeEncodeError:
        return False  # a lone surrogate, which cannot occur in Go
