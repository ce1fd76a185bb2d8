"""One direction of a TCP stream: bytes, cut into segments, then a FIN; and what is known of each.

`TRANSITIONS` has the states of one segment at its sender.

The receiver acknowledges every segment at once (Linux does so early in a connection), and whatever
goes the other way carries an acknowledgement too. Each reports all that has arrived, as selective
acknowledgements do: so it is one number, how many segments have arrived so far, and a later one covers
those that were lost.

A sender has one timer, which goes off as Linux's wheel lets it (`timer_wheel`):

    REORDERING  something sent later has arrived: the segment is lost once the round trip and a quarter
                are over, at once if three have, or after a loss (RACK, RFC 8985)
    PROBE       2 RTT, and rto_min more while a single segment is out, but at most the retransmission
                timeout: the last segment is sent again, once, so that its acknowledgement shows what
                is missing before it (tail loss probe, RFC 8985); not after a loss
    TIMEOUT     everything is lost: RTT + max(2 RTT, rto_min), what Linux reckons from the handshake's
                one sample (RFC 6298 with K = 4 and rto_min as a floor of the variance term), from the
                last acknowledgement or probe; doubled each time it goes off, up to RTO_MAX, until
                something new is acknowledged

A segment alone is so repeated after 1, 2, 4, 8 ... timeouts: the probe does not double.

The window begins at ten segments (RFC 6928), grows by one for each one acknowledged, and beyond the
threshold by one a round trip. A loss found by later segments cuts it to 0.7 (once for all that was
under way); the retransmission timer cuts it to one. Left out: pacing, later samples of the round trip,
and that Linux joins a short segment which it repeats with the FIN behind it.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import append, i32, i64, u8, vec
from serfsim.network.timer_wheel import HZ, fires_at
from serfsim.protocol.transitions import Transition

INITIAL_WINDOW: Final = 10.0
CUT: Final = 0.7
ENOUGH_LATER: Final = 3  # segments that arrived later: then what is missing is lost, not late
RTO_MAX: Final = 120.0  # seconds, as in Linux
TWO_TICKS: Final = 2.0 / HZ  # the least that Linux adds to a timeout shorter than the retransmission's
BLINK: Final = 1e-9  # seconds that are none
GIVE_UP_AFTER: Final = 8  # timeouts in a row (tcp_orphan_retries of Linux)

UNSENT: Final = 0
IN_FLIGHT: Final = 1
LOST: Final = 2
REPEATED: Final = 3
ACKED: Final = 4

SEGMENT_STATES: Final = ("unsent", "in_flight", "lost", "repeated", "acked")

# A FIN has room in any window. "And time has passed" is RACK's loss, the probe is that of the tail.
TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("unsent", "room in the window", "in_flight", "send it"),
    Transition("in_flight", "reported", "acked"),
    Transition("in_flight", "a later one reported, and time has passed", "lost"),
    Transition("in_flight", "probe timer, nothing unsent", "repeated", "send it"),
    Transition("in_flight", "retransmission timer", "lost"),
    Transition("lost", "room in the window", "repeated", "send it"),
    Transition("lost", "reported", "acked"),
    Transition("repeated", "reported", "acked"),
    Transition("repeated", "a later one reported, and time has passed", "lost"),
    Transition("repeated", "retransmission timer", "lost"),
)

# What the timer is for.
TIMEOUT: Final = 0
PROBE: Final = 1
REORDERING: Final = 2


class Transfer:
    """`size` in bytes; `rtt` in seconds. `segments` counts the FIN as well, once there is one."""

    def __init__(self, size: i64, mss: i64, rtt: float, rto_min: float) -> None:
        self.size: i64 = size
        self.mss = mss
        self.segments: i64 = (size + mss - 1) // mss
        self.has_fin = False
        # The sender.
        self.rtt = rtt
        self.rto_min = rto_min
        self.state = vec[u8]([UNSENT] * self.segments)
        self.sent_at = vec[float]([0.0] * self.segments)
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
        self.give_up_after: i64 = GIVE_UP_AFTER
        self.has_repeated = False
        self.latest_sent = -1.0  # when the latest of the acknowledged was sent,
        self.latest: i64 = -1  # and its number
        self.latest_rtt = rtt
        self.deadline = math.inf  # of the timer
        self.purpose: i64 = TIMEOUT
        self.timer_at = math.inf  # the event that comes back for it
        # The receiver.
        self.arrivals = vec[i32]()  # segments in the order of their first arrival
        self.arrived = vec[u8]([0] * self.segments)

    def close(self) -> None:
        """Put a FIN behind the bytes."""
        if self.has_fin:
            return
        self.has_fin = True
        if self.segments == len(self.state):
            self.state = append(self.state, u8(UNSENT))
            self.sent_at = append(self.sent_at, 0.0)
            self.arrived = append(self.arrived, u8(0))
        self.segments += 1

    def cut_short(self) -> None:
        """Take back what has not been sent yet."""
        if self.next < self.segments:
            self.segments = self.next
            self.size = self.next * self.mss

    def is_fin(self, segment: i64) -> bool:
        return self.has_fin and segment == self.segments - 1

    def size_of(self, segment: i64) -> i64:
        return max(0, min(self.mss, self.size - segment * self.mss))

    # The receiver --------------------------------------------------------------------------------

    def receive(self, segment: i64) -> bool:
        """Handle an arrived segment; return False if it had arrived before."""
        if self.arrived[segment] != 0:
            return False
        self.arrived[segment] = 1
        self.arrivals = append(self.arrivals, i32(segment))
        return True

    def is_whole(self) -> bool:
        """All bytes have arrived."""
        missing: i64 = self.segments - len(self.arrivals)
        return missing == 0 or (missing == 1 and self.has_fin and self.arrived[self.segments - 1] == 0)

    def is_over(self) -> bool:
        """All bytes have arrived, and the FIN."""
        return self.has_fin and len(self.arrivals) == self.segments

    # The sender ----------------------------------------------------------------------------------

    def is_acked(self) -> bool:
        return self.reported == self.segments

    def has_given_up(self) -> bool:
        return self.timeouts > self.give_up_after

    def backlog(self) -> i64:
        """Bytes that the sender's kernel has to keep: all that are not acknowledged yet."""
        return max(0, self.size - self.reported * self.mss)

    def next_segment(self, now: float) -> i64:
        """Return the segment to send now, noted as sent; -1 if there is none or the window is full."""
        if self.has_given_up():
            return -1
        has_room = float(self.in_flight) < self.window
        segment: i64 = -1
        if self.lost > 0:
            if not has_room:
                return -1
            segment = self.lowest
            while self.state[segment] != LOST:
                segment += 1
            self.state[segment] = REPEATED
            self.lost -= 1
            self.has_repeated = True
        elif self.next < self.segments and (has_room or self.is_fin(self.next)):
            segment = self.next
            self.next += 1
            self.state[segment] = IN_FLIGHT
        else:
            return -1
        self.in_flight += 1
        self.sent_at[segment] = now
        if self.deadline < math.inf and self.purpose == REORDERING:
            return segment
        if self.state[segment] == IN_FLIGHT and not self._is_recovering():
            self._set_probe(self.sent_at[self.lowest] + self.rto - now, now)
        elif self.deadline == math.inf:
            self._set_timer(TIMEOUT, self.rto, now)
        return segment

    def acknowledge(self, count: i64, now: float) -> None:
        """Handle an acknowledgement of the first `count` arrivals."""
        fresh: i64 = 0
        while self.reported < count:
            segment: i64 = i64(self.arrivals[self.reported])
            self.reported += 1
            if self.state[segment] == LOST:
                self.lost -= 1
            else:
                self.in_flight -= 1
            self._note_latest(segment, now)
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
        self.timeouts = 0
        self.rto = self.first_rto
        if self.lowest == self.next:
            self.deadline = math.inf
        elif not self._find_losses(now):
            if self._is_recovering() or self.lost > 0:
                self._set_timer(TIMEOUT, self.rto, now)
            else:
                self._set_probe(self.rto, now)

    def _note_latest(self, segment: i64, now: float) -> None:
        at = self.sent_at[segment]
        took = now - at
        if self.state[segment] == REPEATED and took < self.rtt - BLINK:
            return  # what has arrived is what was sent before
        if at > self.latest_sent or (at == self.latest_sent and segment > self.latest):
            self.latest_sent = at
            self.latest = segment
            self.latest_rtt = took

    def _is_recovering(self) -> bool:
        """Something below `cut_until` was lost and is not acknowledged yet."""
        return self.lowest < self.cut_until

    def _find_losses(self, now: float) -> bool:
        """Mark segments sent before a later arrival as lost once their time is over.

        True where some of it still has time.
        """
        if self.highest < self.lowest and not self.has_repeated:
            return False
        later: i64 = 0
        segment: i64 = self.lowest
        while segment <= self.highest:
            if self.state[segment] == ACKED:
                later += 1
            segment += 1
        patience = self.latest_rtt
        if later < ENOUGH_LATER and not self._is_recovering():
            patience += 0.25 * self.rtt
        wait = 0.0
        segment = self.next - 1
        while segment >= self.lowest:
            state = self.state[segment]
            if (state in (IN_FLIGHT, REPEATED)) and self._is_before_latest(segment):
                left = self.sent_at[segment] + patience - now
                if left > BLINK:
                    wait = max(wait, left)
                else:
                    self._lose(segment)
            segment -= 1
        if wait > 0.0:
            self._set_timer(REORDERING, wait + TWO_TICKS, now)
        return wait > 0.0

    def _is_before_latest(self, segment: i64) -> bool:
        at = self.sent_at[segment]
        return at < self.latest_sent or (at == self.latest_sent and segment < self.latest)

    def _lose(self, segment: i64) -> None:
        self.state[segment] = LOST
        self.in_flight -= 1
        self.lost += 1
        if segment >= self.cut_until:
            self.window = max(2.0, self.window * CUT)
            self.threshold = self.window
            self.cut_until = self.next

    def shift(self, seconds: float) -> None:
        """Put everything that the sender measures later: its machine stood still for so long."""
        segment: i64 = 0
        while segment < self.next:
            self.sent_at[segment] += seconds
            segment += 1
        self.latest_sent += seconds
        self.deadline += seconds
        self.timer_at += seconds

    # Its timer -----------------------------------------------------------------------------------

    def _set_timer(self, purpose: i64, timeout: float, now: float) -> None:
        self.purpose = purpose
        self.deadline = fires_at(now, timeout)

    def _set_probe(self, rto_left: float, now: float) -> None:
        wait = 2.0 * self.rtt + (self.rto_min if self.next - self.lowest == 1 else TWO_TICKS)
        self._set_timer(PROBE, min(wait, max(rto_left, 0.0)), now)

    def time_out(self, now: float) -> i64:
        """Handle the timer; return the segment to send whatever the window, or -1.

        Others may follow by `next_segment`; none where the sender gives up, which leaves it without a
        deadline.
        """
        purpose = self.purpose
        self.deadline = math.inf
        if purpose == PROBE:
            return self._probe(now)
        if purpose == REORDERING:
            if not self._find_losses(now):
                self._set_timer(TIMEOUT, self.rto, now)
            return -1
        self.timeouts += 1
        if not self.has_given_up():
            self._lose_all()
        return -1

    def _probe(self, now: float) -> i64:
        segment = self.next
        if segment < self.segments:
            self.next += 1
            self.in_flight += 1
            self.state[segment] = IN_FLIGHT
        else:
            segment -= 1
            while self.state[segment] == ACKED:
                segment -= 1
            self.state[segment] = REPEATED
            self.has_repeated = True
        self.sent_at[segment] = now
        self._set_timer(TIMEOUT, self.rto, now)
        return segment

    def _lose_all(self) -> None:
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
