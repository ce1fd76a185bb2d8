"""Regular expressions on tags, as Go's RE2 reads them, by Python's `re`.

The two agree on nearly everything that is used. What only Python has (look-around, references back,
possessive repetition, conditions) is refused, as RE2 refuses it; `\\z` and the named classes that only
RE2 has are translated; letters, digits and spaces are ASCII's, as in RE2.
"""

from __future__ import annotations

import re
from functools import cache

CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
# In order: an escaped character, a named class, what only Python has, and any other character.
TOKEN = re.compile(r"\\.|\[:(\w+):\]|\(\?(?:<?[=!]|>|\(|P=)|[*+?}]\+|.", re.DOTALL)


@cache
def compiled(expression: str) -> re.Pattern[str] | None:
    """The expression ready for use, or None if RE2 would not take it."""
    parts = []
    for token in TOKEN.finditer(expression):
        text = token[0]
        if text.startswith("\\") and (text[1:] in "123456789Z" or text == "\\"):
            return None
        if token[1] is not None:
            if token[1] not in CLASSES:
                return None
            text = CLASSES[token[1]]
        elif text == "\\z":
            text = r"\Z"
        elif len(text) > 1 and not text.startswith("\\"):
            return None
        parts.append(text)
    try:
        return re.compile("".join(parts), re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None
