"""One memberlist node: it joins the parts and passes each input to the part that it concerns.

    ticks        probe_interval -> Prober, gossip_interval -> Gossiper, push_pull_interval -> here
    packets      ping, indirect ping -> Responder; ack, nack -> Prober, else Responder;
                 broadcasts -> HandoffQueues -> MembershipRules or the delegate
    streams      ping -> answered; push/pull -> answered with the own state, then Merger;
                 user message -> the delegate
    calls        start, join, leave, update_record

Ticks keep the rhythm of the node's start: the library's random stagger has no effect
(spec memberlist.md section 3), so nodes started together probe together for ever.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import TCP, MemberlistConfig
from serfsim.protocol.memberlist.core import (
    GOSSIP_REST,
    GOSSIP_TICK,
    HELPER_PING_LEFT,
    INFINITY,
    MESSAGE_SERVED,
    PING_LEFT,
    PROBE_END,
    PROBE_TICK,
    PROBE_TIMEOUT,
    PUSH_PULL_START,
    PUSH_PULL_TICK,
    RELAY_EXPIRY,
    SUSPICION_TIMEOUT,
    WAIT_END,
    Core,
)
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.errors import stream_error
from serfsim.protocol.memberlist.gate import Gate
from serfsim.protocol.memberlist.gossip import Gossiper
from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.memberlist.ledger import ledger_of
from serfsim.protocol.memberlist.members import STATE_ALIVE
from serfsim.protocol.memberlist.messages import (
    ACK,
    DEAD,
    ERROR,
    INDIRECT_PING,
    NACK,
    PING,
    PUSH_PULL,
    USER,
    Packet,
    StreamAck,
    StreamError,
    StreamMessage,
    StreamPing,
    StreamUser,
    ack_size,
    alive_message,
)
from serfsim.protocol.memberlist.packet_writer import PACKET_STREAM, PacketWriter
from serfsim.protocol.memberlist.probe import Prober
from serfsim.protocol.memberlist.push_pull import Join, Merger, PushPull, push_pull_scale
from serfsim.protocol.memberlist.receiver import Receiver
from serfsim.protocol.memberlist.relay import Responder
from serfsim.protocol.memberlist.state import MembershipRules
from serfsim.protocol.parts import Parts
from serfsim.protocol.runtime import (
    CLOSED,
    DIAL_NO_ROUTE,
    DIAL_REFUSED,
    DIAL_TIMEOUT,
    REPLIED,
    Machine,
    Runtime,
)

# The two lowest bits of a stream's token say what it is for.
FALLBACK_STREAM: Final = 0
PERIODIC_STREAM: Final = 1
JOIN_STREAM: Final = 2


@mypyc_attr(allow_interpreted_subclasses=True)
class Memberlist(Machine):
    # What every packet needs is declared first: it then shares a line of the cache.
    core: Core
    prober: Prober
    responder: Responder
    receiver: Receiver
    states: MembershipRules

    def __init__(
        self,
        config: MemberlistConfig,
        me: NodeIdentity,
        directory: Directory,
        runtime: Runtime,
        delegate: Delegate,
        rng: Random,
        parts: Parts | None = None,
    ) -> None:
        if parts is None:
            parts = Parts()
        mult = config.retransmit_mult
        core = Core(
            config,
            me,
            directory,
            runtime,
            delegate,
            rng,
            parts.awareness(config.awareness_max_multiplier),
            parts.broadcasts(mult, config.features.longest_first, ledger_of(directory)),
        )
        self.core = core
        self.writer: PacketWriter | None = None
        if config.packet_transport == TCP:
            self.writer = PacketWriter(core)
            core.sender = self.writer
        self.states = MembershipRules(core, parts.suspicion(core))
        self.prober = Prober(core, self.states, parts.probe_order(core))
        self.responder = Responder(core)
        self.gossiper = Gossiper(core, parts.gossip_choice(core))
        self.merger = Merger(self.core, self.states)
        self.receiver = Receiver(self.core, self.states)
        self.joins: dict[int, Join] = {}
        self.waits: dict[int, int] = {}  # ticket of a leave or update that goes on -> its caller's token
        self._tickets: i64 = 0
        self._streams: i64 = 0
        # From `protect`, by its own transport, or from the first message that needs a second look.
        self.gate: Gate | None = None if self.writer is None else Gate(core, None, b"")
        self._requests: dict[int, PushPull] = {}  # by token, those that have not ended
        self._partners: list[int] = []  # of the periodic push/pulls at work, the next one last
        self.join_errors: list[str] = []  # of the join that ended last

    # Life --------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Announce ourselves and begin the ticks (spec section 10, Create)."""
        core = self.core
        core.started_at = now
        core.incarnation = 1
        self.states.alive(alive_message(core.directory, core.record, 1), now, True)
        self.start_ticks(now)

    def start_converged(self, nodes: i64, now: float) -> None:
        """Begin with a complete view of members 0 .. nodes - 1, all alive at incarnation 1."""
        core = self.core
        core.started_at = now
        core.incarnation = 1
        core.members.fill(nodes, 1, core.rng)
        if core.members.changes is not None:
            core.broadcasts.expect_many_names()
        self.start_ticks(now)

    def start_ticks(self, now: float) -> None:
        core = self.core
        self.prober.start(now)
        if core.config.push_pull_interval > 0.0:
            stagger = core.rng.random() * core.config.push_pull_interval
            core.runtime.call_at(now + stagger, PUSH_PULL_START, 0, 0)

    def join(self, addresses: list[int], token: i64, now: float, named: i64 = -1) -> None:
        """Push/pull with each address in turn; ends with `Delegate.notify_joined(token, ...)`.

        `named`: the member that is to be found there. `join_errors` then says what failed.
        """
        self._continue_join(Join(addresses, token, named), now)

    def leave(self, token: i64, timeout: float, now: float) -> None:
        """Tell the others that we go; ends with `Delegate.notify_finished(token, ...)`.

        The node goes on answering; its own entry is left from now on. A second call ends at once.
        """
        core = self.core
        if core.leaving:
            core.delegate.notify_finished(token, True, now)
            return
        core.leaving = True
        ticket = self._take_ticket(token)
        message = self.states.suspect_or_dead(DEAD, core.me, core.members.incarnation(core.me), core.me)
        self.states.dead(message, now, ticket)
        self._wait(ticket, timeout, now)

    def update_record(self, record: NodeIdentity, token: i64, timeout: float, now: float) -> None:
        """Announce new metadata; ends with `Delegate.notify_finished(token, ...)`."""
        core = self.core
        core.record = record
        core.next_incarnation()
        ticket = self._take_ticket(token)
        self.states.alive(alive_message(core.directory, record, core.incarnation), now, True, ticket)
        self._wait(ticket, timeout, now)

    def _take_ticket(self, token: i64) -> i64:
        self._tickets += 1
        self.waits[self._tickets] = token
        return self._tickets

    def _wait(self, ticket: i64, timeout: float, now: float) -> None:
        """Nobody to tell: done at once. Otherwise the broadcast or the timeout (0: none) ends the wait."""
        core = self.core
        if not core.members.others_are_up(core.me):
            self._end_wait(ticket, True, now)
        elif timeout > 0.0:
            core.runtime.call_at(now + timeout, WAIT_END, ticket, 0)

    def _end_wait(self, ticket: i64, in_time: bool, now: float) -> None:
        token = self.waits.pop(ticket, None)
        if token is not None:
            self.core.delegate.notify_finished(token, in_time, now)

    # Input -------------------------------------------------------------------------------------

    def protect(self, keys: KeyRing | None, label: bytes = b"", is_open: bool = False) -> None:
        """Encrypt with these keys, and put a label in front; once, before the start (see `Gate`)."""
        self.gate = Gate(self.core, keys, label, is_open)
        self.core.directory.is_protected = True

    def own_gate(self) -> Gate:
        """Return the gate of this node, made where it is first needed: most nodes never need one."""
        gate = self.gate
        if gate is None:
            gate = Gate(self.core, None, b"")
            self.gate = gate
        return gate

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        if packet.seal is not self.core.accepted and not self.own_gate().admits(packet, source, now):
            return
        packet = self.receiver.readable(packet)
        kind = packet.kind
        if kind == PING:
            self.responder.ping(packet, source, now)
        elif kind == ACK:
            if not self.prober.ack(packet.seq, packet.coordinate, now, received_at):
                self.responder.ack(packet.seq, now)
        elif kind == INDIRECT_PING:
            self.responder.indirect_ping(packet, source, now)
        elif kind == NACK:
            self.prober.nack(packet.seq, now)
        if packet.broadcast_count > 0:
            self.receiver.take(packet, source, now)

    def hold_worker(self) -> None:
        self.receiver.stall()

    def release_worker(self, now: float) -> None:
        self.receiver.resume(now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if timer == PROBE_TICK:
            self.prober.tick(now)
        elif timer == PROBE_TIMEOUT:
            self.prober.probe_timeout(a, now)
        elif timer == PROBE_END:
            self.prober.end_round(a, now)
        elif timer == GOSSIP_TICK:
            self.gossiper.tick(now)
        elif timer == GOSSIP_REST:
            self.gossiper.go_on(now)
        elif timer == MESSAGE_SERVED:
            self.receiver.served(now)
        elif timer == RELAY_EXPIRY:
            self.responder.expire(a, now)
        elif timer == SUSPICION_TIMEOUT:
            self.states.suspicions_due(now)
        elif timer == PUSH_PULL_TICK:
            self.push_pull(now)
        elif timer == PUSH_PULL_START:
            self._schedule_push_pull(now)
        elif timer == PING_LEFT:
            self.prober.ping_left(a, b == 1, now)
        elif timer == HELPER_PING_LEFT:
            self.prober.helper_ping_left(a, b == 1, now)
        elif timer == WAIT_END:
            self._end_wait(a, b == 1, now)

    def can_read(self, request: StreamMessage) -> bool:
        return request.seal is self.core.accepted or self.own_gate().can_read(request)

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        core = self.core
        if not self.can_read(request):
            return self.own_gate().refusal(request, source, now)
        if request.kind == PUSH_PULL:
            assert isinstance(request, PushPull)
            return PushPull(request.join, core)
        if request.kind == PING:
            assert isinstance(request, StreamPing)
            if request.node >= 0 and request.node != core.me:
                text = core.directory.endpoint(source)
                core.log(now, log_lines.STRANGE_STREAM_PING, request.node, 0, 0, text)
                return None
            if not core.features.tcp_pings:
                return None  # unknown to it: it hangs up
            answer = StreamAck(request.seq, 0)
            ack = Packet(ACK, request.seq, ack_size(request.seq, None))
            core.put_on_stream(answer, core.lead_stream_size(ack))
            return answer
        if request.kind == USER:
            assert isinstance(request, StreamUser)
            core.delegate.notify_message(request.message, now)
        return None

    def on_stream_answered(self, request: StreamMessage, source: i64, now: float) -> None:
        if (
            isinstance(request, PushPull)
            and self.can_read(request)
            and not self.merger.merge(request, request.join, now)
        ):
            core = self.core
            error = self.merger.error or stream_error(REPLIED, "", "")
            core.log(now, log_lines.MERGE_FAILED, -1, 0, 0, f"{error} from={core.directory.endpoint(source)}")

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        purpose = token & 3
        if purpose == PACKET_STREAM:
            if self.writer is not None:
                self.writer.ended(token, outcome, now)
            return
        trouble = "" if reply is None else self._trouble(reply, now)
        if purpose == FALLBACK_STREAM:
            self._fallback_result(token >> 2, outcome, reply, trouble, now)
            return
        merged = False
        self.merger.error = trouble
        request = self._requests.pop(token, None)
        if request is None:
            return
        if outcome == REPLIED and trouble == "" and isinstance(reply, PushPull):
            merged = self.merger.merge(reply, purpose == JOIN_STREAM, now)
        if purpose == PERIODIC_STREAM:
            if not merged:
                core = self.core
                core.notify(now, events.PUSH_PULL_FAILED, request.named, outcome)
                error = self._error(outcome, request)
                core.log(now, log_lines.PUSH_PULL_FAILED, request.named, 0, 0, error)
            self._next_push_pull(now)
            return
        join = self.joins.pop(token, None)
        if join is not None:
            if merged:
                join.contacted += 1
            else:
                self._join_failed(join, outcome, request, now)
            self._continue_join(join, now)

    def _trouble(self, answer: StreamMessage, now: float) -> str:
        """Return "" for an answer that can be read, and is none to a request that could not."""
        if answer.seal is not self.core.accepted:
            trouble = self.own_gate().trouble(answer, now)
            if trouble != "":
                return trouble
        return f"remote error: {answer.text}" if isinstance(answer, StreamError) else ""

    def _error(self, outcome: i64, request: PushPull) -> str:
        """Return the error of a push/pull that failed."""
        if self.merger.error != "":
            return self.merger.error
        return self._stream_error(outcome, request, request.address)

    def _stream_error(self, outcome: i64, request: StreamMessage, address: i64) -> str:
        directory = self.core.directory
        own = directory.endpoint(self.core.record.address).rpartition(":")[0]
        return stream_error(outcome, f"{own}:{request.port}", directory.endpoint(address))

    def _join_failed(self, join: Join, outcome: i64, request: PushPull, now: float) -> None:
        core = self.core
        where = core.directory.endpoint(request.address)
        if not core.features.names_ports:
            where = where.rpartition(":")[0].strip("[]")
        verb = "failed" if core.features.lower_case_errors else "Failed"
        error = f"{verb} to join {where}: {self._error(outcome, request)}"
        join.errors.append(error)
        core.log(now, log_lines.JOIN_FAILED, -1, 0, 0, error)

    def _fallback_result(
        self, seq: i64, outcome: i64, reply: StreamMessage | None, trouble: str, now: float
    ) -> None:
        readable = outcome == REPLIED and trouble == ""
        answered = readable and isinstance(reply, StreamAck) and reply.seq == seq
        # A dial that fails is silent; a connection that gives no valid ack is logged as an error.
        is_dialled = outcome not in (DIAL_TIMEOUT, DIAL_REFUSED, DIAL_NO_ROUTE)
        if not answered and is_dialled:
            core, request = self.core, self.prober.fallback(seq)
            core.notify(now, events.TCP_FALLBACK_ERROR, -1 if request is None else request.node, outcome)
            if request is not None:
                address = core.members.record(request.node).address
                error = self._stream_error(outcome if outcome != REPLIED else CLOSED, request, address)
                if isinstance(reply, StreamError) and trouble.startswith("remote error"):
                    error = f"Unexpected msgType ({ERROR}) from ping from={core.directory.endpoint(address)}"
                elif trouble != "":
                    error = trouble
                core.log(now, log_lines.FALLBACK_FAILED, request.node, 0, self.prober.round_ns(), error)
        self.prober.fallback_ended(seq, answered, now)

    # Push/pull ---------------------------------------------------------------------------------

    def _schedule_push_pull(self, now: float) -> None:
        core = self.core
        wait = push_pull_scale(core.config.push_pull_interval, core.members.count)
        core.runtime.call_at(now + wait, PUSH_PULL_TICK, 0, 0)

    def push_pull(self, now: float) -> None:
        """Exchange state with random alive members, `push_pull_nodes` one after the other.

        The next interval starts when all this has ended.
        """
        core = self.core
        partners = core.config.push_pull_nodes
        if partners < 0:
            partners = 1 if core.selection is None else core.selection.push_pull_nodes
        self._partners = core.selected_members(partners, STATE_ALIVE, INFINITY, now)[::-1]
        self._next_push_pull(now)

    def _next_push_pull(self, now: float) -> None:
        core = self.core
        if len(self._partners) == 0:
            self._schedule_push_pull(now)
            return
        partner = self._partners.pop()
        self._open(core.members.record(partner).address, partner, PERIODIC_STREAM, now)

    def _open(self, address: i64, named: i64, purpose: i64, now: float) -> i64:
        """Begin a push/pull with an address at which `named` is expected (-1: anybody)."""
        self._streams += 1
        token = (self._streams << 2) | purpose
        core = self.core
        timeout = core.config.tcp_timeout
        request = PushPull(purpose == JOIN_STREAM, core)
        request.address = address
        request.named = named
        self._requests[token] = request
        core.runtime.open_stream(address, request, token, timeout, 0.0, timeout, now)
        return token

    def _continue_join(self, join: Join, now: float) -> None:
        if join.next >= len(join.addresses):
            self.join_errors = join.errors
            self.core.delegate.notify_joined(join.token, join.contacted, now)
            return
        address = join.addresses[join.next]
        join.next += 1
        self.joins[self._open(address, join.named, JOIN_STREAM, now)] = join
