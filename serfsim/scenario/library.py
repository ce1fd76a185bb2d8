"""The library of situations that comes with serfsim: scenario files in a folder for each kind.

In a checkout they lie in the folder `scenarios` beside the package; an installed package carries the
same files as `serfsim/_scenarios`.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    "udp": "UDP blocked, lossy, or one way",
    "partial_networks": "some members reach only some others",
    "slow_members": "slow, starved, paused and overloaded members",
    "storms_and_scale": "many members, many failures, full queues",
    "tuning": "which settings to choose",
    "partitions": "clusters cut in parts, and healed",
    "names_and_restarts": "restarts, new addresses, names used again",
    "coordinates": "round trips estimated from network coordinates",
    "events_and_queries": "user events, queries, and how they spread",
    "upgrades": "releases side by side, and upgrades",
    "security": "keys, labels, forged messages",
}
"""The kinds of situations in the order of the manual: folder, and what it holds."""

OF_NO_FOLDER: Final[Mapping[str, str]] = {"udp_blocked": "udp"}
"""The first scenario anybody runs lies above the folders; its kind."""

_PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path | None:
    """Their folder, or None in an installation without them."""
    for candidate in (_PACKAGE / "_scenarios", _PACKAGE.parent / "scenarios"):
        if candidate.is_dir():
            return candidate
    return None


def shipped() -> dict[str, Path]:
    """Their files by name, in order of kind and name."""
    return {file.stem: file for kind in KINDS for file in of_kind(kind)}


def of_kind(kind: str) -> list[Path]:
    """Return the files of one kind in order of name."""
    place = folder()
    if place is None:
        return []
    above = (place / f"{name}.yaml" for name, of in OF_NO_FOLDER.items() if of == kind)
    return sorted([*place.joinpath(kind).glob("*.yaml"), *above], key=lambda file: file.stem)


def kind_of(name: str) -> str:
    """Return the kind of a shipped scenario, "" for any other name."""
    file = shipped().get(name)
    return OF_NO_FOLDER.get(name, file.parent.name) if file else ""


def find(file: str | Path) -> Path:
    """Return the file of that name, or the shipped scenario of that name.

    A file that lay in a folder before its scenarios were sorted into folders of their own is found in the one
    below that has it.
    """
    path = Path(file)
    try:
        if path.exists():
            return path
        if path.name == str(file):
            return shipped().get(path.stem if path.suffix in (".yaml", "") else path.name, path)
        return _one_below(path) or path
    except (OSError, ValueError):  # no file can have such a name
        return path


def _one_below(path: Path) -> Path | None:
    """Return the only file of that name in the folders right below its own."""
    if path.suffix != ".yaml":
        return None
    found = sorted(_below(path))
    return found[0] if len(found) == 1 else None


def _below(path: Path) -> Iterator[Path]:
    return path.parent.glob(f"*/{glob.escape(path.name)}")
