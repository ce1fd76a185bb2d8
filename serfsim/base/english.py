"""Words used in messages and pages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence


def format_count(number: int, one: str, several: str = "") -> str:
    """Count things: '1 crash', '2 crashes', '1,000 runs'; `several` is an irregular plural."""
    ending = "es" if one.endswith(("s", "sh", "ch", "x")) else "s"
    return f"{number:,} {one if number == 1 else several or one + ending}"


def join_names(names: Sequence[str]) -> str:
    """Join names: 'a', 'a and b', 'a, b and c'; '' without names."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def printable(text: str, keep: str = "") -> str:
    """Escape control characters in a user's text for a terminal, log or page.

    Escapes line ends and bidirectional controls too, except the characters in `keep`. Raw data is not
    changed.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the valid name closest to a misspelt one, if any is close."""
    return next(iter(nearest_few(name, names, 1)), None)


def nearest_few(name: str, names: Iterable[str], most: int) -> list[str]:
    """Return up to `most` valid names close to a misspelt one, the closest first."""
    plain = {_plain(valid): valid for valid in names}
    wanted = _plain(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    return [plain[close] for close in difflib.get_close_matches(wanted, plain, most)]


def _plain(name: str) -> str:
    """Normalise a name: ignore case, dashes and leading zeros of numbers."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.replace("-", "_").lower())
