"""Exclusive use of a folder: an operating system lock on a file, released when the process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serfsim.base.atomic_files import Kind, cannot_write
from serfsim.base.errors import SerfsimError

_HELD: set[str] = set()


@contextmanager
def hold_lock(
    file: Path, folder: Path, doing: str, error: Kind = SerfsimError, *, passing: bool = False
) -> Iterator[None]:
    """Hold the lock on `file` during the block.

    `folder` and `doing` ("is carrying out a sweep in it") go into the message. `passing`: delete the file
    when the block ends. Raises `error` where another process holds the lock.
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
        with suppress(OSError):  # Windows forbids writing into a locked file, even to its owner
            file.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        if passing:
            with suppress(OSError):  # while holding it: a waiting process then creates a new file
                file.unlink()
        lock.release()


@contextmanager
def hold_lock_once(file: Path, folder: Path, doing: str, error: Kind = SerfsimError) -> Iterator[None]:
    """Hold the lock during the block, without effect where this process holds it already."""
    name = str(file.resolve())
    if name in _HELD:
        yield
        return
    with hold_lock(file, folder, doing, error, passing=True):
        _HELD.add(name)
        try:
            yield
        finally:
            _HELD.discard(name)
