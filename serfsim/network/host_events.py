"""The events of a host: their kinds, which the scheduler carries, and those kept for a process that waits.

`TRANSITIONS` has the states of its process, and what each kind does there.
"""

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
from serfsim.protocol.transitions import Transition

# Kinds of events, in the lowest bits of the number that the scheduler carries.
PACKET: Final = 0  # a datagram; a: source, b: ns of processing that are behind it
TIMER: Final = 1
LATE_TIMER: Final = 2  # a timer that has waited its turn
READ: Final = 3  # the packet at the head of the buffer has been read
STREAM: Final = 4  # what came over TCP; the step is in the bits above
KIND_BITS: Final = 3
KIND_MASK: Final = 7

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("running", "pause", "paused"),
    Transition("running", "crash", "crashed", "reset the streams that it serves"),
    Transition("running", "unplug", "unplugged"),
    Transition("running", "packet", "running", "handle it"),
    Transition("running", "timer", "running", "fire it"),
    Transition("running", "request", "running", "serve it"),
    Transition("running", "answer", "running", "handle it"),
    Transition("paused", "resume", "running", "handle what has waited"),
    Transition("paused", "crash", "crashed", "reset the streams that it serves"),
    Transition("paused", "unplug", "unplugged"),
    Transition("paused", "packet", "paused", "keep it in the socket buffer"),
    Transition("paused", "timer", "paused", "keep it"),
    Transition("paused", "request", "paused", "accept the stream; keep it"),
    Transition("paused", "answer", "paused", "keep it"),
    Transition("running", "freeze", "frozen", "stop its clock"),
    Transition("frozen", "thaw", "running", "handle what has waited"),
    Transition("frozen", "crash", "crashed"),
    Transition("frozen", "unplug", "unplugged"),
    Transition("frozen", "packet", "frozen", "keep it in the socket buffer"),
    Transition("frozen", "timer", "frozen", "keep it"),
    Transition("frozen", "request", "frozen", "keep it"),
    Transition("frozen", "answer", "frozen", "keep it"),
    Transition("running", "stall", "stalled"),
    Transition("stalled", "stall ends", "running", "send what has been kept; handle what has waited"),
    Transition("stalled", "crash", "crashed", "reset the streams that it serves"),
    Transition("stalled", "unplug", "unplugged"),
    Transition("stalled", "packet", "stalled", "receive one; keep it"),
    Transition("stalled", "send", "stalled", "keep it"),
    Transition("stalled", "timer", "stalled", "fire it"),
    Transition("stalled", "request", "stalled", "accept the stream; keep it"),
    Transition("stalled", "answer", "stalled", "keep it"),
    Transition("running", "send", "running", "send it"),
    Transition("crashed", "start", "running"),
    Transition("crashed", "packet", "crashed", "drop it"),
    Transition("crashed", "timer", "crashed", "drop it"),
    Transition("crashed", "request", "crashed", "refuse the stream"),
    Transition("crashed", "answer", "crashed", "drop it"),
    Transition("unplugged", "start", "running"),
    Transition("unplugged", "packet", "unplugged", "drop it"),
    Transition("unplugged", "timer", "unplugged", "drop it"),
    Transition("unplugged", "request", "unplugged", "stay silent"),
    Transition("unplugged", "answer", "unplugged", "drop it"),
)

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
