"""Columns of rows that arrive in pieces; many rows are kept in a file and mapped.

A mass join of n members is n * n rows. Arrays of that size from `columns` are views of a mapped file,
which has no name and disappears with the last of them. Readers release the pages of a piece after use
(`let_go`), so that a pass over all rows needs the memory of one piece.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

IN_MEMORY: Final = 1 << 17  # rows; more go to a file
PIECE: Final = 1 << 18  # rows per step of a pass

Column = NDArray[Any]


class Rows:
    """A growing table; beyond `most` rows it moves to a file, as long as the disk has space.

    `kinds`: the type of each column.
    """

    def __init__(self, kinds: Sequence[Any], most: int = IN_MEMORY) -> None:
        self.kinds = [np.dtype(kind) for kind in kinds]
        self.most = most
        self._parts: list[Sequence[Column]] = []
        self._waiting = 0  # rows in `_parts`
        self._written = 0
        self._files: list[IO[bytes]] | None = None
        self._disk_is_full = False
        self._process = os.getpid()

    def __len__(self) -> int:
        return self._written + self._waiting

    def append(self, columns: Sequence[Column]) -> None:
        """Append rows, one array per column. They are not copied."""
        if len(columns[0]):
            self._parts.append(columns)
            self._waiting += len(columns[0])
        if self._waiting > self.most and not self._disk_is_full:
            self._write()

    def _write(self) -> None:
        try:
            if self._files is None:
                self._files = [_unnamed_file() for _ in self.kinds]
            elif self._process != os.getpid():
                self._part_ways(self._files)
            while self._parts:
                part = self._parts[0]
                for file, column, kind in zip(self._files, part, self.kinds, strict=True):
                    _write_all(file, np.ascontiguousarray(column, dtype=kind))
                del self._parts[0]
                self._written += len(part[0])
                self._waiting -= len(part[0])
        except OSError:
            # Rows not written completely stay in memory.
            self._disk_is_full = True

    def _part_ways(self, shared: Sequence[IO[bytes]]) -> None:
        """Copy the files, in a forked process: two that append to one file spoil it for each other."""
        self._files = [_unnamed_file() for _ in shared]
        for file, old, kind in zip(self._files, shared, self.kinds, strict=True):
            size = self._written * kind.itemsize
            if size:
                with mmap.mmap(old.fileno(), size, access=mmap.ACCESS_READ) as mapped:
                    _write_all(file, np.frombuffer(mapped, dtype=kind).copy())
        self._process = os.getpid()

    def columns(self) -> list[Column]:
        """Return all rows, one array per column. Nothing may be appended afterwards."""
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
    """Yield slices of PIECE rows over first .. last - 1, releasing a piece's pages after use."""
    last = len(columns[0]) if last is None else last
    for low in range(first, last, PIECE):
        yield slice(low, min(low + PIECE, last))
        let_go(columns)


def let_go(columns: Sequence[Column]) -> None:
    """Release the mapped pages of arrays in files; they are read again on demand."""
    for column in columns:
        base: Any = column
        while isinstance(base, np.ndarray):
            base = base.base
        held = base.obj if isinstance(base, memoryview) else base
        if isinstance(held, mmap.mmap) and hasattr(held, "madvise"):
            held.madvise(mmap.MADV_DONTNEED)
