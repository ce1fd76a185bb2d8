"""One sweep at a time in a folder.

The lock is the operating system's, on an open file: it goes when its process does, even when that was
killed, so a dead sweep never keeps the next one out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from serfsim.errors import SweepError
from serfsim.whole import cannot_write

LOCK: Final = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises SweepError where another sweep does."""
    file = folder / LOCK
    try:
        stream = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise cannot_write(file, error, SweepError) from None
    with stream:
        if not _taken(stream):
            stream.seek(0)
            who = stream.read().strip()
            whose = f"process {who}" if who else "another process"
            raise SweepError(
                f"{folder}: {whose} is carrying out a sweep in it; wait for its end, or choose another folder"
            )
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def _taken(stream: IO[str]) -> bool:
    """False where another process holds the file. Where there are no such locks nobody ever does."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: parts are whole however many write them
        return True
    return True
