"""The result folder: written whole or not at all.

Everything goes into a sibling folder with a temporary name first, which is renamed when it is
complete. An older result of the same name stands until then, and nothing but a result (or an
empty folder) is ever replaced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serfsim.errors import ResultError

SUMMARY = "summary.json"
SCENARIO = "scenario.yaml"
TRUTH = "truth.json"
LOG = "log.txt"
CAPTURE = "capture.pcap"
PLOTS = "plots"
PAGE = "report.html"
TABLES = (
    "member_events",
    "probes",
    "coordinates",
    "coordinate_error",
    "traffic",
    "deliveries",
)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `folder` when the block ends well.

    Raises ResultError where `folder` holds something that is not a result, or cannot be written.
    """
    folder = folder.absolute()
    if folder.exists() and not is_replaceable(folder):
        raise ResultError(f"{folder}: exists and is not a result folder (no {SUMMARY}); it was left as it is")
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    former = folder.with_name(f".{folder.name}.former-{os.getpid()}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        yield partial
        if folder.exists():
            folder.rename(former)
        try:
            partial.rename(folder)
        except OSError:
            if former.exists():
                former.rename(folder)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def unfinished_capture(folder: Path) -> Path:
    """Where a capture is written that is to go into `folder`: beside it, so that it need not be copied."""
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}.capture-{os.getpid()}")


def is_replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / SUMMARY).is_file() or not any(folder.iterdir()))


def require_result(folder: Path) -> None:
    """Raises ResultError with one clear message where `folder` is not a result."""
    if not folder.is_dir():
        if folder.is_file():
            raise ResultError(f"{folder}: found a file; expected a result folder")
        raise ResultError(f"{folder}: there is no such result folder")
    missing = [name for name in (SUMMARY, TRUTH) if not (folder / name).is_file()]
    if missing:
        raise ResultError(f"{folder}: is not a result folder: it has no {missing[0]}")
