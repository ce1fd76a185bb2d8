"""One direction of a TCP stream: a number of bytes, cut into segments, and what is known of each.

    segment     event                                          -> segment
    UNSENT      the window has room                            -> IN_FLIGHT
    IN_FLIGHT   an acknowledgement reports it                  -> ACKED
    IN_FLIGHT   three later segments are reported before it    -> LOST    (fast retransmit, once)
    LOST        the window has room                            -> REPEATED
    REPEATED    an acknowledgement reports it                  -> ACKED
    any of IN_FLIGHT, REPEATED    retransmission timer         -> LOST

The receiver acknowledges every segment at once (Linux does so early in a connection), and each
acknowledgement reports all that has arrived, as selective acknowledgements do: so it is told as one
number, how many segments have arrived so far, and a later one covers those that were lost.

The window begins at ten segments (RFC 6928), grows by one for each one acknowledged, and beyond the
threshold by one a round trip. A loss found by later segments cuts it to 0.7 (once for all that was
under way); the timer cuts it to one. The timer runs for RTT + max(2 RTT, rto_min), what Linux
reckons from the handshake's one sample (RFC 6298 with K = 4 and rto_min as a floor of the variance
term), and doubles each time it fires, up to RTO_MAX, until something new is acknowledged. Linux's tail
loss probe is left out: for one segment it comes with the timer anyhow. Pacing and reordering detection
are left out too.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import append, i32, i64, u8, vec

INITIAL_WINDOW: Final = 10.0
CUT: Final = 0.7
REORDERING: Final = 3
RTO_MAX: Final = 120.0  # seconds, as in Linux
GIVE_UP_AFTER: Final = 8  # timeouts in a row (tcp_orphan_retries of Linux)

UNSENT: Final = 0
IN_FLIGHT: Final = 1
LOST: Final = 2
REPEATED: Final = 3
ACKED: Final = 4


class Transfer:
    """`size` in bytes, at least one segment (of 0 bytes: a FIN alone); `rtt` in seconds."""

    def __init__(self, size: i64, mss: i64, rtt: float, rto_min: float) -> None:
        self.segments: i64 = (size + mss - 1) // mss if size > 0 else 1
        self.mss = mss
        self.last_size: i64 = size - (self.segments - 1) * mss
        # The sender.
        self.state = vec[u8]([UNSENT] * self.segments)
        self.first_rto = rtt + max(2.0 * rtt, rto_min)
        self.rto = self.first_rto
        self.window = INITIAL_WINDOW
        self.threshold = math.inf
        self.next: i64 = 0  # the first never sent
        self.lowest: i64 = 0  # the first not acknowledged
        self.highest: i64 = -1  # the last acknowledged
        self.in_flight: i64 = 0
        self.lost: i64 = 0
        self.reported: i64 = 0  # arrivals that acknowledgements have told of
        self.cut_until: i64 = 0  # the window has been cut for all losses below this segment
        self.timeouts: i64 = 0  # in a row
        self.deadline = math.inf  # of the retransmission timer
        self.timer_pending = False
        # The receiver.
        self.arrivals = vec[i32]()  # segments in the order of their first arrival
        self.arrived = vec[u8]([0] * self.segments)

    def size_of(self, segment: i64) -> i64:
        return self.last_size if segment == self.segments - 1 else self.mss

    # The receiver --------------------------------------------------------------------------------

    def receive(self, segment: i64) -> i64:
        """A segment has arrived, perhaps again; the number that its acknowledgement carries."""
        if self.arrived[segment] == 0:
            self.arrived[segment] = 1
            self.arrivals = append(self.arrivals, i32(segment))
        return len(self.arrivals)

    def is_whole(self) -> bool:
        return len(self.arrivals) == self.segments

    # The sender ----------------------------------------------------------------------------------

    def is_acked(self) -> bool:
        return self.reported == self.segments

    def backlog(self) -> i64:
        """Bytes that the sender's kernel has to keep: all that are not acknowledged yet."""
        left: i64 = self.segments - self.reported
        return 0 if left == 0 else (left - 1) * self.mss + self.last_size

    def next_segment(self, now: float) -> i64:
        """The segment to send now, noted as sent; -1 if there is none or the window is full."""
        if float(self.in_flight) >= self.window:
            return -1
        segment: i64 = -1
        if self.lost > 0:
            segment = self.lowest
            while self.state[segment] != LOST:
                segment += 1
            self.state[segment] = REPEATED
            self.lost -= 1
        elif self.next < self.segments:
            segment = self.next
            self.next += 1
            self.state[segment] = IN_FLIGHT
        else:
            return -1
        self.in_flight += 1
        if self.deadline == math.inf:
            self.deadline = now + self.rto
        return segment

    def acknowledge(self, count: i64, now: float) -> None:
        """An acknowledgement of the first `count` arrivals has come."""
        fresh: i64 = 0
        while self.reported < count:
            segment: i64 = i64(self.arrivals[self.reported])
            self.reported += 1
            if self.state[segment] == LOST:
                self.lost -= 1
            else:
                self.in_flight -= 1
            self.state[segment] = ACKED
            fresh += 1
            if segment > self.highest:
                self.highest = segment
        if fresh == 0:
            return
        while self.lowest < self.segments and self.state[self.lowest] == ACKED:
            self.lowest += 1
        if self.lowest >= self.cut_until:
            if self.window < self.threshold:
                self.window += float(fresh)
            else:
                self.window += float(fresh) / self.window
        self._find_losses()
        self.timeouts = 0
        self.rto = self.first_rto
        self.deadline = math.inf if self.is_acked() else now + self.rto

    def _find_losses(self) -> None:
        later: i64 = 0
        segment: i64 = self.highest
        while segment >= self.lowest:
            if self.state[segment] == ACKED:
                later += 1
            elif self.state[segment] == IN_FLIGHT and later >= REORDERING:
                self.state[segment] = LOST
                self.in_flight -= 1
                self.lost += 1
                if segment >= self.cut_until:
                    self.window = max(2.0, self.window * CUT)
                    self.threshold = self.window
                    self.cut_until = self.next
            segment -= 1

    def time_out(self) -> bool:
        """The retransmission timer has fired; False if the sender gives up."""
        self.deadline = math.inf
        self.timeouts += 1
        if self.timeouts > GIVE_UP_AFTER:
            return False
        segment: i64 = self.lowest
        while segment < self.next:
            if self.state[segment] == IN_FLIGHT or self.state[segment] == REPEATED:
                self.state[segment] = LOST
                self.lost += 1
            segment += 1
        self.in_flight = 0
        self.threshold = max(2.0, self.window / 2.0)
        self.window = 1.0
        self.cut_until = self.next
        self.rto = min(2.0 * self.rto, RTO_MAX)
        return True
