"""The tap before a member's machine that tells which rows of its tables an input takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from serfsim.protocol.memberlist import messages
from serfsim.protocol.memberlist.core import (
    HELPER_PING_LEFT,
    PING_LEFT,
    PROBE_END,
    PROBE_TICK,
    PROBE_TIMEOUT,
    WAIT_END,
)
from serfsim.protocol.memberlist.members import STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Alive, Message, Packet, StreamMessage
from serfsim.protocol.memberlist.node import FALLBACK_STREAM
from serfsim.protocol.memberlist.probe import PHASES, TCP_ANSWERED
from serfsim.protocol.runtime import Machine
from serfsim.protocol.serf.core import INTENT_END, LEAVE_PROPAGATED
from serfsim.protocol.serf.intents import PHASES as LEAVE_PHASES
from serfsim.protocol.serf.messages import LEAVE, Intent, UserEvent
from serfsim.protocol.serf.query_messages import Query

if TYPE_CHECKING:
    from serfsim.study.swarm.rows import RowCounts

BEFORE_030: Final = ", before memberlist 0.3.0"


class RowTap(Machine):
    """A member's machine whose rows are counted."""

    def __init__(self, member: int, machine: Any, rows: RowCounts) -> None:
        self.watched = machine
        self.member = member
        self.rows = rows
        self.node: Any = None  # known once the process has started
        self._leave_phase = 0

    def _begin(self) -> Any:
        """Return the prober before an input; count a leave that a command has begun meanwhile."""
        self.node = self.rows.run.agents.nodes[self.member]
        if self.node is None:
            return None
        phase = int(self.node.departure.phase)
        if self._leave_phase == 0 and phase != 0:
            left_at_once = LEAVE_PHASES[phase] in ("propagating", "telling memberlist")
            self.rows.take(f"serf/intents: staying: leave{', nobody else alive' if left_at_once else ''}")
        self._leave_phase = phase
        return self.node.memberlist.prober

    def _take_probe(self, before: int, given: str) -> None:
        self.rows.take(f"memberlist/probe: {PHASES[before]}: {given}")

    # Inputs ----------------------------------------------------------------------------------------

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        prober = self._begin()
        if prober is not None and packet.seal is self.node.memberlist.core.accepted:
            if packet.kind in (messages.ACK, messages.NACK) and packet.seq == prober.seq:
                self._answer(prober, packet.kind)
            for message in packet.broadcasts or ():
                self._message(message)
        self.watched.on_packet(packet, source, now, received_at)

    def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
        prober = self._begin()
        if prober is None:
            self.watched.on_timer(timer, a, b, now)
            return
        phase, seq, deadline, tcp = (
            int(prober.phase),
            int(prober.seq),
            float(prober.deadline),
            int(prober.tcp),
        )
        ack_kept, leaving = bool(prober._ack_kept), self._leave_phase
        self.watched.on_timer(timer, a, b, now)
        after = PHASES[int(prober.phase)]
        if timer == PROBE_TICK:
            self._tick(prober, phase, after, seq != int(prober.seq))
        elif a == seq and timer == PROBE_TIMEOUT and PHASES[phase] == "direct":
            why = {"indirect": "", "asking": ", sends block"}.get(after, ", past the end of the round")
            self._take_probe(phase, f"probe_timeout{why}")
        elif a == seq and timer == PROBE_END and PHASES[phase] in ("direct", "indirect"):
            why = ", TCP open" if after == "last_resort" else ""
            why = ", TCP answered" if tcp == TCP_ANSWERED and PHASES[phase] == "indirect" else why
            self._take_probe(phase, f"end of round{why}")
        elif a == seq and timer == PING_LEFT and PHASES[phase] == "pinging":
            self._ping_left(phase, after, b == 1, deadline - now)
        elif a == seq and timer == HELPER_PING_LEFT and PHASES[phase] == "asking" and after != "asking":
            why = "" if after == "indirect" else ", an ack kept" if ack_kept else ", too late"
            self._take_probe(phase, f"ping of a helper leaves{why}")
        elif timer in (INTENT_END, WAIT_END, LEAVE_PROPAGATED):
            self._leaves(leaving, timer, b == 1)

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        prober = self._begin()
        if (
            prober is not None
            and token & 3 == FALLBACK_STREAM
            and token >> 2 == prober.seq
            and PHASES[int(prober.phase)] == "last_resort"
        ):
            self._take_probe(int(prober.phase), f"TCP {'fails' if reply is None else 'answers'}")
        self.watched.on_stream_result(token, outcome, reply, now)

    def on_stream_request(self, request: StreamMessage, source: int, now: float) -> StreamMessage | None:
        self._begin()
        answer: StreamMessage | None = self.watched.on_stream_request(request, source, now)
        return answer

    def on_stream_answered(self, request: StreamMessage, source: int, now: float) -> None:
        self.watched.on_stream_answered(request, source, now)

    def hold_worker(self) -> None:
        self.watched.hold_worker()

    def release_worker(self, now: float) -> None:
        self.watched.release_worker(now)

    def can_read(self, request: StreamMessage) -> bool:
        return bool(self.watched.can_read(request))

    # The probe -------------------------------------------------------------------------------------

    def _answer(self, prober: Any, kind: int) -> None:
        phase = PHASES[int(prober.phase)]
        if phase in ("direct", "indirect", "asking"):
            kept = kind == messages.ACK and bool(prober.tick_kept) and phase != "asking"
            self._take_probe(
                int(prober.phase),
                f"{'ack' if kind == messages.ACK else 'nack'}{', a tick kept' if kept else ''}",
            )

    def _tick(self, prober: Any, before: int, after: str, began: bool) -> None:
        if PHASES[before] != "idle":
            self._take_probe(before, "tick")
        elif began and not prober.was_sent:
            self._take_probe(
                before, f"tick, the kernel refuses the ping{BEFORE_030 if after == 'idle' else ''}"
            )
        elif after == "pinging":
            self._take_probe(before, "tick, sends block")
        elif began:
            core = self.node.memberlist.core
            suspected = int(core.members.key(prober.target)) & 3 == STATE_SUSPECT and bool(core.config.buddy)
            self._take_probe(before, f"tick{', the next is suspect' if suspected else ''}")

    def _ping_left(self, before: int, after: str, was_sent: bool, left_s: float) -> None:
        if not was_sent:
            self._take_probe(before, f"the kernel refuses the ping{BEFORE_030 if after == 'idle' else ''}")
            return
        core = self.node.memberlist.core
        wait = float(core.config.probe_timeout)
        if core.config.scale_probe_timeout:
            wait = float(core.awareness.scale_timeout(wait))
        late = (
            " too late" if left_s <= 0.0 else ", less than probe_timeout to the end" if left_s <= wait else ""
        )
        self._take_probe(before, f"ping leaves{late}")

    # The leave -------------------------------------------------------------------------------------

    def _leaves(self, before: int, timer: int, in_time: bool) -> None:
        after = int(self.node.departure.phase)
        self._leave_phase = after
        if before == after:
            return
        name, gone = LEAVE_PHASES[before], LEAVE_PHASES[after] == "gone"
        if timer == LEAVE_PROPAGATED:
            given = "leave_propagate_delay"
        elif in_time:
            given = f"{'intent' if name == 'telling intent' else 'leave'} sent often enough"
        else:
            given = "timeout" if gone else "timeout, leave_continues"
        self.rows.take(f"serf/intents: {name}: {given}")

    # Gossip ----------------------------------------------------------------------------------------

    def _message(self, message: Message) -> None:
        if isinstance(message, Alive):
            self._alive(message)
        elif isinstance(message, Intent):
            self._intent(message)
        elif isinstance(message, UserEvent):
            self._event(message)
        elif isinstance(message, Query):
            self._query(message)

    def _alive(self, message: Alive) -> None:
        if message.node == self.member:
            return
        core = self.node.memberlist.core
        state = self.rows.state_of(self.member, int(message.node))
        if state == "unknown":
            if message.incarnation == 0:
                self.rows.take("memberlist/state: unknown: alive, not newer")
            return
        known = core.members.record(message.node)
        moves = known.address != message.record.address or known.port != message.record.port
        newer = message.incarnation > int(core.members.incarnation(message.node))
        if state == "left" and moves:
            self.rows.take("memberlist/state: left: alive from another address")
        elif state == "alive" and newer and not moves:
            self.rows.take("memberlist/state: alive: alive, newer")

    def _intent(self, message: Intent) -> None:
        status = self.rows.status_of(self.member, int(message.node))
        leave = message.user_kind == LEAVE
        if status == "none":
            self.rows.take(f"serf/members: none: {'leave' if leave else 'join'} intent")
            return
        if message.ltime <= int(self.node.members.status_ltime(message.node)):
            return
        if not leave and status != "leaving":
            self.rows.take(f"serf/members: {status}: join intent")
        elif leave and message.prune and status == "alive" and message.node != self.member:
            self.rows.take("serf/members: alive: leave intent to prune")

    def _event(self, message: UserEvent) -> None:
        ring = self.node.user_events
        if message.ltime < ring.min_time:
            self.rows.take("serf/events: unwanted: event")
            return
        slot = ring._slots[message.ltime % len(ring._slots)] if len(ring._slots) else None
        known = slot is not None and slot.ltime == message.ltime and any(map(message.is_same, slot.events))
        if known or not self._is_old(message.ltime, ring.clock, int(self.node.config.event_buffer)):
            self.rows.take(f"serf/events: {'known' if known else 'new'}: event")

    def _query(self, message: Query) -> None:
        ring = self.node.queries
        if message.ltime < ring.min_time:
            self.rows.take("serf/queries: unwanted: query")
            return
        slot = ring._slots[message.ltime % len(ring._slots)] if len(ring._slots) else None
        if slot is not None and slot.ltime == message.ltime and message.id in slot.ids:
            self.rows.take("serf/queries: known: query")
        elif not self._is_old(message.ltime, ring.clock, int(self.node.config.query_buffer)):
            others = "" if ring.is_for_us(message) else " for others"
            stays = "" if message.may_be_passed_on() else " not to be passed on"
            comma = "," if others and stays else ""
            self.rows.take(f"serf/queries: new: query{others}{comma}{stays}")

    @staticmethod
    def _is_old(ltime: int, clock: Any, ring: int) -> bool:
        current = max(int(clock.time()), ltime + 1)
        return current > ring and ltime < current - ring
