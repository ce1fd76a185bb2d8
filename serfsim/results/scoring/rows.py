"""Columns of rows that come in pieces. Of many rows they lie in a file, whose pages are read when asked for.

A mass join of n members is n * n rows. The arrays that `columns` gives of so many are views of that file;
it has no name and goes with the last of them. Whoever has read a piece of such arrays lets its pages go
(`let_go`), so that a pass over all rows needs the memory of one piece.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

IN_MEMORY: Final = 1 << 17  # rows; more lie in a file
PIECE: Final = 1 << 18  # rows that a pass takes at a time

Column = NDArray[Any]


class Rows:
    """`kinds`: the type of each column. Beyond `most` rows they go into a file, while the disk takes them."""

    def __init__(self, kinds: Sequence[Any], most: int = IN_MEMORY) -> None:
        self.kinds = [np.dtype(kind) for kind in kinds]
        self.most = most
        self._parts: list[Sequence[Column]] = []
        self._waiting = 0  # rows in `_parts`
        self._written = 0
        self._files: list[IO[bytes]] | None = None
        self._disk_is_full = False

    def __len__(self) -> int:
        return self._written + self._waiting

    def append(self, columns: Sequence[Column]) -> None:
        """Take in the next rows, an array a column. They are not copied."""
        if len(columns[0]):
            self._parts.append(columns)
            self._waiting += len(columns[0])
        if self._waiting > self.most and not self._disk_is_full:
            self._write()

    def _write(self) -> None:
        try:
            if self._files is None:
                self._files = [_unnamed_file() for _ in self.kinds]
            while self._parts:
                part = self._parts[0]
                for file, column, kind in zip(self._files, part, self.kinds, strict=True):
                    _write_all(file, np.ascontiguousarray(column, dtype=kind))
                del self._parts[0]
                self._written += len(part[0])
                self._waiting -= len(part[0])
        except OSError:
            # What is not written whole stays in memory.
            self._disk_is_full = True

    def columns(self) -> list[Column]:
        """All rows, an array a column. Nothing may be appended afterwards."""
        if self._written and not self._disk_is_full:
            self._write()
        found = [self._column(place) for place in range(len(self.kinds))]
        self._parts = []
        return found

    def _column(self, place: int) -> Column:
        kind = self.kinds[place]
        parts = [np.asarray(part[place], dtype=kind) for part in self._parts]
        if self._files is not None and self._written:
            size = self._written * kind.itemsize
            mapped = mmap.mmap(self._files[place].fileno(), size, access=mmap.ACCESS_READ)
            parts.insert(0, np.frombuffer(mapped, dtype=kind))
            self._files[place].close()  # the map holds the file
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)


def _unnamed_file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


def _write_all(file: IO[bytes], column: Column) -> None:
    rest = column.data.cast("B")
    while len(rest):
        rest = rest[file.write(rest) :]


def in_pieces(columns: Sequence[Column], first: int = 0, last: int | None = None) -> Iterator[slice]:
    """The places first .. last - 1 of these columns, PIECE at a time; pages of a file go with the next."""
    last = len(columns[0]) if last is None else last
    for low in range(first, last, PIECE):
        yield slice(low, min(low + PIECE, last))
        let_go(columns)


def let_go(columns: Sequence[Column]) -> None:
    """Let the pages go that were read of arrays in files. They are read again when asked for."""
    for column in columns:
        base: Any = column
        while isinstance(base, np.ndarray):
            base = base.base
        held = base.obj if isinstance(base, memoryview) else base
        if isinstance(held, mmap.mmap) and hasattr(held, "madvise"):
            held.madvise(mmap.MADV_DONTNEED)
