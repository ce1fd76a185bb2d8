"""One TCP connection in a capture: ports, sequence numbers, and what each side has received.

The network moves segments by number; here they carry the bytes of their message. The network cut the
message by its computed length (protocol.wire.sizes); the real bytes are cut into the same number of
pieces, of full segment size if that fits, else of equal size. Pieces may then be a little longer
than a segment, as with segmentation offload on a sending host.
"""

from __future__ import annotations

from serfsim.native import i32, vec
from serfsim.network.tcp_transfer import Transfer

MOST_BLOCKS = 3


class Side:
    """The bytes one side has sent, and those the other side has received so far.

    Offsets count bytes from the start of the message. `arrivals`: (time, timestamp) of segments under
    way to the other side.
    """

    def __init__(self, address: bytes, port: int, first: int) -> None:
        self.endpoint = (address, port)
        self.first = first  # the sequence number of the SYN
        self.data = b""
        self.segments = 0
        self.piece = 1
        self.next = first  # the next sequence number to send
        self.has_spoken = False
        self.fin = -1  # the number of the segment that is the FIN
        self.arrivals: list[tuple[float, int]] = []
        self.echo = 0  # its latest timestamp seen by the other side
        self._reported: set[int] = set()  # segments that have arrived beyond those in order
        self._counted = 0
        self._in_order = 0
        self._latest = 0

    def write(self, data: bytes, transfer: Transfer) -> None:
        """Set the message, before any of its segments is sent."""
        self.data = data
        self.segments = int(transfer.segments)
        mss = int(transfer.mss)
        is_even = -(-len(data) // mss) == self.segments
        self.piece = mss if is_even else max(1, -(-len(data) // self.segments))

    def span(self, segment: int) -> tuple[int, int]:
        """Return the offsets of a segment's first byte and of the byte after its last; a FIN is one byte."""
        size = len(self.data)
        start = min(segment * self.piece, size)
        if segment == self.fin:
            return start, start + 1
        return start, size if segment == self.segments - 1 else min(start + self.piece, size)

    def sequence(self, offset: int) -> int:
        return self.first + 1 + offset

    def record_sent(self, at: float, stamp: int, end: int) -> None:
        """Record a segment up to sequence number `end` as sent; it arrives `at`, never if below 0."""
        self.has_spoken = True
        self.next = max(self.next, end)
        if at >= 0.0:
            self.arrivals.append((at, stamp))

    # Received by the other side ------------------------------------------------------------------

    def record_arrivals(self, arrivals: vec[i32]) -> None:
        """Record the segments that have arrived."""
        while self._counted < len(arrivals):
            self._latest = int(arrivals[self._counted])
            self._reported.add(self._latest)
            self._counted += 1
        while self._in_order in self._reported:
            self._reported.remove(self._in_order)
            self._in_order += 1

    def acknowledged(self) -> int:
        """Return the sequence number below which the other side has everything."""
        return self.sequence(self.span(self._in_order - 1)[1] if self._in_order else 0)

    def blocks(self) -> list[tuple[int, int]]:
        """Return ranges received out of order (SACK blocks), that of the latest arrival first."""
        runs: list[tuple[int, int]] = []
        for segment in sorted(self._reported):
            if runs and runs[-1][1] == segment:
                runs[-1] = (runs[-1][0], segment + 1)
            else:
                runs.append((segment, segment + 1))
        runs.sort(key=lambda run: not run[0] <= self._latest < run[1])
        return [
            (self.sequence(self.span(start)[0]), self.sequence(self.span(end - 1)[1]))
            for start, end in runs[:MOST_BLOCKS]
        ]

    def stamp_seen(self, now: float) -> int:
        """Return the timestamp that the other side echoes now."""
        waiting = []
        for at, stamp in self.arrivals:
            if at <= now:
                self.echo = max(self.echo, stamp)
            else:
                waiting.append((at, stamp))
        self.arrivals = waiting
        return self.echo


class Conversation:
    """Both sides of a connection."""

    def __init__(self, number: int, client: tuple[bytes, int], server: tuple[bytes, int]) -> None:
        """Create a connection; `number` is unique and seeds the initial sequence numbers."""
        self.client = Side(*client, (number * 2654435761 + 305419896) & 0xFFFFFFFF)
        self.server = Side(*server, (number * 2246822519 + 2596069104) & 0xFFFFFFFF)
