"""UDP datagrams and TCP segments of frames: link layers, VLAN tags, IPv4 and IPv6 with fragments."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from serfsim.capture.frames import Frame
from serfsim.capture.headers import IP_HEADER, MORE_FRAGMENTS, TCP, TCP_HEADER, UDP, UDP_HEADER

NULL: Final = 0
ETHERNET: Final = 1
LOOP: Final = 108
COOKED: Final = 113
COOKED_2: Final = 276
RAW: Final = (12, 14, 101, 228, 229)
LINKS: Final = (NULL, ETHERNET, LOOP, COOKED, COOKED_2, *RAW)
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
TAGS: Final = (0x8100, 0x88A8, 0x9100)
IPV6_HEADER: Final = 40
EXTENSIONS: Final = (0, 43, 60)  # hop-by-hop, routing, destination
FRAGMENT: Final = 44
MOST_PENDING: Final = 10_000  # datagrams with fragments missing
Endpoint = tuple[bytes, int]


class Transported(NamedTuple):
    """A datagram or segment. `place` is where it was seen: interface and direction.

    `number` is IP's identification, `length` counts its IP packets' bytes. Of a datagram `flags` is -1.
    """

    ns: int
    source: Endpoint
    target: Endpoint
    payload: bytes
    number: int
    length: int
    place: tuple[int, int]
    flags: int = -1
    sequence: int = 0


class _Ip(NamedTuple):
    source: bytes
    target: bytes
    protocol: int
    number: int
    offset: int  # of a fragment, bytes
    has_more: bool
    data: bytes
    length: int


class Unpacker:
    """Takes frames apart. `cut` counts packets not captured whole, `unknown` the link types not known."""

    def __init__(self) -> None:
        self.cut = 0
        self.unknown: set[int] = set()
        self._pieces: dict[tuple[object, ...], dict[int, _Ip]] = {}

    def unpack(self, frames: Iterable[Frame]) -> Iterator[Transported]:
        for frame in frames:
            if frame.link not in LINKS:
                self.unknown.add(frame.link)
                continue
            try:
                direction, data = _network(frame.link, frame.data)
                ip = _ip(data) if data else None
                place = (frame.place, direction)
                whole = None if ip is None else self._whole(ip, place)
                made = None if whole is None else _transported(frame.ns, whole, place)
            except (struct.error, IndexError):
                made = None
                self.cut += len(frame.data) < frame.length
            if made is not None:
                yield made

    def _whole(self, ip: _Ip, place: tuple[int, int]) -> _Ip | None:
        """Return the packet that a fragment completes; one that is no fragment as it is."""
        if not ip.offset and not ip.has_more:
            return ip
        key = (place, ip.source, ip.target, ip.protocol, ip.number)
        pieces = self._pieces.setdefault(key, {})
        pieces[ip.offset] = ip
        if len(self._pieces) > MOST_PENDING:
            del self._pieces[next(iter(self._pieces))]
        data, length = b"", 0
        while len(data) in pieces:
            piece = pieces[len(data)]
            data += piece.data
            length += piece.length
            if not piece.has_more:
                self._pieces.pop(key, None)
                return ip._replace(data=data, length=length, offset=0, has_more=False)
            if not piece.data:
                break
        return None


def _network(link: int, data: bytes) -> tuple[int, bytes]:
    """Return the direction, if the link layer tells it, and the IP packet; b"" for another protocol."""
    if link in RAW:
        return 0, data
    if link in (NULL, LOOP):
        return 0, data[4:]
    if link == COOKED_2:
        return data[10], _behind_tags(struct.unpack_from(">H", data)[0], data, 20)
    if link == COOKED:
        return data[1], _behind_tags(struct.unpack_from(">H", data, 14)[0], data, 16)
    return 0, _behind_tags(struct.unpack_from(">H", data, 12)[0], data, 14)


def _behind_tags(kind: int, data: bytes, at: int) -> bytes:
    while kind in TAGS:
        kind = struct.unpack_from(">H", data, at + 2)[0]
        at += 4
    return data[at:] if kind in (IPV4, IPV6) else b""


def _ip(data: bytes) -> _Ip | None:
    if data[0] >> 4 == 4:
        _, _, total, number, flags, _, protocol = struct.unpack_from(">BBHHHBB", data)
        header = (data[0] & 15) * 4
        total = total or len(data)  # 0: the sender's card cuts it up
        if len(data) < total or header < IP_HEADER:
            raise IndexError
        offset = (flags & 0x1FFF) * 8
        body = data[header:total]
        more = bool(flags & MORE_FRAGMENTS)
        return _Ip(data[12:16], data[16:20], protocol, number, offset, more, body, total)
    if data[0] >> 4 != 6:
        return None
    total = IPV6_HEADER + int(struct.unpack_from(">H", data, 4)[0])
    if len(data) < total:
        raise IndexError
    kind, at, number, offset, more = data[6], IPV6_HEADER, 0, 0, False
    while kind in EXTENSIONS or kind == FRAGMENT:
        if kind == FRAGMENT:
            place, number = struct.unpack_from(">HI", data, at + 2)
            offset, more, size = place & 0xFFF8, bool(place & 1), 8
        else:
            size = 8 * (data[at + 1] + 1)
        kind, at = data[at], at + size
    return _Ip(data[8:24], data[24:40], kind, number, offset, more, data[at:total], total)


def _transported(ns: int, ip: _Ip, place: tuple[int, int]) -> Transported | None:
    data = ip.data
    if ip.protocol not in (UDP, TCP):
        return None
    source, target = struct.unpack_from(">HH", data)
    ends = (ip.source, source), (ip.target, target)
    if ip.protocol == UDP:
        length = struct.unpack_from(">H", data, 4)[0]
        if length < UDP_HEADER or len(data) < length:
            raise IndexError
        return Transported(ns, *ends, data[UDP_HEADER:length], ip.number, ip.length, place)
    sequence, _, words, flags = struct.unpack_from(">IIBB", data, 4)
    header = (words >> 4) * 4
    if header < TCP_HEADER or len(data) < header:
        raise IndexError
    return Transported(ns, *ends, data[header:], ip.number, ip.length, place, flags, sequence)
