"""The events of a host: their kinds, which the scheduler carries, and those that a paused process keeps."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.network.scheduler import Withdrawn
from serfsim.network.tcp_steps import (
    ANSWER_ACK,
    ANSWER_SEGMENT,
    CLIENT_FIN,
    CLIENT_RST,
    HANDSHAKE_ACK,
    REQUEST_ACK,
    REQUEST_SEGMENT,
    SERVER_FIN,
    SERVER_RST,
    SYN,
    SYN_ACK,
)
from serfsim.network.tcp_stream import Stream

# Kinds of events, in the lowest bits of the number that the scheduler carries.
PACKET: Final = 0  # a datagram; a: source, b: ns of processing that are behind it
TIMER: Final = 1
LATE_TIMER: Final = 2  # a timer that has waited its turn
READ: Final = 3  # the packet at the head of the buffer has been read
STREAM: Final = 4  # what came over TCP; the step is in the bits above
KIND_BITS: Final = 3
KIND_MASK: Final = 7

# Steps of a stream that are segments under way.
ARRIVALS: Final = (
    *(SYN, SYN_ACK, HANDSHAKE_ACK, CLIENT_RST, SERVER_RST),
    *(REQUEST_SEGMENT, REQUEST_ACK, CLIENT_FIN),
    *(ANSWER_SEGMENT, ANSWER_ACK, SERVER_FIN),
)


class DeferredInput:
    """A timer that came due, or a stream's step, while the host was paused."""

    def __init__(self, kind: i64, a: i64, b: i64, stream: Stream | None) -> None:
        self.kind: i64 = kind
        self.a: i64 = a
        self.b: i64 = b
        self.stream = stream


def is_timed(event: Withdrawn) -> bool:
    """Return whether a clock decides when an event comes: a timer of the process, or a deadline."""
    sort: i64 = event.kind & KIND_MASK
    return sort == TIMER or (sort == STREAM and event.payload is None)


def is_arrival(event: Withdrawn) -> bool:
    """Return whether an event is a packet or a segment that is under way to the host."""
    sort: i64 = event.kind & KIND_MASK
    if sort != STREAM:
        return sort == PACKET
    return event.payload is not None and event.kind >> KIND_BITS in ARRIVALS
