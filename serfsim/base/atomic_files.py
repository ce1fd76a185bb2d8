"""Atomic writes of files.

A file is written under a temporary name beside its destination and renamed when complete; an older file stays
until then.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from serfsim.base.errors import SerfsimError

Kind = type[SerfsimError]


def write_whole(
    path: Path, content: str | bytes, error: Kind = SerfsimError, *, on_disk: bool = False
) -> None:
    """Write a file atomically.

    `on_disk`: fsync before renaming, so that not even a power failure tears the file. Raises `error` where it
    cannot be written.
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


def write_new(path: Path, content: str, error: Kind = SerfsimError) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises:
        FileExistsError: something has that name; it stays as it is.
        SerfsimError: as `error`, where the file cannot be written.
    """
    try:
        path.open("x").close()
    except FileExistsError:
        raise
    except OSError as cause:
        raise cannot_write(path, cause, error) from None
    try:
        write_whole(path, content, error)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def cannot_write(path: Path, cause: OSError, error: Kind = SerfsimError) -> SerfsimError:
    return error(f"{path}: cannot be written: {cause.strerror or cause}")


def create_folder(folder: Path, error: Kind = SerfsimError) -> Path:
    """Create the folder if necessary and return it.

    Raises `error` where it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
    return folder
