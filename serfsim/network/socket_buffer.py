"""The kernel's receive buffer of a UDP socket: first in, first out, bounded in bytes.

What counts is not the payload but what the kernel charges for it (an skb's truesize). The bound is
twice SO_RCVBUF, as Linux has it. A datagram that finds the buffer full is dropped, not an older one;
Linux compares before it charges, so the last one taken overshoots the bound.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import append, i64, vec
from serfsim.protocol.memberlist.messages import Packet

DEFAULT_SIZE: Final = 425984  # twice net.core.rmem_max of 212992
SMALL_PAYLOAD: Final = 500
SMALL_CHARGE: Final = 768
LARGE_CHARGE: Final = 2304


def charge(payload: i64) -> i64:
    """Bytes that a datagram with `payload` bytes takes of the buffer."""
    return SMALL_CHARGE if payload <= SMALL_PAYLOAD else LARGE_CHARGE


class SocketBuffer:
    def __init__(self, size: i64 = DEFAULT_SIZE) -> None:
        self.size: i64 = size
        self.charged: i64 = 0
        self.count: i64 = 0
        self.source: i64 = -1  # of the packet popped last
        self._has_left = False  # the oldest packet: a process that has not handled it yet has received it
        self._packets: list[Packet] = []
        self._sources = vec[i64]()
        self._first: i64 = 0

    def push(self, packet: Packet, source: i64) -> bool:
        """Keep a packet; False if the buffer is full."""
        if self.charged > self.size:
            return False
        self.charged += charge(packet.size)
        self.count += 1
        self._packets.append(packet)
        self._sources = append(self._sources, source)
        return True

    def receive(self) -> None:
        """Take the oldest packet out of the kernel's buffer; it is still what `pop` returns next."""
        if self.count > 0 and not self._has_left:
            self._has_left = True
            self.charged -= charge(self._packets[self._first].size)

    def pop(self) -> Packet:
        """Remove the oldest packet and return it; `source` is its sender. Only while `count` > 0."""
        packet = self._packets[self._first]
        self.source = self._sources[self._first]
        self._first += 1
        self.count -= 1
        if self._has_left:
            self._has_left = False
        else:
            self.charged -= charge(packet.size)
        if self.count == 0:
            self.clear()
        elif self._first > 64 and self._first > self.count:
            self._packets = self._packets[self._first :]
            self._sources = self._sources[self._first :]
            self._first = 0
        return packet

    def clear(self) -> None:
        self.charged = 0
        self.count = 0
        self._has_left = False
        self._packets = []
        self._sources = vec[i64]()
        self._first = 0
