"""Files and folders that are written whole or not at all.

Everything goes under a temporary name beside its place first, and is renamed when it is complete; what
was there before stands until then. A folder is replaced only if it is known by a file in it, its mark,
to be what takes its place, or if it is empty.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from serfsim.errors import SerfsimError

Kind = type[SerfsimError]


def write_whole(
    path: Path, content: str | bytes, error: Kind = SerfsimError, *, on_disk: bool = False
) -> None:
    """Write a file. Raises `error` where that cannot be.

    `on_disk`: wait for the disk before the renaming, so that not even a power failure tears it.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            if on_disk:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as cause:
        raise cannot_write(path, cause, error) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_each(folder: Path, files: Mapping[str, str | bytes], error: Kind = SerfsimError) -> None:
    """Write files into a folder, made where need be, each whole. Raises `error` where that cannot be."""
    made(folder, error)
    for name, content in files.items():
        write_whole(folder / name, content, error)


def cannot_write(path: Path, cause: OSError, error: Kind = SerfsimError) -> SerfsimError:
    return error(f"{path}: cannot be written: {cause.strerror or cause}")


def made(folder: Path, error: Kind = SerfsimError) -> Path:
    """The folder, made where it is not there yet. Raises `error` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
    return folder


@contextmanager
def replacing(folder: Path, mark: str, what: str, error: Kind = SerfsimError) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `folder` when the block ends well.

    `mark` is the file by which a folder is known to be `what`. Raises `error` where `folder` holds something
    else, or cannot be written; then, and when interrupted, it stays as it was: after a kill at the worst
    moment by the next call of `restore`. A link to a folder stays one.
    """
    folder = folder.resolve()
    check_replaceable(folder, mark, what, error)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    former = folder.with_name(f".{folder.name}.former-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
    try:
        yield partial
        _exchange(folder, partial, former)
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)


def _exchange(folder: Path, partial: Path, former: Path) -> None:
    if folder.exists():
        folder.rename(former)
    try:
        partial.rename(folder)
    except BaseException:
        if former.exists():
            former.rename(folder)
        raise


def restore(folder: Path) -> None:
    """Give back what a `replacing` took away that was killed between its two renames."""
    folder = folder.resolve()
    left = sorted(folder.parent.glob(f".{folder.name}.former-*"), key=lambda place: place.stat().st_mtime)
    if left and not folder.exists():
        left[-1].rename(folder)
        shutil.rmtree(left[-1].with_name(left[-1].name.replace(".former-", ".partial-")), ignore_errors=True)


def check_replaceable(folder: Path, mark: str, what: str, error: Kind = SerfsimError) -> None:
    """Raises where `replacing` would: before the work rather than after it."""
    try:
        restore(folder)
        if folder.exists() and not is_replaceable(folder, mark):
            raise error(
                f"{folder}: found something that is not {what} (no {mark});"
                f" expected a new folder, an empty one or {what}"
            )
        above = next(place for place in folder.absolute().parents if place.exists())
        if not above.is_dir():
            raise error(f"{folder}: found the file {above}; expected a folder to write in")
        if not os.access(above, os.W_OK | os.X_OK):
            raise error(f"{folder}: cannot be written: {above} allows no new files")
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None


def is_replaceable(folder: Path, mark: str) -> bool:
    """What the mark says that it is, or nothing yet."""
    return folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))
