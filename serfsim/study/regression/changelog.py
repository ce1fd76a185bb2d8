"""The CHANGELOG entry of an accepted change.

It is appended to the list under *Results may differ* of the newest version. Without that section, the user
has to paste it.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Final

NAME: Final = "CHANGELOG.md"
SECTION: Final = "Results may differ"
WIDTH: Final = 110
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*$")
_NOTHING = re.compile(r"^\s*[-*]\s+nothing\b", re.IGNORECASE)


def find(start: Path) -> Path | None:
    """Return the nearest CHANGELOG in `start` or a folder above it."""
    for folder in (start.absolute(), *start.absolute().parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if (folder / ".git").exists():
            return None
    return None


def entry_of(because: str) -> str:
    """Return the entry, wrapped as a list item."""
    text = " ".join(because.split())
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False)


def with_entry(text: str, because: str) -> str | None:
    """Return the CHANGELOG with the entry added once, or None without the section.

    The entry replaces placeholders such as 'Nothing came before'.
    """
    lines = text.splitlines()
    bounds = _section(lines)
    if bounds is None:
        return None
    first, end = bounds
    entry = entry_of(because).splitlines()
    if any(lines[place : place + len(entry)] == entry for place in range(first, end)):
        return text
    while end > first and not lines[end - 1].strip():
        end -= 1
    kept = [line for line in lines[first:end] if not _NOTHING.match(line)]
    if not any(line.strip() for line in kept):
        kept = [""]
    return "\n".join([*lines[:first], *kept, *entry, *lines[end:]]) + "\n"


def _section(lines: list[str]) -> tuple[int, int] | None:
    """Return the first and last line of the section within the newest version."""
    version = [place for place, line in enumerate(lines) if re.match(r"^##\s", line)]
    newest = range(version[0] if version else 0, version[1] if len(version) > 1 else len(lines))
    for place in newest:
        match = _HEADING.match(lines[place])
        if match and match[2].casefold() == SECTION.casefold():
            later = (other for other in range(place + 1, newest.stop) if _HEADING.match(lines[other]))
            return place + 1, next(later, newest.stop)
    return None
