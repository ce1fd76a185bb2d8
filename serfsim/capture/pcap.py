"""A capture file: raw IP packets with nanosecond timestamps, as pcap or pcapng.

pcapng also has names for addresses and comments on packets (draft-ietf-opsawg-pcapng: section header,
interface description, name resolution and enhanced packet blocks).

The file has a temporary name during a run. The run's result moves it into its folder; otherwise it is
removed with its last reference.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from serfsim.base.kept_files import KeptFile, UnfinishedFile

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
COMMENT = 1  # in any block
IF_NAME = 2
IF_TSRESOL = 9
IPV4_NAME = 1
USER_APPLICATION = 4


class KeptCapture(KeptFile):
    """A capture in a result folder."""

    name = "capture.pcap"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if path.name in (CaptureFile.name, PcapngFile.name):
            self.name = path.name


class CaptureFile(UnfinishedFile, KeptCapture):
    """A capture being written. `path` may not exist yet; by default it is a temporary file."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file. Raises ResultError if it cannot be written, as do all writing methods."""
        super().__init__(path)
        with self._write_errors():
            self._stream: BinaryIO = self.path.open("wb", buffering=BUFFER)
        self.remove_with(self._stream.close)
        self._begin()

    def _begin(self) -> None:
        self._stream.write(struct.pack("<IHHiIII", NANOSECOND_MAGIC, *VERSION, 0, 0, LONGEST, RAW_IP))

    def name_hosts(self, names: Mapping[bytes, str]) -> None:
        """Record the names of IPv4 addresses, if the format can."""

    def write(self, ns: int, packet: bytes, comment: str = "") -> None:
        """Write one IP packet at `ns`, nanoseconds since 1970, with a comment if the format can."""
        with self._write_errors():
            self._stream.write(self._record(ns, packet, comment))

    def _record(self, ns: int, packet: bytes, comment: str) -> bytes:
        length = len(packet)
        return struct.pack("<IIII", ns // NS, ns % NS, length, length) + packet

    def close(self) -> None:
        """Finish the file."""
        with self._write_errors():
            self._stream.close()


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
        with self._write_errors():
            self._stream.write(_block(NAMES, records + _option(0)))

    def _record(self, ns: int, packet: bytes, comment: str) -> bytes:
        length = len(packet)
        head = struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, length, length)
        options = _option(COMMENT, comment.encode()) + _option(0) if comment else b""
        return _block(ENHANCED_PACKET, head + _pad(packet) + options)


FORMATS: Mapping[str, type[CaptureFile]] = {"pcap": CaptureFile, "pcapng": PcapngFile}
"""Values of `record.packets`, which are also the suffixes of the file."""


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes = b"") -> bytes:
    """Build an option of a block or a record of its name list; without a value, the end of either."""
    return struct.pack("<HH", code, len(value)) + _pad(value)


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
