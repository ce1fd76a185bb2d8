"""One Serf node above memberlist: membership with intents, coordinates, reconnect and reap.

    memberlist says join, leave, update   -> status of the member, event
    intents by gossip                     -> Intents, passed on through the intent queue
    push/pull                             -> SerfState both ways, merged as if gossiped
    direct acks                           -> Vivaldi
    timers                                -> reap, reconnect, queue check, the steps of a leave

A leave goes through these phases, each ended by its broadcast being told or by a timeout:

    staying -> telling intent -> telling memberlist -> propagating -> gone
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, append, i64, mypyc_attr, vec
from serfsim.protocol import events
from serfsim.protocol.directory import Directory, Record, unsigned_size
from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import FIRST_DELEGATE_TIMER
from serfsim.protocol.memberlist.delegate import Delegate, UserState
from serfsim.protocol.memberlist.messages import Message, Packet, StreamMessage, UserMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.runtime import Machine, Runtime
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.intents import PRUNE_LATER, PRUNE_NOW, Intents, check_depth
from serfsim.protocol.serf.lamport import LamportClock
from serfsim.protocol.serf.members import (
    STATUS_ALIVE,
    STATUS_FAILED,
    STATUS_LEAVING,
    STATUS_LEFT,
    STATUS_NONE,
    SerfMembers,
)
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent, SerfState
from serfsim.protocol.vivaldi.client import Client
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate

REAP_TICK: Final = FIRST_DELEGATE_TIMER
RECONNECT_TICK: Final = FIRST_DELEGATE_TIMER + 1
QUEUE_CHECK_TICK: Final = FIRST_DELEGATE_TIMER + 2
INTENT_TIMEOUT: Final = FIRST_DELEGATE_TIMER + 3
LEAVE_PROPAGATED: Final = FIRST_DELEGATE_TIMER + 4
PRUNE_DUE: Final = FIRST_DELEGATE_TIMER + 5
RETRY_JOIN: Final = FIRST_DELEGATE_TIMER + 6

# Tokens of what this node waits for.
JOINING: Final = 1
RECONNECTING: Final = 2
LEAVING_MEMBERLIST: Final = 3
UPDATING: Final = 4
TELLING_LEAVE: Final = 5
TELLING_REMOVAL: Final = 6

# Phases of a leave.
STAYING: Final = 0
TELLING_INTENT: Final = 1
TELLING_MEMBERLIST: Final = 2
PROPAGATING: Final = 3
GONE: Final = 4


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfDelegate(Delegate):
    """Passes memberlist's callbacks on to the node (one class cannot be both machine and delegate)."""

    def __init__(self) -> None:
        self.node: SerfNode | None = None

    def serf(self) -> SerfNode:
        node = self.node
        assert node is not None
        return node

    def notify_join(self, record: Record, now: float) -> None:
        self.serf().member_joined(record, now)

    def notify_leave(self, record: Record, now: float) -> None:
        self.serf().member_left(record, now)

    def notify_update(self, record: Record, now: float) -> None:
        self.serf().member_updated(record, now)

    def notify_message(self, message: UserMessage, now: float) -> None:
        self.serf().on_message(message, now)

    def has_broadcasts(self) -> bool:
        return self.serf().intent_queue.depth > 0

    def get_broadcasts(self, overhead: i64, limit: i64, into: list[Message], now: float) -> i64:
        return self.serf().get_broadcasts(overhead, limit, into, now)

    def local_state(self, join: bool) -> UserState | None:
        return self.serf().local_state()

    def merge_remote_state(self, state: UserState, join: bool, now: float) -> None:
        assert isinstance(state, SerfState)
        self.serf().merge_remote_state(state, now)

    def ack_payload(self) -> Coordinate | None:
        node = self.serf()
        return None if node.config.disable_coordinates else node.vivaldi.coordinate

    def notify_ping_complete(
        self, record: Record, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        if payload is not None:
            self.serf().measured(record.node, rtt, payload, now)

    def notify_joined(self, token: i64, contacted: i64, now: float) -> None:
        self.serf().join_ended(token, contacted, now)

    def notify_finished(self, token: i64, in_time: bool, now: float) -> None:
        self.serf().wait_ended(token, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfNode(Machine):
    def __init__(
        self,
        memberlist_config: MemberlistConfig,
        config: SerfConfig,
        coordinate_config: CoordinateConfig,
        me: Record,
        directory: Directory,
        runtime: Runtime,
        memberlist_rng: Random,
        serf_rng: Random,
        vivaldi_rng: Random,
    ) -> None:
        self.config = config
        self.me: i64 = me.node
        self.directory = directory
        self.runtime = runtime
        self.rng = serf_rng
        delegate = SerfDelegate()
        delegate.node = self
        self.memberlist = Memberlist(memberlist_config, me, directory, runtime, delegate, memberlist_rng)
        self.members = SerfMembers()
        self.intents = Intents(me.node, self.members, runtime, directory)
        self.event_clock = LamportClock()
        self.query_clock = LamportClock()
        self.intent_queue = TransmitLimitedQueue(memberlist_config.retransmit_mult)
        self.vivaldi = Client(coordinate_config, vivaldi_rng)
        self.coordinates: dict[int, Coordinate] = {}  # of members that this node has probed itself
        self.leave_phase: i64 = STAYING
        self._join_addresses: list[int] = []

    # Calls -------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        self._start_clocks()
        self.memberlist.start(now)
        self._start_timers(now)

    def start_converged(self, nodes: i64, now: float) -> None:
        """Begin as if the join of all members 0 .. nodes - 1 were long over."""
        self._start_clocks()
        self.members.fill(nodes, 1)
        self.intents.clock.witness(1)
        self.memberlist.start_converged(nodes, now)
        self._start_timers(now)

    def _start_clocks(self) -> None:
        self.intents.clock.increment()
        self.event_clock.increment()
        self.query_clock.increment()

    def _start_timers(self, now: float) -> None:
        config = self.config
        self.runtime.call_at(now + config.reap_interval, REAP_TICK, 0, 0)
        self.runtime.call_at(now + config.reconnect_interval, RECONNECT_TICK, 0, 0)
        self.runtime.call_at(now + config.queue_check_interval, QUEUE_CHECK_TICK, 0, 0)

    def join(self, addresses: list[int], now: float) -> None:
        """Join through `addresses`, and again every retry_interval until one answered."""
        self._join_addresses = addresses
        self.memberlist.join(addresses, JOINING, now)

    def leave(self, now: float) -> None:
        """Leave gracefully: intent first, then memberlist, then a pause; ends with LEAVE_DONE."""
        if self.leave_phase != STAYING:
            return
        self.leave_phase = TELLING_INTENT
        self.intents.is_alive = False
        message = self._own_leave_intent(self.me, False, now)
        if self._others_alive():
            self._queue(message, now, TELLING_LEAVE)
            self.runtime.call_at(now + self.config.broadcast_timeout, INTENT_TIMEOUT, TELLING_LEAVE, 0)
        else:
            self.wait_ended(TELLING_LEAVE, now)

    def force_leave(self, node: i64, prune: bool, now: float) -> None:
        """Say of another member that it has left; if it lives, it will object."""
        message = self._own_leave_intent(node, prune, now)
        if self._others_alive():
            self._queue(message, now, TELLING_REMOVAL)

    def _own_leave_intent(self, node: i64, prune: bool, now: float) -> Intent:
        intents = self.intents
        message = intents.make(LEAVE, node, intents.clock.time(), prune)
        intents.clock.increment()
        intents.handle_leave(node, message.ltime, prune, now)
        self._after_leave_intent(node, now)
        return message

    def update_record(self, record: Record, now: float) -> None:
        """Announce new tags."""
        self.memberlist.update_record(record, UPDATING, self.config.broadcast_timeout, now)

    # Input -------------------------------------------------------------------------------------

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        self.memberlist.on_packet(packet, source, now, received_at)

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        return self.memberlist.on_stream_request(request, source, now)

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        self.memberlist.on_stream_result(token, outcome, reply, now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if timer < FIRST_DELEGATE_TIMER:
            self.memberlist.on_timer(timer, a, b, now)
        elif timer == REAP_TICK:
            self._reap(now)
        elif timer == RECONNECT_TICK:
            self._reconnect(now)
        elif timer == QUEUE_CHECK_TICK:
            check_depth(self.intent_queue, self._max_queue_depth())
            self.runtime.call_at(now + self.config.queue_check_interval, QUEUE_CHECK_TICK, 0, 0)
        elif timer == INTENT_TIMEOUT:
            self.wait_ended(a, now)
        elif timer == LEAVE_PROPAGATED:
            self.leave_phase = GONE
            self.runtime.notify(now, events.LEAVE_DONE, self.me, 0)
        elif timer == PRUNE_DUE:
            self._prune(a, now)
        elif timer == RETRY_JOIN:
            self.memberlist.join(self._join_addresses, JOINING, now)

    def on_message(self, message: UserMessage, now: float) -> None:
        """A gossiped Serf message; what was news is passed on unchanged."""
        kind = message.user_kind
        if kind == JOIN:
            assert isinstance(message, Intent)
            if self.intents.handle_join(message.node, message.ltime, now):
                self._queue(message, now)
        elif kind == LEAVE:
            assert isinstance(message, Intent)
            news = self.intents.handle_leave(message.node, message.ltime, message.prune, now)
            self._after_leave_intent(message.node, now)
            if news:
                self._queue(message, now)

    def _after_leave_intent(self, node: i64, now: float) -> None:
        intents = self.intents
        if intents.must_refute:
            intents.must_refute = False
            self._broadcast_join(now)
        if intents.prune_wanted == PRUNE_NOW:
            self._prune(node, now)
        elif intents.prune_wanted == PRUNE_LATER:
            delay = self.config.broadcast_timeout + self.config.leave_propagate_delay
            self.runtime.call_at(now + delay, PRUNE_DUE, node, 0)

    # memberlist's callbacks (section 3) --------------------------------------------------------

    def member_joined(self, record: Record, now: float) -> None:
        node = record.node
        members = self.members
        before = members.status(node)
        if before == STATUS_NONE:
            self._meet(node)
        else:
            members.set(node, STATUS_ALIVE, members.status_ltime(node))
            left_at = members.leave_time.pop(node, -1e18)
            if before == STATUS_FAILED:
                members.failed.remove(node)
                if now - left_at < self.config.flap_timeout:
                    self.runtime.notify(now, events.FLAP, node, 0)
            elif before == STATUS_LEFT:
                members.left.remove(node)
        self.runtime.notify(now, events.JOIN, node, 0)

    def _meet(self, node: i64) -> None:
        """A new member; what was said of it before it was known counts now."""
        recent = self.intents.recent
        status: i64 = STATUS_ALIVE
        ltime: i64 = 0
        joined = recent.find(node, JOIN)
        if joined >= 0:
            ltime = joined
        left = recent.find(node, LEAVE)
        if left >= 0:
            ltime = left
            status = STATUS_LEAVING
        self.members.set(node, status, ltime)

    def member_left(self, record: Record, now: float) -> None:
        node = record.node
        members = self.members
        status = members.status(node)
        ltime = members.status_ltime(node)
        if status == STATUS_LEAVING:
            members.set(node, STATUS_LEFT, ltime)
            members.left.append(node)
            members.leave_time[node] = now
            self.runtime.notify(now, events.LEFT, node, 0)
        elif status == STATUS_ALIVE:
            members.set(node, STATUS_FAILED, ltime)
            members.failed.append(node)
            members.leave_time[node] = now
            self.runtime.notify(now, events.FAILED, node, 0)

    def member_updated(self, record: Record, now: float) -> None:
        if self.members.status(record.node) != STATUS_NONE:
            self.runtime.notify(now, events.UPDATE, record.node, 0)

    def measured(self, peer: i64, rtt: float, coordinate: Coordinate, now: float) -> None:
        """A direct probe of `peer` took `rtt` seconds: learn from it (section 12)."""
        resets = self.vivaldi.resets
        reject = self.vivaldi.update(peer, coordinate, i64(rtt * 1e9 + 0.5))
        if reject != 0:
            self.runtime.notify(now, events.COORDINATE_REJECTED, peer, reject)
            return
        self.coordinates[peer] = coordinate
        if self.vivaldi.resets != resets:
            self.runtime.notify(now, events.COORDINATE_RESET, self.me, self.vivaldi.resets)

    def join_ended(self, token: i64, contacted: i64, now: float) -> None:
        if token == RECONNECTING:
            self.runtime.call_at(now + self.config.reconnect_interval, RECONNECT_TICK, 0, 0)
            return
        self.runtime.notify(now, events.JOINED, self.me, contacted)
        if contacted > 0:
            self._broadcast_join(now)
        elif self.config.retry_interval > 0.0:
            self.runtime.call_at(now + self.config.retry_interval, RETRY_JOIN, 0, 0)

    def wait_ended(self, token: i64, now: float) -> None:
        """What was to be told is told, or its time is over."""
        if token == TELLING_LEAVE and self.leave_phase == TELLING_INTENT:
            self.leave_phase = TELLING_MEMBERLIST
            self.memberlist.leave(LEAVING_MEMBERLIST, self.config.broadcast_timeout, now)
        elif token == LEAVING_MEMBERLIST and self.leave_phase == TELLING_MEMBERLIST:
            self.leave_phase = PROPAGATING
            self.runtime.call_at(now + self.config.leave_propagate_delay, LEAVE_PROPAGATED, 0, 0)

    # Gossip and push/pull ----------------------------------------------------------------------

    def _broadcast_join(self, now: float) -> None:
        """Say that we are here, at the present Lamport time."""
        intents = self.intents
        message = intents.make(JOIN, self.me, intents.clock.time())
        intents.handle_join(self.me, message.ltime, now)
        self._queue(message, now)

    def _queue(self, message: UserMessage, now: float, token: i64 = 0) -> None:
        self.intent_queue.queue(message, UNNAMED, token)
        self.memberlist.core.wake_gossip(now)

    def get_broadcasts(self, overhead: i64, limit: i64, into: list[Message], now: float) -> i64:
        queue = self.intent_queue
        used = queue.get_broadcasts(self.members.count, overhead, limit, into)
        if len(queue.finished) > 0:
            tokens = queue.finished
            queue.finished = []
            for token in tokens:
                # The wait ends after this datagram, not within its making.
                self.runtime.call_at(now, INTENT_TIMEOUT, token, 0)
        return used

    def local_state(self) -> SerfState:
        """What a push/pull tells of Serf's view (section 5); size by spec wire.md section 5."""
        members = self.members
        nodes = members.known()
        ltimes: vec[i64] = vec[i64](capacity=members.count)
        size: i64 = 579
        for node in nodes:
            ltime = members.packed[node] >> 3
            ltimes = append(ltimes, ltime)
            size += self.directory.first[node].name_size + unsigned_size(ltime)
        for left in members.left:
            size += self.directory.first[left].name_size
        if members.count > 15:
            size += 2
        if len(members.left) > 15:
            size += 2
        intents = self.intents
        size += unsigned_size(intents.clock.time())
        size += unsigned_size(self.event_clock.time()) + unsigned_size(self.query_clock.time())
        return SerfState(
            intents.clock.time(),
            self.event_clock.time(),
            self.query_clock.time(),
            nodes,
            ltimes,
            members.left.copy(),
            size,
        )

    def merge_remote_state(self, state: SerfState, now: float) -> None:
        """Section 5: the left first, then all others as join intents; nothing is passed on."""
        if state.ltime > 0:
            self.intents.clock.witness(state.ltime - 1)
        if state.event_ltime > 0:
            self.event_clock.witness(state.event_ltime - 1)
        if state.query_ltime > 0:
            self.query_clock.witness(state.query_ltime - 1)
        has_left: dict[int, bool] = {}
        for node in state.left:
            has_left[node] = True
        members = self.members
        others: list[int] = []
        i: i64 = 0
        while i < len(state.nodes):
            node = state.nodes[i]
            ltime = state.ltimes[i]
            i += 1
            if len(has_left) > 0 and node in has_left:
                self.intents.handle_leave(node, ltime + 1, False, now)
                self._after_leave_intent(node, now)
                has_left[node] = False
            elif members.status(node) == STATUS_NONE or ltime > members.status_ltime(node):
                others.append(i - 1)
            else:
                self.intents.clock.witness(ltime)
        for node, unheard in has_left.items():
            if unheard:
                self.intents.handle_leave(node, 1, False, now)
                self._after_leave_intent(node, now)
        for at in others:
            self.intents.handle_join(state.nodes[at], state.ltimes[at], now)

    # Timers (section 9) ------------------------------------------------------------------------

    def _others_alive(self) -> bool:
        """Is any other member alive? (Serf's hasAliveMembers.)"""
        members = self.members
        i: i64 = 0
        while i < len(members.packed):
            if i != self.me and members.packed[i] & 7 == STATUS_ALIVE:
                return True
            i += 1
        return False

    def _max_queue_depth(self) -> i64:
        config = self.config
        if config.min_queue_depth > 0:
            twice = 2 * self.members.count
            return twice if twice > config.min_queue_depth else config.min_queue_depth
        return config.max_queue_depth

    def _reap(self, now: float) -> None:
        config = self.config
        self.intents.recent.reap(now, config.recent_intent_timeout)
        self._reap_list(self.members.failed, config.reconnect_timeout, now)
        self._reap_list(self.members.left, config.tombstone_timeout, now)
        self.runtime.call_at(now + config.reap_interval, REAP_TICK, 0, 0)

    def _reap_list(self, listed: list[int], timeout: float, now: float) -> None:
        leave_time = self.members.leave_time
        for node in listed.copy():
            if now - leave_time.get(node, now) > timeout:
                listed.remove(node)
                self._erase(node, now)

    def _prune(self, node: i64, now: float) -> None:
        members = self.members
        if members.status(node) == STATUS_NONE:
            return
        if node in members.left:
            members.left.remove(node)
        self._erase(node, now)

    def _erase(self, node: i64, now: float) -> None:
        self.members.erase(node)
        self.vivaldi.forget_node(node)
        self.coordinates.pop(node, None)
        self.runtime.notify(now, events.REAP, node, 0)

    def _reconnect(self, now: float) -> None:
        """Try one failed member, so often that each is tried about once an interval by all together."""
        members = self.members
        failed: i64 = len(members.failed)
        if failed == 0:
            self.runtime.call_at(now + self.config.reconnect_interval, RECONNECT_TICK, 0, 0)
            return
        alive = members.count - failed - len(members.left)
        if alive == 0:
            alive = 1
        if self.rng.random() > float(failed) / float(alive):
            self.runtime.notify(now, events.RECONNECT_FORGONE, self.me, 0)
            self.runtime.call_at(now + self.config.reconnect_interval, RECONNECT_TICK, 0, 0)
            return
        node: i64 = members.failed[self.rng.randrange(failed)]
        self.runtime.notify(now, events.RECONNECT, node, 0)
        address = self.memberlist.core.members.record(node).address
        self.memberlist.join([address], RECONNECTING, now)
