"""A capture file: raw IP packets with nanoseconds, as pcap or as pcapng.

pcapng has names for addresses and comments on packets besides (draft-ietf-opsawg-pcapng: section header,
interface description, name resolution and enhanced packet blocks).

It is written under a temporary name while a run goes on. It belongs to the run's result, which puts it
into its folder; without that it goes when nobody can ask for it any more.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from serfsim.base.errors import ResultError

NANOSECOND_MAGIC = 0xA1B23C4D
VERSION = (2, 4)
LONGEST = 262144
RAW_IP = 101
BUFFER = 1 << 20
NS = 1_000_000_000

SECTION_HEADER = 0x0A0D0D0A
INTERFACE = 1
NAMES = 4
ENHANCED_PACKET = 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
COMMENT = 1  # of any block
IF_NAME = 2
IF_TSRESOL = 9
IPV4_NAME = 1
USER_APPLICATION = 4


class KeptCapture:
    """A capture that stands in a result folder, where it has the name `name`."""

    name = "capture.pcap"

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.name in (CaptureFile.name, PcapngFile.name):
            self.name = path.name

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
            handle, name = tempfile.mkstemp(prefix="serfsim-", suffix=Path(self.name).suffix)
            os.close(handle)
            path = Path(name)
        super().__init__(path)
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: BinaryIO = path.open("wb", buffering=BUFFER)
        self._removal = weakref.finalize(self, _remove, self._stream, path)
        self._begin()

    def _begin(self) -> None:
        self._stream.write(struct.pack("<IHHiIII", NANOSECOND_MAGIC, *VERSION, 0, 0, LONGEST, RAW_IP))

    def name_hosts(self, names: Mapping[bytes, str]) -> None:
        """Note what IPv4 addresses are called, where the format can."""

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ResultError(f"{self.path}: cannot be written: {error.strerror or error}") from None

    def write(self, ns: int, packet: bytes, comment: str = "") -> None:
        """Write one IP packet at a time in nanoseconds since 1970, with a comment where the format can."""
        with self._telling():
            self._stream.write(self._record(ns, packet, comment))

    def _record(self, ns: int, packet: bytes, comment: str) -> bytes:
        length = len(packet)
        return struct.pack("<IIII", ns // NS, ns % NS, length, length) + packet

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


class PcapngFile(CaptureFile):
    """A capture with names and comments."""

    name = "capture.pcapng"

    def _begin(self) -> None:
        program = _option(USER_APPLICATION, b"serfsim")
        header = struct.pack("<IHHQ", BYTE_ORDER_MAGIC, 1, 0, UNKNOWN_LENGTH) + program
        self._stream.write(_block(SECTION_HEADER, header + _option(0)))
        interface = struct.pack("<HHI", RAW_IP, 0, LONGEST)
        options = _option(IF_NAME, b"simulated") + _option(IF_TSRESOL, b"\x09") + _option(0)
        self._stream.write(_block(INTERFACE, interface + options))

    def name_hosts(self, names: Mapping[bytes, str]) -> None:
        records = b"".join(
            _option(IPV4_NAME, address + name.encode() + b"\0") for address, name in names.items()
        )
        with self._telling():
            self._stream.write(_block(NAMES, records + _option(0)))

    def _record(self, ns: int, packet: bytes, comment: str) -> bytes:
        length = len(packet)
        head = struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, length, length)
        options = _option(COMMENT, comment.encode()) + _option(0) if comment else b""
        return _block(ENHANCED_PACKET, head + _padded(packet) + options)


FORMATS: Mapping[str, type[CaptureFile]] = {"pcap": CaptureFile, "pcapng": PcapngFile}
"""What `record.packets` may name, which is also what the file's name ends with."""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes = b"") -> bytes:
    """An option of a block, or a record of its list of names; without a value the end of either."""
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _remove(stream: BinaryIO, path: Path) -> None:
    with suppress(OSError):
        stream.close()
    path.unlink(missing_ok=True)
