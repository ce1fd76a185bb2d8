"""What serfsim wrote into a folder: `manifest.json`, with size and hash of each of its files.

It is the mark by which a folder is known as serfsim's own, whatever else has a file of the same name; only
files that it lists, and that nobody changed since, are ever replaced. Whoever reads a result checks them
against it.
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
LARGEST_HASHED: Final = 256 * 1024 * 1024  # of larger files (captures) only the size is looked at by readers


@dataclass(frozen=True)
class Manifest:
    """`files`: {name from the folder, with slashes: (bytes, hash)}. `kind`: "result", "comparison" ..."""

    kind: str
    complete: bool = True
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def read(folder: Path) -> Manifest | None:
    """The manifest of a folder; None where it has none of serfsim's.

    Raises ResultError for one that is serfsim's and cannot be understood, or names files elsewhere.
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
        raise ResultError(f"{file}: cannot be understood: it was altered, or another serfsim wrote it")
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
    """List all that is in a folder, which serfsim has just written."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {name: _entry(folder / name) for name in names if name != FILE}
    _write(folder, Manifest(kind, complete, files))


def renew(folder: Path, kind: str, names: Iterable[str]) -> None:
    """Enter files that were written, or written anew, into the manifest; make one where there is none."""
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
    """Whether a file is the very one that the manifest lists, and not a link to another."""
    path = folder / name
    listed = manifest.files.get(name)
    try:
        if listed is None or path.is_symlink() or not path.is_file() or path.stat().st_size != listed[0]:
            return False
        return (not thorough and listed[0] > LARGEST_HASHED) or _entry(path) == listed
    except OSError:
        return False


def own(folder: Path) -> set[str]:
    """The files in a folder that serfsim wrote and nobody changed since, by their names from the folder."""
    manifest = read(folder)
    if manifest is None:
        return set()
    return {FILE, *(name for name in manifest.files if is_as_written(folder, name, manifest))}


def altered(folder: Path, manifest: Manifest) -> list[str]:
    """The files that are there and are not as serfsim wrote them. Whatever was taken away is not altered."""
    return [
        name
        for name in manifest.files
        if os.path.lexists(folder / name) and not is_as_written(folder, name, manifest, thorough=False)
    ]


def require_unaltered(folder: Path) -> Manifest | None:
    """The manifest of a folder that is as serfsim wrote it; None where it has none.

    Raises ResultError, with the names of the files, where something was changed, cut short or put in.
    """
    manifest = read(folder)
    changed = [] if manifest is None else altered(folder, manifest)
    if changed:
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        verb = "is" if len(changed) == 1 else "are"
        raise ResultError(
            f"{folder}: {names} {verb} not as serfsim wrote {'it' if len(changed) == 1 else 'them'}"
            f" ({FILE} has other hashes): altered or cut short; run it again"
        )
    return manifest
