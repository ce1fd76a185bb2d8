"""A reader of capture files that knows nothing of how they are written; every checksum is reckoned anew."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class IpPacket:
    ns: int
    source: bytes
    target: bytes
    protocol: int
    number: int
    flags: int
    length: int
    payload: bytes

    @property
    def is_fragment(self) -> bool:
        return self.flags & 0x3FFF != 0


@dataclass(frozen=True)
class Datagram:
    ns: int
    source: tuple[bytes, int]
    target: tuple[bytes, int]
    length: int  # of all IP packets
    payload: bytes


@dataclass(frozen=True)
class Segment:
    ns: int
    source: tuple[bytes, int]
    target: tuple[bytes, int]
    sequence: int
    acknowledged: int
    flags: int
    length: int
    payload: bytes
    blocks: tuple[tuple[int, int], ...]
    stamps: tuple[int, int]


def ones_complement(data: bytes) -> int:
    """0xffff for data whose checksum is right."""
    total = 0
    for i in range(0, len(data), 2):
        total += data[i] << 8 | (data[i + 1] if i + 1 < len(data) else 0)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ip_packets(path: Path) -> Iterator[IpPacket]:
    data = path.read_bytes()
    magic, major, minor, zone, figures, longest, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, major, minor, zone, figures, link) == (0xA1B23C4D, 2, 4, 0, 0, 101)
    at = 24
    while at < len(data):
        seconds, ns, kept, length = struct.unpack_from("<IIII", data, at)
        assert kept == length <= longest
        assert ns < 10**9
        packet = data[at + 16 : at + 16 + kept]
        assert len(packet) == kept
        at += 16 + kept
        first, _, total, number, flags, ttl, protocol, _ = struct.unpack_from(">BBHHHBBH", packet)
        assert (first, total, ttl) == (0x45, length, 64)
        assert ones_complement(packet[:20]) == 0xFFFF
        yield IpPacket(
            seconds * 10**9 + ns,
            packet[12:16],
            packet[16:20],
            protocol,
            number,
            flags,
            length,
            packet[20:],
        )


def check_sum(packet: IpPacket, payload: bytes) -> None:
    pseudo = packet.source + packet.target + struct.pack(">BBH", 0, packet.protocol, len(payload))
    assert ones_complement(pseudo + payload) == 0xFFFF


@dataclass
class Captured:
    datagrams: list[Datagram] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    fragments: int = 0
    times: list[int] = field(default_factory=list)


def read(path: Path) -> Captured:
    found = Captured()
    pieces: list[IpPacket] = []
    for packet in ip_packets(path):
        found.times.append(packet.ns)
        if packet.protocol == 6:
            found.segments.append(segment(packet))
            continue
        assert packet.protocol == 17
        found.fragments += packet.is_fragment
        pieces.append(packet)
        if not packet.flags & 0x2000:
            found.datagrams.append(datagram(pieces))
            pieces = []
    assert pieces == []
    return found


def datagram(pieces: list[IpPacket]) -> Datagram:
    whole = b""
    for piece in pieces:
        assert (piece.flags & 0x1FFF) * 8 == len(whole)
        assert piece.number == pieces[0].number
        whole += piece.payload
    check_sum(pieces[0], whole)
    source, target, length, _ = struct.unpack_from(">HHHH", whole)
    assert length == len(whole)
    first = pieces[0]
    return Datagram(
        first.ns,
        (first.source, source),
        (first.target, target),
        sum(piece.length for piece in pieces),
        whole[8:],
    )


def segment(packet: IpPacket) -> Segment:
    data = packet.payload
    check_sum(packet, data)
    source, target, sequence, acknowledged, words, flags = struct.unpack_from(">HHIIBB", data)
    header = (words >> 4) * 4
    blocks, stamps = options(data[20:header])
    return Segment(
        packet.ns,
        (packet.source, source),
        (packet.target, target),
        sequence,
        acknowledged,
        flags,
        packet.length,
        data[header:],
        blocks,
        stamps,
    )


def options(data: bytes) -> tuple[tuple[tuple[int, int], ...], tuple[int, int]]:
    """Selective acknowledgements and time stamps."""
    blocks: tuple[tuple[int, int], ...] = ()
    stamps = (-1, -1)
    at = 0
    while at < len(data):
        if data[at] == 1:
            at += 1
            continue
        kind, size = data[at], data[at + 1]
        if kind == 5:
            numbers = struct.unpack_from(f">{(size - 2) // 4}I", data, at + 2)
            blocks = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        elif kind == 8:
            first, second = struct.unpack_from(">II", data, at + 2)
            stamps = (first, second)
        at += size
    assert at == len(data)
    return blocks, stamps


@dataclass
class Connection:
    """Both directions of one; `sent[endpoint]` is what was sent from there, put together by its numbers."""

    client: tuple[bytes, int]
    server: tuple[bytes, int]
    segments: list[Segment]

    def stream(self, source: tuple[bytes, int]) -> bytes:
        own = [part for part in self.segments if part.source == source]
        first = next(part.sequence for part in own if part.flags & SYN)
        held: dict[int, int] = {}
        for part in own:
            for i, byte in enumerate(part.payload):
                offset = (part.sequence - first - 1 + i) & 0xFFFFFFFF
                assert held.setdefault(offset, byte) == byte, "repeated with other bytes"
        assert sorted(held) == list(range(len(held))), "a hole"
        return bytes(held[i] for i in range(len(held)))


def connections(found: Captured) -> list[Connection]:
    known: dict[tuple[tuple[bytes, int], tuple[bytes, int]], Connection] = {}
    for part in found.segments:
        ends = (part.source, part.target)
        if part.flags & (SYN | ACK) == SYN and ends not in known:
            known[ends] = Connection(*ends, [])
        key = ends if ends in known else ends[::-1]
        known[key].segments.append(part)
    return list(known.values())
