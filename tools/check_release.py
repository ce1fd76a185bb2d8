"""Check that version, CHANGELOG, CITATION.cff and the tag, if given, agree: `check_release.py [vX.Y.Z]`.

Needs only the standard library. Without a tag, the CHANGELOG's top section may still say 'not released'.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def found(file: str, pattern: str) -> str:
    """Return the first group of the pattern in a file of the project.

    Raises:
        SystemExit: nothing matches.
    """
    match = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise SystemExit(f"{file}: nothing matches {pattern!r}")
    return match[1]


def disagreements(tag: str = "") -> list[str]:
    """Return one sentence for each place that names another version than `serfsim/_version.py`."""
    version = found("serfsim/_version.py", r'^__version__ = "(.+)"$')
    heading = found("CHANGELOG.md", r"^## (.+)$")
    cited = found("CITATION.cff", r"^version: (.+)$")
    wrong = []
    if heading.split(",")[0] != version:
        wrong.append(f"CHANGELOG.md: found the top section {heading!r}, expected {version}")
    if cited != version:
        wrong.append(f"CITATION.cff: found version {cited}, expected {version}")
    if tag and tag != f"v{version}":
        wrong.append(f"tag: found {tag}, expected v{version}")
    if tag and "not yet released" in heading:
        wrong.append(f"CHANGELOG.md: found {heading!r}, expected the date of the release")
    return wrong


if __name__ == "__main__":
    problems = disagreements(*sys.argv[1:2])
    print("\n".join(problems) or "version, CHANGELOG and CITATION.cff agree")
    sys.exit(bool(problems))
