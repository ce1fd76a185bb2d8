"""The data files of a result folder.

The folder is written atomically and replaces only files of an older result. `manifest.json` lists the files
with their hashes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from serfsim.base import atomic_folders, manifest
from serfsim.base.atomic_files import create_folder
from serfsim.base.errors import ResultError, SerfsimWarning
from serfsim.base.locking import hold_lock_once

RESULT = "a result folder"
KIND = "result"  # in the manifest
SUMMARY = "summary.json"
SCENARIO = "scenario.yaml"
TRUTH = "truth.json"
LOG = "log.txt"
VIOLATIONS = "violations.json"
POOLS = "pools"  # a folder with a result of each pool
CAPTURES = ("capture.pcap", "capture.pcapng")
PACKETS = "packets.parquet"
TABLES = (
    "member_events",
    "probes",
    "coordinates",
    "coordinate_error",
    "traffic",
    "deliveries",
    "queues",
)
MEMBER_QUEUES = "member_queues"  # a table too, of `record: {replay: true}`

NAMES = (
    SUMMARY,
    SCENARIO,
    TRUTH,
    LOG,
    VIOLATIONS,
    POOLS,
    *CAPTURES,
    PACKETS,
    *(f"{name}.parquet" for name in (*TABLES, MEMBER_QUEUES)),
    manifest.FILE,
)


def _own(folder: Path) -> set[str]:
    kept = manifest.read(folder)
    return manifest.own_files(folder) if kept is not None and kept.kind == KIND else set()


def _ownership(complete: bool, more: Sequence[str]) -> atomic_folders.Owned:
    return atomic_folders.Owned(
        RESULT, _own, partial(manifest.seal, kind=KIND, complete=complete), (*NAMES, *more)
    )


def replacing(
    folder: Path, *, complete: bool = True, more: Sequence[str] = ()
) -> AbstractContextManager[Path]:
    """Yield a temporary folder that replaces `folder` when the block succeeds.

    `more`: files that may be written besides NAMES, such as plots and page. Files in `folder` that
    serfsim did not write stay. Raises ResultError if `folder` holds something other than a result or
    cannot be written.
    """
    return atomic_folders.replacing(folder, _ownership(complete, more), ResultError)


def check_replaceable(folder: Path, more: Sequence[str] = ()) -> None:
    """Raise the ResultError that `replacing` would raise, before the run rather than after it."""
    atomic_folders.check_replaceable(folder, _ownership(True, more), ResultError)


def lock_folder(folder: Path) -> AbstractContextManager[None]:
    """Lock the folder, which need not exist yet. Raises ResultError if another run holds it."""
    place = folder.absolute().resolve()
    create_folder(place.parent, ResultError)
    return hold_lock_once(
        place.with_name(f".{place.name}.lock"), folder, "is writing a run into it", ResultError
    )


def place_for(folder: Path, *, complete: bool, more: Sequence[str] = ()) -> Path:
    """Return `folder`, or FOLDER-partial if a partial result would replace a complete one."""
    if complete or not folder.is_dir():
        return folder
    kept = manifest.read(folder)
    if kept is None or not kept.complete:
        return folder
    names = (f"{folder.name}-partial", *(f"{folder.name}-partial-{turn}" for turn in range(2, 1000)))
    for place in (folder.absolute().with_name(name) for name in names):
        try:
            check_replaceable(place, more)
        except ResultError:
            continue
        kept = manifest.read(place) if place.is_dir() else None
        if kept is None or not kept.complete:
            return folder.parent / place.name
    raise ResultError(f"{folder}: holds a complete result, which a partial one must not replace")


def _root(folder: Path) -> Path:
    """Return the folder with the manifest of a result: of a pool's, that of its cluster."""
    folder = folder.absolute()
    return folder.parent.parent if folder.parent.name == POOLS else folder


def renew(folder: Path, paths: Iterable[Path]) -> None:
    """Update the manifest for files that were redrawn or rewritten, if they belong to a result."""
    folder = _root(folder)
    kept = manifest.read(folder)
    if kept is not None:
        root = folder.resolve()
        inside = [path.resolve().relative_to(root) for path in paths if path.resolve().is_relative_to(root)]
        manifest.renew(folder, kept.kind, [name.as_posix() for name in inside])


def unfinished_capture(folder: Path) -> Path:
    """Return the path of an unfinished capture for `folder`: beside it, so that finishing needs no copy."""
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}.capture-{os.getpid()}")


def unfinished_packets(capture: Path) -> Path:
    """Return the path of the unfinished table of packets, beside that of an unfinished capture."""
    return capture.with_name(f"{capture.name}.{PACKETS}")


def check_unaltered(folder: Path) -> None:
    """Raise ResultError, naming the files, if a result differs from what serfsim wrote."""
    if manifest.require_unaltered(_root(folder)) is None:
        warnings.warn(
            f"{folder} has no {manifest.FILE}: an earlier serfsim wrote it, and changes cannot be detected",
            SerfsimWarning,
            stacklevel=3,
        )


def require_result(folder: Path) -> None:
    """Raise ResultError if `folder` is not a result."""
    if not folder.is_dir():
        if folder.is_file():
            raise ResultError(f"{folder}: found a file; expected a result folder")
        raise ResultError(f"{folder}: no such result folder")
    missing = [name for name in (SUMMARY, TRUTH) if not (folder / name).is_file()]
    if missing:
        raise ResultError(f"{folder}: not a result folder: it has no {missing[0]}")
