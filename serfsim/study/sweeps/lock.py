"""One sweep at a time in a folder."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from serfsim.base import locking
from serfsim.base.errors import SweepError

LOCK: Final = ".lock"


def locked(folder: Path) -> AbstractContextManager[None]:
    """Hold the folder. Raises SweepError where another sweep does."""
    return locking.locked(folder / LOCK, folder, "is carrying out a sweep in it", SweepError)
