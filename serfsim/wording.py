"""Words that messages and pages of every part are made of."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """'1 crash', '2 crashes', '3 nodes', '1,000 runs'; `several` where an s or es is not enough."""
    ending = "es" if one.endswith(("s", "sh", "ch", "x")) else "s"
    return f"{number:,} {one if number == 1 else several or one + ending}"
