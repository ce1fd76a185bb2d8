"""One at a time in a folder: the operating system's lock on a file, which goes when its process does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serfsim.base.atomic_files import Kind, cannot_write
from serfsim.base.errors import SerfsimError

_HELD: set[str] = set()


@contextmanager
def locked(
    file: Path, folder: Path, doing: str, error: Kind = SerfsimError, *, passing: bool = False
) -> Iterator[None]:
    """Hold the lock that is `file` while the block lasts.

    `folder` and `doing` ("is carrying out a sweep in it") are for the message. `passing`: the file goes
    when the block ends. Raises `error` where another process holds it.
    """
    # start-up: filelock is slow to import
    from filelock import FileLock, Timeout

    whose = "another process"
    with suppress(OSError, ValueError):
        whose = f"process {int(file.read_text(encoding='utf-8'))}"
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        remedy = "wait for its end, or choose another folder"
        raise error(f"{folder}: {whose} {doing}; {remedy}") from None
    except OSError as cause:
        raise cannot_write(file, cause, error) from None
    try:
        with suppress(OSError):  # Windows lets nobody write into a locked file, not even its owner
            file.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        if passing:
            with suppress(OSError):  # while it is held: who waits for it asks for a new file then
                file.unlink()
        lock.release()


@contextmanager
def locked_once(file: Path, folder: Path, doing: str, error: Kind = SerfsimError) -> Iterator[None]:
    """The same, and nothing more where this process holds it already."""
    name = str(file.resolve())
    if name in _HELD:
        yield
        return
    with locked(file, folder, doing, error, passing=True):
        _HELD.add(name)
        try:
            yield
        finally:
            _HELD.discard(name)
