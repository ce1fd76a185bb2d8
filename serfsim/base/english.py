"""Words that messages and pages of every part are made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence


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


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The valid name that was probably meant, if any is near."""
    return next(iter(nearest_few(name, names, 1)), None)


def nearest_few(name: str, names: Iterable[str], most: int) -> list[str]:
    """Up to `most` valid names that are near, the nearest first."""
    plain = {_plain(valid): valid for valid in names}
    wanted = _plain(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    return [plain[close] for close in difflib.get_close_matches(wanted, plain, most)]


def _plain(name: str) -> str:
    """A name without what people confuse: case, dashes, leading zeros of numbers."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.replace("-", "_").lower())
