"""Frames of capture files, as sniffers write them: pcap of either byte order and precision, and pcapng.

The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from serfsim.base.errors import ResultError
from serfsim.capture.pcap import (
    BYTE_ORDER_MAGIC,
    ENHANCED_PACKET,
    IF_TSRESOL,
    INTERFACE,
    NANOSECOND_MAGIC,
    NS,
)

MICROSECOND_MAGIC: Final = 0xA1B2C3D4
PCAP_HEADER: Final = 24
RECORD_HEADER: Final = 16
SHORTEST_BLOCK: Final = 12
OBSOLETE_PACKET: Final = 2
SIMPLE_PACKET: Final = 3
IF_TSOFFSET: Final = 14
LONGEST_FILE: Final = 1 << 30  # bytes
LONGEST_FRAME: Final = 1 << 24
TICKS_BY_DEFAULT: Final = 1_000_000  # a second


class Frame(NamedTuple):
    """A frame at `ns`, nanoseconds since 1970; `length`: bytes on the wire; `place`: its interface."""

    ns: int
    link: int
    data: bytes
    length: int
    place: int


class Frames(NamedTuple):
    """The frames of a file; `is_cut`: it ends within one."""

    frames: list[Frame]
    is_cut: bool


class _Interface(NamedTuple):
    link: int
    ticks: int  # a second
    offset: int  # seconds
    longest: int


def read_frames(path: Path) -> Frames:
    """Read the frames of a capture.

    Raises ResultError for a file that cannot be read, is too long, or is no capture or a broken one.
    """
    try:
        if path.is_dir():
            raise ResultError(f"{path}: found a folder; expected a capture")
        if path.stat().st_size > LONGEST_FILE:
            raise ResultError(f"{path}: found more than {LONGEST_FILE >> 20} MiB; expected a shorter part")
        data = path.read_bytes()
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from None
    reader = _PcapngReader(path, data) if data[:4] == b"\n\r\r\n" else _PcapReader(path, data)
    frames = list(reader.frames())
    return Frames(frames, reader.is_cut)


class _PcapReader:
    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data, self.is_cut = path, data, False

    def broken(self, at: int, what: str) -> ResultError:
        return ResultError(f"{self.path}: broken at byte {at}: {what}")

    def frames(self) -> Iterator[Frame]:
        data = self.data
        by_magic = {
            struct.pack(order + "I", magic): (order, ns)
            for order in "<>"
            for magic, ns in ((MICROSECOND_MAGIC, 1000), (NANOSECOND_MAGIC, 1))
        }
        order, unit = by_magic.get(data[:4], ("", 0))
        if not order or len(data) < PCAP_HEADER:
            found = "an empty file" if not data else f"a file that begins with {data[:4].hex(' ')}"
            raise ResultError(f"{self.path}: found {found}; expected a capture in the format pcap or pcapng")
        link = int(struct.unpack_from(order + "I", data, 20)[0]) & 0xFFFF  # above: the frame check sequence
        at = PCAP_HEADER
        while at < len(data):
            if at + RECORD_HEADER > len(data):
                self.is_cut = True
                return
            seconds, parts, kept, length = struct.unpack_from(order + "IIII", data, at)
            if kept > LONGEST_FRAME or parts * unit >= NS:
                raise self.broken(at, f"found a packet of {kept} bytes at {seconds} s and {parts * unit} ns")
            at += RECORD_HEADER
            if at + kept > len(data):
                self.is_cut = True
                return
            yield Frame(seconds * NS + parts * unit, link, data[at : at + kept], length, 0)
            at += kept


class _PcapngReader(_PcapReader):
    def frames(self) -> Iterator[Frame]:
        data, order, at, before = self.data, "<", 0, 0
        interfaces: list[_Interface] = []
        while at < len(data):
            if at + SHORTEST_BLOCK > len(data):
                self.is_cut = True
                return
            if data[at : at + 4] == b"\n\r\r\n":
                order = "<" if data[at + 8 : at + 12] == struct.pack("<I", BYTE_ORDER_MAGIC) else ">"
                before += len(interfaces)
                interfaces = []
            kind, length = struct.unpack_from(order + "II", data, at)
            if length < SHORTEST_BLOCK or length % 4 or length > LONGEST_FRAME:
                raise self.broken(at, f"found a block of {length} bytes")
            if at + length > len(data):
                self.is_cut = True
                return
            if struct.unpack_from(order + "I", data, at + length - 4)[0] != length:
                raise self.broken(at, "found two lengths of a block that differ")
            body = data[at + 8 : at + length - 4]
            try:
                if kind == INTERFACE:
                    interfaces.append(_interface(order, body))
                elif kind in (ENHANCED_PACKET, OBSOLETE_PACKET, SIMPLE_PACKET):
                    yield _frame_of(order, kind, body, interfaces, before)
            except (struct.error, IndexError):
                raise self.broken(at, f"found an unreadable block of type {kind}") from None
            at += length


def _interface(order: str, body: bytes) -> _Interface:
    link, _, longest = struct.unpack_from(order + "HHI", body)
    ticks, offset, at = TICKS_BY_DEFAULT, 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        if code == IF_TSRESOL:
            power = body[at + 4]
            ticks = 2 ** (power & 127) if power & 128 else 10**power
        elif code == IF_TSOFFSET:
            offset = struct.unpack_from(order + "q", body, at + 4)[0]
        at += 4 + size + -size % 4
    return _Interface(link, ticks, offset, longest)


def _frame_of(order: str, kind: int, body: bytes, interfaces: list[_Interface], before: int) -> Frame:
    if kind == SIMPLE_PACKET:  # without a time
        own = interfaces[0]
        length = struct.unpack_from(order + "I", body)[0]
        kept = min(length, own.longest or length, len(body) - 4)
        return Frame(0, own.link, body[4 : 4 + kept], length, before)
    form = "HHIIII" if kind == OBSOLETE_PACKET else "IIIII"
    *which, high, low, kept, length = struct.unpack_from(order + form, body)
    number = int(which[0])
    own = interfaces[number]
    if kept > len(body) - 20:
        raise IndexError
    ns = (high << 32 | low) * NS // own.ticks + own.offset * NS
    return Frame(ns, own.link, body[20 : 20 + kept], length, before + number)
