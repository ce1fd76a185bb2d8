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
