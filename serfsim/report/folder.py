"""The result folder: what is in it. It is written whole or not at all, and replaces only an older result."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from serfsim import whole
from serfsim.errors import ResultError

RESULT = "a result folder"
SUMMARY = "summary.json"
SCENARIO = "scenario.yaml"
TRUTH = "truth.json"
LOG = "log.txt"
CAPTURES = ("capture.pcap", "capture.pcapng")
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


def replacing(folder: Path) -> AbstractContextManager[Path]:
    """Yields a temporary folder that takes the place of `folder` when the block ends well.

    Raises ResultError where `folder` holds something that is not a result, or cannot be written.
    """
    return whole.replacing(folder, SUMMARY, RESULT, ResultError)


def check_replaceable(folder: Path) -> None:
    """Raises ResultError where `replacing` would: before the run rather than after it."""
    whole.check_replaceable(folder, SUMMARY, RESULT, ResultError)


def unfinished_capture(folder: Path) -> Path:
    """Where a capture is written that is to go into `folder`: beside it, so that it need not be copied."""
    folder = folder.absolute()
    return folder.with_name(f".{folder.name}.capture-{os.getpid()}")


def require_result(folder: Path) -> None:
    """Raises ResultError with one clear message where `folder` is not a result."""
    if not folder.is_dir():
        if folder.is_file():
            raise ResultError(f"{folder}: found a file; expected a result folder")
        raise ResultError(f"{folder}: there is no such result folder")
    missing = [name for name in (SUMMARY, TRUTH) if not (folder / name).is_file()]
    if missing:
        raise ResultError(f"{folder}: is not a result folder: it has no {missing[0]}")
