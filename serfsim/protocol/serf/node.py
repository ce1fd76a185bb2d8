"""One Serf node above memberlist: membership with intents, coordinates, reconnect and reap.

    memberlist says join, leave, update   -> status of the member, event
    intents by gossip                     -> Intents, passed on through the intent queue
    push/pull                             -> SerfState both ways, merged as if gossiped
    direct acks                           -> Vivaldi
    timers                                -> reap, reconnect, queue check, the steps of a leave

A leave goes through these phases, each ended by its broadcast being told or by a timeout:

    staying -> telling intent -> telling memberlist -> propagating -> gone

Where a timeout ends one of the first two, the leave is given up (before Serf 0.9.7): gone at once.

A leave intent that asks to prune a leaving member holds its handler for some seconds, and with it
memberlist's worker; only then is the member erased and the intent passed on (section 4.3). That
push/pulls and memberlist's own timers wait for it too is not modelled.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.directory import Directory, Record
from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import FIRST_DELEGATE_TIMER
from serfsim.protocol.memberlist.messages import Message, Packet, StreamMessage, UserMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.runtime import Machine, Runtime
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.delegate import SerfDelegate
from serfsim.protocol.serf.exchange import StateExchange
from serfsim.protocol.serf.intents import PRUNE_LATER, PRUNE_NOW, HeldIntent, Intents, check_depth
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
from serfsim.protocol.serf.reaper import Reaper
from serfsim.protocol.vivaldi.client import Client
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate

REAP_TICK: Final = FIRST_DELEGATE_TIMER
RECONNECT_TICK: Final = FIRST_DELEGATE_TIMER + 1
QUEUE_CHECK_TICK: Final = FIRST_DELEGATE_TIMER + 2
INTENT_END: Final = FIRST_DELEGATE_TIMER + 3  # a: token; b: 1 if it was told, 0 if time is over
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
        self.members = SerfMembers(directory)
        self.intents = Intents(me.node, self.members, runtime, directory)
        self.event_clock = LamportClock()
        self.query_clock = LamportClock()
        self.intent_queue = TransmitLimitedQueue(memberlist_config.retransmit_mult)
        self.vivaldi = Client(coordinate_config, vivaldi_rng)
        self.coordinates: dict[int, Coordinate] = {}  # of members that this node has probed itself
        self.exchange = StateExchange(
            self.members, self.intents, self.event_clock, self.query_clock, directory
        )
        self.reaper = Reaper(config, self.members, self.vivaldi, self.coordinates, runtime)
        self.leave_phase: i64 = STAYING
        self._join_addresses: list[int] = []
        self._held: list[HeldIntent] = []  # all for the same time: the first is due first

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
        """Join through `addresses`, and again every retry_interval until one answered; not once leaving."""
        if self.leave_phase != STAYING:
            return
        self._join_addresses = addresses
        self.memberlist.join(addresses, JOINING, now)

    def leave(self, now: float) -> None:
        """Leave gracefully: intent first, then memberlist, then a pause; ends with LEAVE_DONE."""
        if self.leave_phase != STAYING:
            return
        self.leave_phase = TELLING_INTENT
        self.intents.is_alive = False
        intents = self.intents
        message = intents.make(LEAVE, self.me, intents.clock.time())
        intents.clock.increment()
        intents.handle_leave(self.me, message.ltime, False, now)
        if self.members.others_are_alive(self.me):
            self._queue(message, now, TELLING_LEAVE)
            self.runtime.call_at(now + self.config.broadcast_timeout, INTENT_END, TELLING_LEAVE, 0)
        else:
            self.wait_ended(TELLING_LEAVE, True, now)

    def force_leave(self, node: i64, prune: bool, now: float) -> None:
        """Say of another member that it has left; if it lives, it will object."""
        intents = self.intents
        message = intents.make(LEAVE, node, intents.clock.time(), prune)
        intents.clock.increment()
        self._take_leave_intent(message, True, now)

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
            check_depth(self.intent_queue, self.config.queue_limit(self.members.count))
            self._report_told(now)
            self.runtime.call_at(now + self.config.queue_check_interval, QUEUE_CHECK_TICK, 0, 0)
        elif timer == INTENT_END:
            self.wait_ended(a, b == 1, now)
        elif timer == LEAVE_PROPAGATED:
            self._gone(True, now)
        elif timer == PRUNE_DUE:
            self._release_held(now)
        elif timer == RETRY_JOIN:
            self.join(self._join_addresses, now)

    def on_message(self, message: UserMessage, now: float) -> None:
        """A gossiped Serf message; what was news is passed on unchanged."""
        kind = message.user_kind
        if kind == JOIN:
            assert isinstance(message, Intent)
            if self.intents.handle_join(message.node, message.ltime, now):
                self._queue(message, now)
        elif kind == LEAVE:
            assert isinstance(message, Intent)
            self._take_leave_intent(message, False, now)

    def _take_leave_intent(self, message: Intent, is_own: bool, now: float) -> None:
        """Apply a leave intent, refute it or prune where it asks for that, and pass it on."""
        intents = self.intents
        is_news = intents.handle_leave(message.node, message.ltime, message.prune, now)
        self._refute_if_must(now)
        if intents.prune_wanted == PRUNE_LATER:
            self._held.append(HeldIntent(message, is_own, is_news))
            self.memberlist.stall_worker()
            delay = self.config.broadcast_timeout + self.config.leave_propagate_delay
            self.runtime.call_at(now + delay, PRUNE_DUE, 0, 0)
            return
        if intents.prune_wanted == PRUNE_NOW:
            self.reaper.prune(message.node, now)
        self._pass_leave_on(message, is_own, is_news, now)

    def _release_held(self, now: float) -> None:
        held = self._held.pop(0)
        self.reaper.prune(held.message.node, now)
        self._pass_leave_on(held.message, held.is_own, held.is_news, now)
        self.memberlist.resume_worker(now)

    def _pass_leave_on(self, message: Intent, is_own: bool, is_news: bool, now: float) -> None:
        if is_own:
            if self.members.others_are_alive(self.me):
                self._queue(message, now, TELLING_REMOVAL)
        elif is_news:
            self._queue(message, now)

    def _refute_if_must(self, now: float) -> None:
        if self.intents.must_refute:
            self.intents.must_refute = False
            self._broadcast_join(now)

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
        members.note_address(record)
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
            self.members.note_address(record)
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

    def wait_ended(self, token: i64, in_time: bool, now: float) -> None:
        """What was to be told is told, or its time is over."""
        goes_on = in_time or self.config.leave_continues
        if token == TELLING_LEAVE and self.leave_phase == TELLING_INTENT:
            if not goes_on:
                self._gone(False, now)
                return
            self.leave_phase = TELLING_MEMBERLIST
            self.memberlist.leave(LEAVING_MEMBERLIST, self.config.broadcast_timeout, now)
        elif token == LEAVING_MEMBERLIST and self.leave_phase == TELLING_MEMBERLIST:
            if not goes_on:
                self._gone(False, now)
                return
            self.leave_phase = PROPAGATING
            self.runtime.call_at(now + self.config.leave_propagate_delay, LEAVE_PROPAGATED, 0, 0)

    def _gone(self, in_time: bool, now: float) -> None:
        self.leave_phase = GONE
        self.runtime.notify(now, events.LEAVE_DONE, self.me, 1 if in_time else 0)

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
        self._report_told(now)
        return used

    def _report_told(self, now: float) -> None:
        """End the waits for what has been told: after what is being done now, not within it."""
        queue = self.intent_queue
        if len(queue.finished) > 0:
            tokens = queue.finished
            queue.finished = []
            for token in tokens:
                self.runtime.call_at(now, INTENT_END, token, 1)

    def merge_remote_state(self, state: SerfState, now: float) -> None:
        self.exchange.merge(state, now)
        self._refute_if_must(now)

    # Timers (section 9) ------------------------------------------------------------------------

    def _reap(self, now: float) -> None:
        self.intents.recent.reap(now, self.config.recent_intent_timeout)
        self.reaper.reap(now)
        self.runtime.call_at(now + self.config.reap_interval, REAP_TICK, 0, 0)

    def _reconnect(self, now: float) -> None:
        """Try one failed member, or leave it to the others this time."""
        members = self.members
        node: i64 = -1
        if len(members.failed) > 0:
            node = members.choose_reconnect(self.rng)
            if node < 0:
                self.runtime.notify(now, events.RECONNECT_FORGONE, self.me, 0)
        if node < 0:
            self.runtime.call_at(now + self.config.reconnect_interval, RECONNECT_TICK, 0, 0)
            return
        self.runtime.notify(now, events.RECONNECT, node, 0)
        self.memberlist.join([members.address(node)], RECONNECTING, now)
