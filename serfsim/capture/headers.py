"""IPv4, UDP and TCP headers with their checksums (RFC 791, 768, 9293, 7323)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

IP_HEADER = 20
UDP_HEADER = 8
TCP_HEADER = 20
TTL = 64
TCP = 6
UDP = 17

DONT_FRAGMENT = 0x4000
MORE_FRAGMENTS = 0x2000

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source: bytes, target: bytes, protocol: int, number: int, flags: int, payload: bytes) -> bytes:
    """Build an IP packet; `flags` include the fragment offset in units of 8 bytes."""
    length = IP_HEADER + len(payload)
    head = (
        struct.pack(">BBHHHBBH", 0x45, 0, length, number & 0xFFFF, flags, TTL, protocol, 0) + source + target
    )
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def _pseudo_header(source: bytes, target: bytes, protocol: int, length: int) -> bytes:
    return source + target + struct.pack(">BBH", 0, protocol, length)


def udp(
    source: tuple[bytes, int], target: tuple[bytes, int], number: int, payload: bytes, mtu: int
) -> Iterator[bytes]:
    """Yield a datagram between two (address, port) as one IP packet or fragments of at most `mtu` bytes."""
    length = UDP_HEADER + len(payload)
    head = struct.pack(">HHHH", source[1], target[1], length, 0)
    found = checksum(_pseudo_header(source[0], target[0], UDP, length) + head + payload)
    # Zero means no checksum; its complement is sent instead.
    whole = head[:6] + struct.pack(">H", found or 0xFFFF) + payload
    if IP_HEADER + length <= mtu:
        yield ipv4(source[0], target[0], UDP, number, DONT_FRAGMENT, whole)
        return
    room = (mtu - IP_HEADER) // 8 * 8
    for start in range(0, length, room):
        more = MORE_FRAGMENTS if start + room < length else 0
        yield ipv4(source[0], target[0], UDP, number, more | start // 8, whole[start : start + room])


def tcp(
    source: tuple[bytes, int],
    target: tuple[bytes, int],
    number: int,
    numbers: tuple[int, int],
    flags: int,
    window: int,
    options: bytes,
    payload: bytes,
) -> bytes:
    """Build a segment between two (address, port); `numbers`: sequence and acknowledgement."""
    words = (TCP_HEADER + len(options)) // 4
    sequence, acknowledged = (value & 0xFFFFFFFF for value in numbers)
    head = struct.pack(
        ">HHIIBBHHH", source[1], target[1], sequence, acknowledged, words << 4, flags, window, 0, 0
    )
    whole = head + options + payload
    found = checksum(_pseudo_header(source[0], target[0], TCP, len(whole)) + whole)
    whole = whole[:16] + struct.pack(">H", found) + whole[18:]
    return ipv4(source[0], target[0], TCP, number, DONT_FRAGMENT, whole)


def time_stamps(own: int, echoed: int) -> bytes:
    return struct.pack(">BBII", 8, 10, own & 0xFFFFFFFF, echoed & 0xFFFFFFFF)


def syn_options(mss: int, stamps: bytes) -> bytes:
    """Return Linux's SYN options, 20 bytes. The announced MSS includes the timestamps."""
    return struct.pack(">BBHBB", 2, 4, mss + 12, 4, 2) + stamps + b"\x01\x03\x03\x07"


def segment_options(stamps: bytes, blocks: Sequence[tuple[int, int]]) -> bytes:
    """Return timestamps and the first three SACK blocks (RFC 2018)."""
    options = b"\x01\x01" + stamps
    if blocks:
        options += struct.pack(">BBBB", 1, 1, 5, 2 + 8 * len(blocks))
        for start, end in blocks:
            options += struct.pack(">II", start & 0xFFFFFFFF, end & 0xFFFFFFFF)
    return options
