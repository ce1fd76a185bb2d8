"""A capture file: pcap with nanoseconds, raw IP packets.

It is written under a temporary name while a run goes on. It belongs to the run's result, which puts it
into its folder; without that it goes when nobody can ask for it any more.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from serfsim.errors import ResultError

NANOSECOND_MAGIC = 0xA1B23C4D
VERSION = (2, 4)
LONGEST = 262144
RAW_IP = 101
BUFFER = 1 << 20
NS = 1_000_000_000


class KeptCapture:
    """A capture that stands in a result folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, target: Path) -> None:
        """Have it as `target` too."""
        shutil.copyfile(self.path, target)

    def stays(self, target: Path) -> None:
        """It is at `target` for good."""
        self.path = target


class CaptureFile(KeptCapture):
    """One being written. `path` may not exist yet; without one it is among the system's temporary files."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ResultError where it cannot be written, as all that write to it do."""
        if path is None:
            handle, name = tempfile.mkstemp(prefix="serfsim-", suffix=".pcap")
            os.close(handle)
            path = Path(name)
        super().__init__(path)
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: BinaryIO = path.open("wb", buffering=BUFFER)
        self._removal = weakref.finalize(self, _remove, self._stream, path)
        self._stream.write(struct.pack("<IHHiIII", NANOSECOND_MAGIC, *VERSION, 0, 0, LONGEST, RAW_IP))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ResultError(f"{self.path}: cannot be written: {error.strerror or error}") from None

    def write(self, ns: int, packet: bytes) -> None:
        """One IP packet at a time in nanoseconds since 1970."""
        length = len(packet)
        record = struct.pack("<IIII", ns // NS, ns % NS, length, length) + packet
        with self._telling():
            self._stream.write(record)

    def close(self) -> None:
        """It is whole."""
        with self._telling():
            self._stream.close()

    def put(self, target: Path) -> None:
        """Have it as `target` too, by a second name where the file system has those: the first will go."""
        self.close()
        try:
            os.link(self.path, target)
        except OSError:
            super().put(target)

    def discard(self) -> None:
        """Nobody keeps it."""
        self._removal()

    def stays(self, target: Path) -> None:
        self.discard()
        super().stays(target)


def _remove(stream: BinaryIO, path: Path) -> None:
    with suppress(OSError):
        stream.close()
    path.unlink(missing_ok=True)
