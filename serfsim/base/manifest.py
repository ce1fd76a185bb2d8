"""The manifest of a folder: `manifest.json`, with size and hash of each file serfsim wrote.

It identifies a folder as serfsim's own. Only files that it lists and that are unchanged are ever replaced.
Readers of a result check its files against the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from serfsim.base.atomic_files import write_whole
from serfsim.base.errors import ResultError

FILE: Final = "manifest.json"
WRITER: Final = "serfsim"
SCHEMA_VERSION: Final = 1
LARGEST: Final = 4 * 1024 * 1024  # bytes of a manifest
LARGEST_HASHED: Final = 256 * 1024 * 1024  # readers check only the size of larger files (captures)


@dataclass(frozen=True)
class Manifest:
    """A folder's manifest.

    `files`: {relative path with slashes: (bytes, hash)}. `kind`: "result", "comparison" ...
    """

    kind: str
    complete: bool = True
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def read(folder: Path) -> Manifest | None:
    """Read the manifest of a folder; None if it has none of serfsim's.

    Raises ResultError for one that is damaged or names files elsewhere.
    """
    file = folder / FILE
    try:
        with file.open("rb") as stream:
            document = json.loads(stream.read(LARGEST).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("written_by") != WRITER:
        return None
    files = document.get("files")
    well_formed = isinstance(files, dict) and all(_is_entry(name, entry) for name, entry in files.items())
    if document.get("schema_version") != SCHEMA_VERSION or not isinstance(files, dict) or not well_formed:
        raise ResultError(f"{file}: cannot be read: edited, or written by another version of serfsim")
    kind, complete = str(document.get("kind")), document.get("complete") is not False
    return Manifest(kind, complete, {name: (entry["bytes"], entry["hash"]) for name, entry in files.items()})


def _is_entry(name: str, entry: Any) -> bool:
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and "\0" not in name and "\\" not in name
    return (
        inside
        and isinstance(entry, dict)
        and isinstance(entry.get("bytes"), int)
        and isinstance(entry.get("hash"), str)
    )


def seal(folder: Path, kind: str, *, complete: bool = True) -> None:
    """List every file in a folder that serfsim has just written."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {name: _entry(folder / name) for name in names if name != FILE}
    _write(folder, Manifest(kind, complete, files))


def renew(folder: Path, kind: str, names: Iterable[str]) -> None:
    """Update the entries of written files in the manifest; create one if necessary."""
    kept = read(folder) or Manifest(kind)
    files = {**kept.files, **{name: _entry(folder / name) for name in names}}
    _write(folder, Manifest(kept.kind, kept.complete, files))


def _write(folder: Path, manifest: Manifest) -> None:
    document = {
        "written_by": WRITER,
        "schema_version": SCHEMA_VERSION,
        "kind": manifest.kind,
        "complete": manifest.complete,
        "files": {name: {"bytes": size, "hash": mark} for name, (size, mark) in manifest.files.items()},
    }
    write_whole(folder / FILE, json.dumps(document, indent=1) + "\n", ResultError)


def _entry(path: Path) -> tuple[int, str]:
    digest = hashlib.blake2b(digest_size=16)
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def is_as_written(folder: Path, name: str, manifest: Manifest, *, thorough: bool = True) -> bool:
    """Return True if a file is unchanged since the manifest was written, and not a link."""
    path = folder / name
    listed = manifest.files.get(name)
    try:
        if listed is None or path.is_symlink() or not path.is_file() or path.stat().st_size != listed[0]:
            return False
        return (not thorough and listed[0] > LARGEST_HASHED) or _entry(path) == listed
    except OSError:
        return False


def own_files(folder: Path) -> set[str]:
    """Return the relative paths of unchanged files that serfsim wrote in a folder."""
    manifest = read(folder)
    if manifest is None:
        return set()
    return {FILE, *(name for name in manifest.files if is_as_written(folder, name, manifest))}


def altered_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files that differ from the manifest; removed files do not count."""
    return [
        name
        for name in manifest.files
        if os.path.lexists(folder / name) and not is_as_written(folder, name, manifest, thorough=False)
    ]


def require_unaltered(folder: Path) -> Manifest | None:
    """Return the manifest of an unaltered folder; None without a manifest.

    Raises ResultError, naming the files, where some were changed, truncated or added.
    """
    manifest = read(folder)
    changed = [] if manifest is None else altered_files(folder, manifest)
    if changed:
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        verb = "is" if len(changed) == 1 else "are"
        raise ResultError(
            f"{folder}: {names} {verb} not as serfsim wrote {'it' if len(changed) == 1 else 'them'}"
            f" ({FILE} has other hashes): altered or truncated; run it again"
        )
    return manifest
