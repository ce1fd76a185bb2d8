"""Words that messages and pages of every part are made of."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, one: str, several: str = "") -> str:
    """'1 crash', '2 crashes', '3 nodes', '1,000 runs'; `several` where an s or es is not enough."""
    ending = "es" if one.endswith(("s", "sh", "ch", "x")) else "s"
    return f"{number:,} {one if number == 1 else several or one + ending}"


def joined(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'; '' of none."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def printable(text: str, keep: str = "") -> str:
    """A text of somebody's as a terminal, a log or a page can show it: control characters are escaped.

    So are those that reorder text, and line ends; what is in `keep` stays. Raw data is left as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )
