"""The scenarios that come with serfsim.

In a checkout they lie in the folder `scenarios` beside the package; an installed package carries the
same files as `serfsim/_scenarios`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path | None:
    """Their folder, or None in an installation without them."""
    for candidate in (_PACKAGE / "_scenarios", _PACKAGE.parent / "scenarios"):
        if candidate.is_dir():
            return candidate
    return None


def shipped() -> dict[str, Path]:
    """Their files by name, in order of name."""
    found = folder()
    return {file.stem: file for file in sorted(found.glob("*.yaml"))} if found else {}


def find(file: str | Path) -> Path:
    """Return the file of that name, or the shipped scenario of that name."""
    path = Path(file)
    try:
        is_there = path.exists()
    except (OSError, ValueError):  # no file can have such a name
        return path
    if not is_there and path.name == str(file):
        return shipped().get(path.stem if path.suffix in (".yaml", "") else path.name, path)
    return path
