"""Files that grow during a run and move into its result folder at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serfsim.base.errors import ResultError


class KeptFile:
    """A file of a result folder, under the name `name`."""

    name = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, target: Path) -> None:
        """Copy the file to `target`."""
        shutil.copyfile(self.path, target)

    def keep_at(self, target: Path) -> None:
        """Record `target` as the final place."""
        self.path = target


class UnfinishedFile(KeptFile):
    """A file being written. It has a temporary name and is removed with its last reference.

    `path` may not exist yet; by default it is a temporary file.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            handle, name = tempfile.mkstemp(prefix="serfsim-", suffix=Path(self.name).suffix)
            os.close(handle)
            path = Path(name)
        super().__init__(path)
        with self._write_errors():
            path.parent.mkdir(parents=True, exist_ok=True)

    def remove_with(self, close: Callable[[], None]) -> None:
        """Remove the file with its last reference, after `close`, which must not refer to this object."""
        self._removal = weakref.finalize(self, _remove, close, self.path)

    @contextmanager
    def _write_errors(self) -> Iterator[None]:
        """Raise ResultError where the file cannot be written."""
        try:
            yield
        except OSError as error:
            raise ResultError(f"{self.path}: cannot be written: {error.strerror or error}") from None

    def close(self) -> None:
        """Finish the file. Raises ResultError if it cannot be written."""
        raise NotImplementedError

    def put(self, target: Path) -> None:
        """Link the file to `target`, or copy it if the file system has no links: the original goes away."""
        self.close()
        try:
            os.link(self.path, target)
        except OSError:
            super().put(target)

    def discard(self) -> None:
        """Remove the file."""
        self._removal()

    def keep_at(self, target: Path) -> None:
        self.discard()
        super().keep_at(target)


def _remove(close: Callable[[], None], path: Path) -> None:
    with suppress(OSError):
        close()
    path.unlink(missing_ok=True)
