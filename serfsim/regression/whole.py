"""Folders that are replaced whole or not at all, and only if they are ours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serfsim.errors import BaselineError


def check_writable(folder: Path, mark: str, what: str) -> None:
    """Raises BaselineError where `replacing` would: before the work rather than after it."""
    try:
        restore(folder)
        if folder.exists() and not _is_ours(folder, mark):
            raise BaselineError(f"{folder}: holds something that is not {what}; it was left as it is")
        above = next(place for place in folder.absolute().parents if place.exists())
        if not above.is_dir():
            raise BaselineError(f"{folder}: found the file {above}; expected a folder to write in")
        if not os.access(above, os.W_OK | os.X_OK):
            raise BaselineError(f"{folder}: cannot be written: {above} allows no new files")
    except OSError as error:
        raise BaselineError(f"{folder}: cannot be written: {error.strerror or error}") from None


def restore(folder: Path) -> None:
    """Give back what a `replacing` took away that was killed between its two renames."""
    folder = folder.resolve()
    left = sorted(folder.parent.glob(f".{folder.name}.former-*"), key=lambda place: place.stat().st_mtime)
    if left and not folder.exists():
        left[-1].rename(folder)
        shutil.rmtree(left[-1].with_name(left[-1].name.replace(".former-", ".partial-")), ignore_errors=True)


@contextmanager
def replacing(folder: Path, mark: str, what: str) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `folder` when the block ends well.

    `mark` is the file by which a folder is known to be `what`. Raises BaselineError where `folder` holds
    something else, or cannot be written; then, and when interrupted, it stays as it was: after a kill at the
    worst moment by the next call of `restore`. A link to a folder stays one.
    """
    folder = folder.resolve()
    check_writable(folder, mark, what)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    former = folder.with_name(f".{folder.name}.former-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        yield partial
        if folder.exists():
            folder.rename(former)
        try:
            partial.rename(folder)
        except BaseException:
            if former.exists():
                former.rename(folder)
            raise
    except OSError as error:
        raise BaselineError(f"{folder}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)


def write_whole(path: Path, text: str) -> None:
    """One file: written under another name and renamed."""
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _is_ours(folder: Path, mark: str) -> bool:
    """What it should be, or nothing yet."""
    return folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))
