"""Probing: one round asks one member whether it lives (spec memberlist.md section 5).

A tick every probe_interval takes the next member of the shuffled ring. `TRANSITIONS` has the phases of a
round.

The round lasts probe_interval * (health score + 1); the wait for the direct ack is not scaled.
A tick that comes during a round is kept (one at most) and starts the next round at its end. Where the process
blocks in a send, the end of the round stays where it was, and the wait for the direct ack begins once the
ping has left.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.config import UDP
from serfsim.protocol.memberlist.core import (
    HELPER_PING_LEFT,
    INFINITY,
    PING_LEFT,
    PROBE_END,
    PROBE_TICK,
    PROBE_TIMEOUT,
    Core,
    next_tick,
)
from serfsim.protocol.memberlist.members import STATE_ALIVE
from serfsim.protocol.memberlist.messages import (
    COMPOUND_HEADER,
    COMPOUND_PART,
    INDIRECT_PING,
    PING,
    SUSPECT,
    Packet,
    StreamPing,
    indirect_ping_size,
    ping_size,
)
from serfsim.protocol.memberlist.probe_order import ProbeOrder
from serfsim.protocol.memberlist.state import MembershipRules
from serfsim.protocol.transitions import Transition
from serfsim.protocol.versions import NACK_VERSION, TCP_PING_VERSION
from serfsim.protocol.vivaldi.coordinate import Coordinate

# Phases of a round.
IDLE: Final = 0
DIRECT: Final = 1
INDIRECT: Final = 2
LAST_RESORT: Final = 3
PINGING: Final = 4  # the process blocks in sending the ping,
ASKING: Final = 5  # or in asking a helper
PHASES: Final = ("idle", "direct", "indirect", "last_resort", "pinging", "asking")

# An end of round finds the phase `direct` only where the round is no longer than probe_timeout.
TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("idle", "tick", "direct", "ping the next member of the ring"),
    Transition("idle", "tick, the next is suspect", "direct", "ping it with a suspect message about it"),
    Transition("idle", "tick, the kernel refuses the ping", "indirect", "ask helpers; open the TCP fallback"),
    Transition("idle", "tick, the kernel refuses the ping, before memberlist 0.3.0", "idle"),
    Transition("idle", "tick, sends block", "pinging"),
    Transition("pinging", "tick", "pinging", "keep one tick"),
    Transition("pinging", "ping leaves", "direct", "wait for probe_timeout"),
    Transition("pinging", "ping leaves, less than probe_timeout to the end", "direct", "wait for the end"),
    Transition("pinging", "ping leaves too late", "idle", "ask helpers; suspect the member"),
    Transition("pinging", "the kernel refuses the ping", "indirect", "ask helpers; open the TCP fallback"),
    Transition("pinging", "the kernel refuses the ping, before memberlist 0.3.0", "idle"),
    Transition("direct", "ack", "idle", "succeed; measure the round-trip time"),
    Transition("direct", "ack, a tick kept", "direct", "succeed; ping the next member of the ring"),
    Transition("direct", "nack", "direct", "count it"),
    Transition("direct", "tick", "direct", "keep one tick"),
    Transition("direct", "probe_timeout", "indirect", "ask helpers; open the TCP fallback"),
    Transition(
        "direct", "probe_timeout, past the end of the round", "idle", "ask helpers; suspect the member"
    ),
    Transition("direct", "end of round", "idle", "ask helpers; suspect the member"),
    Transition("direct", "probe_timeout, sends block", "asking"),
    Transition("asking", "tick", "asking", "keep one tick"),
    Transition("asking", "ack", "asking", "keep it"),
    Transition("asking", "nack", "asking", "count it"),
    Transition("asking", "ping of a helper leaves", "indirect", "ask helpers; open the TCP fallback"),
    Transition("asking", "ping of a helper leaves, an ack kept", "idle", "ask helpers; succeed"),
    Transition("asking", "ping of a helper leaves, too late", "idle", "ask helpers; suspect the member"),
    Transition("indirect", "ack", "idle", "succeed"),
    Transition("indirect", "ack, a tick kept", "direct", "succeed; ping the next member of the ring"),
    Transition("indirect", "nack", "indirect", "count it"),
    Transition("indirect", "tick", "indirect", "keep one tick"),
    Transition("indirect", "end of round", "idle", "suspect the member"),
    Transition("indirect", "end of round, TCP open", "last_resort"),
    Transition("indirect", "end of round, TCP answered", "idle", "warn that only TCP works; succeed"),
    Transition("last_resort", "TCP answers", "idle", "warn that only TCP works; succeed"),
    Transition("last_resort", "TCP fails", "idle", "suspect the member"),
    Transition("last_resort", "tick", "last_resort", "keep one tick"),
)

# What became of the TCP fallback.
TCP_NONE: Final = 0
TCP_OPEN: Final = 1
TCP_ANSWERED: Final = 2

# A round and a tick that end and come at the same time do so only up to rounding.
COINCIDENCE: Final = 1e-6


@mypyc_attr(allow_interpreted_subclasses=True)
class Prober:
    # What every round needs is declared first: it then shares lines of the cache.
    core: Core
    phase: i64
    seq: i64
    timer: i64
    sent_at: float
    target: i64
    record: NodeIdentity
    order: ProbeOrder
    tick_kept: bool

    def __init__(self, core: Core, states: MembershipRules, order: ProbeOrder) -> None:
        self.core = core
        self.states = states
        self.phase = IDLE
        self.order = order
        self.tick_kept = False
        # The round in progress. Incarnation and record are those of its beginning.
        self.target = -1
        self.record = core.record
        self.incarnation: i64 = 0
        self.seq = 0
        self.timer = 0  # the handle of the timer that ends the wait, or the round
        self.sent_at = 0.0
        self.deadline = 0.0
        self.expected_nacks: i64 = 0
        self.nacks: i64 = 0
        self.tcp: i64 = TCP_NONE
        self.was_sent = True  # the ping
        self._asked = core.record  # the helper whose request is being sent
        self._helpers: list[int] = []  # not asked yet, the next one last
        self._is_over = False  # the round, where its end comes before others have been asked
        self._ack_kept = False
        self._fallbacks: dict[int, StreamPing] = {}  # by seq, those that have not ended

    def start(self, now: float) -> None:
        if self.core.config.probe_interval > 0.0:
            self._schedule_tick(now)

    def _schedule_tick(self, now: float) -> None:
        core = self.core
        core.runtime.call_at(next_tick(core.started_at, core.config.probe_interval, now), PROBE_TICK, 0, 0)

    def tick(self, now: float) -> None:
        self._schedule_tick(now)
        if self.phase == IDLE:
            self._probe_next(now)
        elif now - self.sent_at > COINCIDENCE:
            self.tick_kept = True
        # Otherwise the tick came while the one that began this round was still kept: it is dropped.

    def _probe_next(self, now: float) -> None:
        node = self.order.choose(now)
        if node >= 0:
            self._begin(node, now)

    # The round (5.2) ---------------------------------------------------------------------------

    def _begin(self, node: i64, now: float) -> None:
        core = self.core
        key = core.members.key(node)
        self.target = node
        self.record = core.members.record(node)
        self.incarnation = key >> 2
        self.seq = core.next_seq()
        self.sent_at = now
        total = core.awareness.scale_timeout(core.config.probe_interval)
        self.deadline = now + total
        self.expected_nacks = 0
        self.nacks = 0
        self.tcp = TCP_NONE
        self.phase = DIRECT
        core.notify(now, events.PROBE, node, 0)
        if key & 3 == STATE_ALIVE or not core.config.buddy:
            self.was_sent = core.send(self.record.address, self._ping(), now)
        else:
            self.was_sent = self._send_buddy_ping(now)
        if self.was_sent and core.sender.awaits_send(PING_LEFT, self.seq):
            self.phase = PINGING
            return
        self._wait_for_ack(now)

    def ping_left(self, seq: i64, was_sent: bool, now: float) -> None:
        """Go on with round `seq` after a ping whose sender was blocked."""
        if seq != self.seq or self.phase != PINGING:
            return
        self.phase = DIRECT
        self.was_sent = was_sent
        if was_sent and self.deadline <= now:
            self.end_round(seq, now)
        else:
            self._wait_for_ack(now)

    def _wait_for_ack(self, now: float) -> None:
        if not self.was_sent:
            self._go_on_without_ping(now)
            return
        core = self.core
        wait = core.config.probe_timeout
        if core.config.scale_probe_timeout:
            wait = core.awareness.scale_timeout(wait)
        if self.deadline <= now + wait:
            self.timer = core.runtime.call_at_cancellable(self.deadline, PROBE_END, self.seq, 0)
        else:
            self.timer = core.runtime.call_at_cancellable(now + wait, PROBE_TIMEOUT, self.seq, 0)

    def _go_on_without_ping(self, now: float) -> None:
        """Go on after the kernel has refused the ping: for older releases the round is over."""
        core = self.core
        core.log_refused(now, log_lines.PING_REFUSED, self.record.address)
        if core.features.counts_refused_pings:
            self._ask_others(now)
        else:
            self._end(now)

    def _ping(self) -> Packet:
        core = self.core
        names_source = core.features.ping_source
        packet = Packet(PING, self.seq, ping_size(self.record, self.seq, core.record, names_source))
        packet.node = self.target
        packet.source = core.record.address if names_source else -1
        return packet

    def _send_buddy_ping(self, now: float) -> bool:
        """Send a suspect the suspicion with the ping, so that it can refute at once (buddy system)."""
        core = self.core
        packet = self._ping()
        suspicion = self.states.suspect_or_dead(SUSPECT, self.target, self.incarnation, core.me)
        packet.broadcasts = [suspicion]
        packet.size += suspicion.size + COMPOUND_HEADER + 2 * COMPOUND_PART
        return core.send_raw(self.record, packet, now)

    def probe_timeout(self, seq: i64, now: float) -> None:
        if seq != self.seq or self.phase != DIRECT:
            return
        self.core.notify(now, events.FAILED_PING, self.target, 0)
        self._ask_others(now)

    def _ask_others(self, now: float) -> None:
        """Helpers are asked to probe, and the TCP fallback starts beside them (5.4)."""
        core = self.core
        helpers: list[int] = []
        core.random_members(core.config.indirect_checks, self.target, STATE_ALIVE, INFINITY, helpers)
        helpers.reverse()
        self._helpers = helpers
        self._ack_kept = False
        self._ask_helpers(now)

    def _ask_helpers(self, now: float) -> None:
        core = self.core
        self.phase = INDIRECT
        features = core.features
        asks_nacks = features.nacks and core.config.lha_probe
        while len(self._helpers) > 0:
            helper = self._helpers.pop()
            record = core.members.record(helper)
            size = indirect_ping_size(self.record, self.seq, core.record, features.ping_source)
            packet = Packet(INDIRECT_PING, self.seq, size)
            packet.node = self.target
            packet.target = self.record.address
            packet.source = core.record.address if features.ping_source else -1
            packet.wants_nack = asks_nacks and record.protocol_max >= NACK_VERSION
            if packet.wants_nack:
                self.expected_nacks += 1
            if not core.send(record.address, packet, now):
                core.log_refused(now, log_lines.HELPER_PING_REFUSED, record.address)
            elif core.sender.awaits_send(HELPER_PING_LEFT, self.seq):
                self._asked = record
                self.phase = ASKING
                return
        answers_tcp = self.record.protocol_max >= TCP_PING_VERSION
        config = core.config
        has_fallback = not config.disable_tcp_pings and config.packet_transport == UDP
        if answers_tcp and features.tcp_pings and has_fallback:
            self._open_fallback(now)
        if self._ack_kept:
            self._answered(now)
        elif self._is_over or self.deadline <= now:
            # Both timers are due, where the process stood still, and go before whatever waits at the socket.
            self._is_over = False
            self._finish(now)
        else:
            self.timer = core.runtime.call_at_cancellable(self.deadline, PROBE_END, self.seq, 0)

    def helper_ping_left(self, seq: i64, was_sent: bool, now: float) -> None:
        """Go on with round `seq` after a request to a helper whose sender was blocked."""
        if seq != self.seq or self.phase != ASKING:
            return
        if not was_sent:
            self.core.log_refused(now, log_lines.HELPER_PING_REFUSED, self._asked.address)
        self._ask_helpers(now)

    def _open_fallback(self, now: float) -> None:
        left = self.deadline - now
        if left <= 0.0:
            return
        self.tcp = TCP_OPEN
        core = self.core
        request = StreamPing(self.target, self.seq, 0)
        core.put_on_stream(request, core.lead_stream_size(self._ping()), True)
        self._fallbacks[self.seq] = request
        core.runtime.open_stream(self.record.address, request, self.seq << 2, left, self.deadline, 0.0, now)

    def round_ns(self) -> i64:
        """Return the length of the round in ns, which memberlist's error about its fallback states."""
        return i64((self.deadline - self.sent_at) * 1e9 + 0.5)

    def fallback(self, seq: i64) -> StreamPing | None:
        """Return the message of the TCP fallback of round `seq`, over or not; None once it has ended."""
        return self._fallbacks.get(seq)

    def fallback_ended(self, seq: i64, answered: bool, now: float) -> None:
        """Handle the end of the TCP fallback of round `seq`, `answered` by a valid ack or not."""
        self._fallbacks.pop(seq, None)
        if seq != self.seq or self.tcp != TCP_OPEN:
            return
        self.tcp = TCP_ANSWERED if answered else TCP_NONE
        if self.phase == LAST_RESORT:
            self._judge(now)

    def ack(self, seq: i64, payload: Coordinate | None, now: float, received_at: float) -> bool:
        """Handle an ack; return True if it belongs to this node's own round."""
        if seq != self.seq:
            return False
        if self.phase == ASKING:
            self._ack_kept = self._ack_kept or now < self.deadline
            return True
        if self.phase != DIRECT and self.phase != INDIRECT:
            return False
        core = self.core
        if self.phase == DIRECT:
            core.notify(now, events.DIRECT_ACK, self.target, 0)
            core.delegate.notify_ping_complete(self.record, received_at - self.sent_at, payload, now)
            self._succeed(now)
        else:
            self._answered(now)
        return True

    def _answered(self, now: float) -> None:
        self.core.notify(now, events.INDIRECT_ACK, self.target, 0)
        self._succeed(now)

    def nack(self, seq: i64, now: float) -> None:
        if seq == self.seq and self.phase in (DIRECT, INDIRECT, ASKING):
            self.nacks += 1
            self.core.notify(now, events.NACK, self.target, 0)

    def end_round(self, seq: i64, now: float) -> None:
        if seq != self.seq:
            return
        if self.phase == DIRECT:
            # Only where the round is over at probe_timeout or before: too late for anyone to answer.
            self._is_over = True
            self._ask_others(now)
        elif self.phase == INDIRECT:
            self._finish(now)

    def _finish(self, now: float) -> None:
        if self.tcp == TCP_OPEN:
            self.phase = LAST_RESORT
        else:
            self._judge(now)

    def _judge(self, now: float) -> None:
        core = self.core
        if self.tcp == TCP_ANSWERED:
            core.notify(now, events.TCP_FALLBACK_OK, self.target, 0)
            self._succeed(now)
            return
        core.apply_health_delta(self._cost(), now)
        changed = self.states.suspect(
            self.states.suspect_or_dead(SUSPECT, self.target, self.incarnation, core.me), now
        )
        core.notify(now, events.SUSPECT, self.target, 1 if changed else 0)
        self._end(now)

    def _cost(self) -> i64:
        """Return the amount that a failed probe adds to the health score."""
        missing = self.expected_nacks - self.nacks
        if self.core.config.paper_health_score:
            return 2 if missing > 0 else 1
        if self.expected_nacks == 0:
            return 1
        return missing * self.core.features.nack_penalty if missing > 0 else 0

    def _succeed(self, now: float) -> None:
        core = self.core
        if self.timer != 0:
            core.runtime.cancel_call(self.timer)
            self.timer = 0
        if self.was_sent:
            core.apply_health_delta(-1, now)
        self._end(now)

    def _end(self, now: float) -> None:
        self.phase = IDLE
        if self.tick_kept:
            self.tick_kept = False
            self._probe_next(now)
