"""One Serf node above memberlist: it joins the parts and passes each input to the part that it concerns.

memberlist says join, leave, update   -> Membership
intents by gossip                     -> Intents, LeaveIntents
user events, queries by gossip        -> Broadcaster, which has UserEvents, Queries
responses, and those on a detour      -> OutgoingQueries, ResponseRelay
push/pull                             -> StateExchange, then Broadcaster for the events in it
direct acks                           -> Vivaldi
timers                                -> reap, reconnect, queue check, and those of the parts
calls                                 -> join, leave, force_leave, user_event, query, respond
"""

from __future__ import annotations

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import FIRST_DELEGATE_TIMER
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.ledger import Filling
from serfsim.protocol.memberlist.messages import Message, Packet, StreamMessage, UserMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.parts import Parts
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application, ReceivedQuery
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import (
    INTENT_END,
    INTENTS,
    LAST_FIXED_TOKEN,
    LEAVE_PROPAGATED,
    LEAVING_MEMBERLIST,
    MEMBER_FLUSH,
    NO_TOKEN,
    PRUNE_DUE,
    QUERY_CLOSE,
    QUEUE_CHECK_TICK,
    REAP_TICK,
    RECONNECT_TICK,
    RECONNECTING,
    REJOINING,
    RETRY_JOIN,
    SNAPSHOT_TICK,
    TELLING_LEAVE,
    USER_FLUSH,
    BroadcastQueues,
    SerfCore,
)
from serfsim.protocol.serf.events import EventPipeline, UserEvents
from serfsim.protocol.serf.exchange import StateExchange
from serfsim.protocol.serf.intents import STAYING, Departure, Intents, LeaveIntents
from serfsim.protocol.serf.joining import Joining, Reconnector, Rejoin
from serfsim.protocol.serf.members import IntentRings, RecentIntents, SerfMembers
from serfsim.protocol.serf.membership import Membership, Reaper
from serfsim.protocol.serf.messages import (
    JOIN,
    LEAVE,
    QUERY,
    QUERY_RESPONSE,
    RELAY,
    USER_EVENT,
    Intent,
    SerfState,
    UserEvent,
)
from serfsim.protocol.serf.outgoing_queries import Broadcaster, OpenQuery, OutgoingQueries, QueryParams
from serfsim.protocol.serf.queries import InternalQueries, Queries, ResponseRelay
from serfsim.protocol.serf.query_messages import Query, QueryResponse, Relayed
from serfsim.protocol.serf.snapshot import Snapshot, SnapshotFile
from serfsim.protocol.serf.tags import decode_tags
from serfsim.protocol.serf.zones import ZoneRouting
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfNode(SerfCore):
    """One Serf node, which reports to `application`; without one it runs for itself.

    `parts` names classes that take the place of memberlist's and Serf's own. `tags` are those of the node
    where `me` does not have them all.
    """

    def __init__(
        self,
        memberlist_config: MemberlistConfig,
        config: SerfConfig,
        coordinate_config: CoordinateConfig,
        me: NodeIdentity,
        directory: Directory,
        runtime: Runtime,
        memberlist_rng: Random,
        serf_rng: Random,
        vivaldi_rng: Random,
        application: Application | None = None,
        parts: Parts | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        if parts is None:
            parts = Parts()
        self.config = config
        self.me = me.node
        self.directory = directory
        self.runtime = runtime
        self.rng = serf_rng
        self.application = Application() if application is None else application
        self.asks_merges = self.application.wants_merges()
        self.tags = decode_tags(me.meta) if tags is None else tags
        self.last_token = LAST_FIXED_TOKEN
        self.is_shut_down = False
        self.memberlist = Memberlist(memberlist_config, me, directory, runtime, self, memberlist_rng, parts)
        if memberlist_config.zone_aware_routing:
            self.memberlist.core.selection = ZoneRouting(self.memberlist.core)
        self.vivaldi = parts.coordinates(coordinate_config, vivaldi_rng)
        self.coordinates = {}
        self.caches_coordinates = True
        self.members = SerfMembers(directory, self.memberlist.core.members.seen)
        self.recent_intents = RecentIntents() if config.features.intents_by_name else IntentRings()
        self.queues = BroadcastQueues(self, parts.broadcasts)
        self.user_events = UserEvents(self)
        self.queries = Queries(self)
        self.relay = ResponseRelay(self)
        self.internal_queries = InternalQueries(self)
        self.outgoing_queries = OutgoingQueries(self)
        self.pipeline = EventPipeline(self)
        self.intents = Intents(self)
        self.leave_intents = LeaveIntents(self)
        self.departure = Departure(self)
        self.broadcaster = Broadcaster(self)
        self.membership = Membership(self)
        self.exchange = StateExchange(self)
        self.reaper = Reaper(self)
        self.joining = Joining(self)
        self.rejoin = Rejoin(self)
        self.reconnector = Reconnector(self)

    @property
    def leave_phase(self) -> i64:
        return self.departure.phase

    @property
    def last_error(self) -> str:
        """The library's error for the last refused user event or query."""
        return self.broadcaster.last_error

    # Calls -------------------------------------------------------------------------------------

    def start(self, now: float, file: SnapshotFile | None = None) -> None:
        """Begin alone. With a snapshot's `file`, join those again who were alive when it ends."""
        self.log(now, log_lines.STARTING, -1)
        self._start_clocks()
        if file is not None:
            self._recover(file)
        self.memberlist.start(now)
        self._start_timers(now)
        self.rejoin.begin(now)

    def start_converged(self, nodes: i64, now: float, file: SnapshotFile | None = None) -> None:
        """Begin as if members 0 .. nodes - 1 had joined one after the other, long ago."""
        self._start_clocks()
        if file is not None:
            self._recover(file)
        self.members.fill(nodes)
        if self.members.has_changes_alone():
            self.pipeline.members.expect_few()
        self.intents.clock.witness(nodes - 1)
        self.memberlist.start_converged(nodes, now)
        self._start_timers(now)
        snapshot = self.pipeline.snapshot
        if snapshot is not None:
            for node in range(nodes):
                snapshot.member_event(events.JOIN, node, now)

    def _start_clocks(self) -> None:
        self.intents.clock.increment()
        self.user_events.clock.increment()
        self.queries.clock.increment()

    def _recover(self, file: SnapshotFile) -> None:
        """Go on where a snapshot ends: nothing that was seen then is delivered again."""
        snapshot = Snapshot(file, self.config.rejoin_after_leave, self.intents.clock, self.members)
        self.pipeline.snapshot = snapshot
        self.rejoin.recall(snapshot)
        self.intents.clock.witness(snapshot.last_clock)
        self.user_events.clock.witness(snapshot.last_event_clock)
        self.queries.clock.witness(snapshot.last_query_clock)
        self.user_events.min_time = snapshot.last_event_clock + 1
        self.queries.min_time = snapshot.last_query_clock + 1

    def _start_timers(self, now: float) -> None:
        config = self.config
        self.runtime.call_at(now + config.reap_interval, REAP_TICK, 0, 0)
        self.reconnector.schedule(now)
        self.runtime.call_at(now + config.queue_check_interval, QUEUE_CHECK_TICK, 0, 0)
        self.pipeline.schedule_clock(now)

    # Join, leave, force_leave and update_tags return a token, by which the application knows their end.

    def join(
        self,
        addresses: list[int],
        now: float,
        ignore_old: bool = True,
        once: bool = False,
        is_logged: bool = False,
    ) -> i64:
        """Join through `addresses`, and again every retry_interval until one answers.

        Ends with `Application.join_done`. Returns NO_TOKEN once this node leaves. `ignore_old`: don't
        deliver user events from before, which is the agent's default. `once`: as Serf's library joins,
        never again and without the agent's log lines; `Memberlist.join_errors` then has the errors.
        `is_logged`: with these lines all the same, as by a command to the agent.
        """
        if self.departure.phase != STAYING:
            if is_logged:
                self.joining.refuse(addresses, ignore_old, now)
            return NO_TOKEN
        return self.joining.begin(addresses, ignore_old, once, is_logged or not once, now)

    def leave(self, now: float) -> i64:
        """Leave gracefully: intent first, then memberlist, then a pause; ends with `Application.leave_done`.

        While a leave goes on, returns its token; after it, NO_TOKEN.
        """
        if self.departure.phase == STAYING and self.pipeline.snapshot is not None:
            self.pipeline.snapshot.leave(now)
        return self.departure.begin(now)

    def force_leave(self, node: i64, prune: bool, now: float) -> i64:
        """Announce that another member has left, and with `prune` forget it; if it lives, it will object.

        Ends with `Application.removal_done`.
        """
        return self.leave_intents.force(node, prune, now)

    def update_tags(self, tags: dict[str, str], record: NodeIdentity, now: float) -> i64:
        """Take new tags, and announce `record`, which has as much of them as the protocol allows.

        Ends with `Application.update_done`.
        """
        self.tags = tags
        token = self.new_token()
        self.memberlist.update_record(record, token, self.config.broadcast_timeout, now)
        return token

    def user_event(self, name: str, payload: bytes, coalesce: bool, now: float) -> UserEvent | None:
        """Tell all members. None if that is refused: `last_error` says why."""
        return self.broadcaster.send_event(name, payload, coalesce, now)

    def query(self, name: str, payload: bytes, params: QueryParams, now: float) -> OpenQuery | None:
        """Ask all members. None if that is refused: `last_error` says why."""
        return self.broadcaster.send_query(name, payload, params, now)

    def respond(self, received: ReceivedQuery, payload: bytes, now: float) -> str:
        """Answer a query; "" or the library's message why not."""
        last_error = self.queries.respond(received, self.queries.response(received, payload), now)
        return f"failed to respond to key query: {last_error}" if last_error else ""

    def shut_down(self, now: float) -> None:
        """Stop without telling anyone; a snapshot is written to its end."""
        if not self.is_shut_down and not self.departure.has_left:
            self.log(now, log_lines.NO_LEAVE, -1)
        self.is_shut_down = True
        if self.pipeline.snapshot is not None:
            self.pipeline.snapshot.shut_down(now)

    # Input -------------------------------------------------------------------------------------

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        if not self.is_shut_down:
            self.memberlist.on_packet(packet, source, now, received_at)

    def can_read(self, request: StreamMessage) -> bool:
        return self.memberlist.can_read(request)

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        return None if self.is_shut_down else self.memberlist.on_stream_request(request, source, now)

    def hold_worker(self) -> None:
        self.memberlist.hold_worker()

    def release_worker(self, now: float) -> None:
        self.memberlist.release_worker(now)

    def on_stream_answered(self, request: StreamMessage, source: i64, now: float) -> None:
        if not self.is_shut_down:
            self.memberlist.on_stream_answered(request, source, now)

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        if not self.is_shut_down:
            self.memberlist.on_stream_result(token, outcome, reply, now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if self.is_shut_down:
            return
        if timer < FIRST_DELEGATE_TIMER:
            self.memberlist.on_timer(timer, a, b, now)
        elif timer == REAP_TICK:
            self._reap(now)
        elif timer == RECONNECT_TICK:
            self.reconnector.tick(now)
        elif timer == QUEUE_CHECK_TICK:
            self._check_queues(now)
        elif timer == INTENT_END:
            self._intent_ended(a, b == 1, now)
        elif timer == LEAVE_PROPAGATED:
            self.departure.propagated(now)
        elif timer == PRUNE_DUE:
            self.leave_intents.release(now)
        elif timer == RETRY_JOIN:
            self.joining.retry(a, now)
        elif timer == QUERY_CLOSE:
            self._close_query(a, now)
        elif timer == USER_FLUSH:
            self.pipeline.users.due(now)
        elif timer == MEMBER_FLUSH:
            self.pipeline.members.due(now)
        elif timer == SNAPSHOT_TICK:
            self.pipeline.keep_clock(now)

    def notify_message(self, message: UserMessage, now: float) -> None:
        """Handle a Serf message, and rebroadcast gossiped news unchanged."""
        kind = message.user_kind
        if kind == JOIN:
            assert isinstance(message, Intent)
            self.log(now, log_lines.MESSAGE_JOIN, message.node)
            if self.intents.handle_join(message.node, message.ltime, now):
                self.queues.add(INTENTS, message, now)
        elif kind == LEAVE:
            assert isinstance(message, Intent)
            self.log(now, log_lines.MESSAGE_LEAVE, message.node)
            self.leave_intents.take(message, NO_TOKEN, now)
        elif kind == USER_EVENT:
            assert isinstance(message, UserEvent)
            self.log(now, log_lines.MESSAGE_EVENT, -1, 0, 0, message.name)
            self.broadcaster.event_came(message, now)
        elif kind == QUERY:
            assert isinstance(message, Query)
            self.log(now, log_lines.MESSAGE_QUERY, -1, 0, 0, message.name)
            self.broadcaster.query_came(message, now)
        elif kind == QUERY_RESPONSE:
            assert isinstance(message, QueryResponse)
            self.log(now, log_lines.MESSAGE_RESPONSE, message.node)
            self.outgoing_queries.take(message, now)
        elif kind == RELAY:
            assert isinstance(message, Relayed)
            self.log(now, log_lines.RELAYING, -1, 0, 0, self.directory.endpoint(message.target.address))
            self.relay.forward(message, now)

    # memberlist's callbacks --------------------------------------------------------------------

    def notify_join(self, record: NodeIdentity, now: float) -> None:
        self.membership.joined(record, now)

    def notify_leave(self, record: NodeIdentity, now: float) -> None:
        self.membership.left(record, now)

    def notify_update(self, record: NodeIdentity, now: float) -> None:
        self.membership.updated(record, now)

    def notify_conflict(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        self.broadcaster.name_contested(existing, other, now)

    def notify_ping_complete(
        self, record: NodeIdentity, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        """Update the coordinate from a direct probe that took `rtt` seconds (section 12)."""
        if (other := self.told_by(payload)) is None:
            return
        peer = record.node
        resets = self.vivaldi.resets
        reject = self.vivaldi.update(peer, other, i64(rtt * 1e9 + 0.5))
        if reject != 0:
            self.runtime.notify(now, events.COORDINATE_REJECTED, peer, reject)
            self.log(now, log_lines.COORDINATE_REJECTED, peer, reject, i64(rtt * 1e9 + 0.5))
            return
        if self.caches_coordinates:
            self.coordinates[peer] = other
        if self.vivaldi.resets != resets:
            self.runtime.notify(now, events.COORDINATE_RESET, self.me, self.vivaldi.resets)

    def notify_joined(self, token: i64, contacted: i64, now: float) -> None:
        if token == RECONNECTING:
            self.reconnector.schedule(now)
        elif token == REJOINING:
            self.rejoin.ended(contacted, now)
        else:
            self.joining.ended(contacted, now)

    def notify_finished(self, token: i64, in_time: bool, now: float) -> None:
        """memberlist's broadcast of a leave or of new tags has finished, or timed out."""
        if token == LEAVING_MEMBERLIST:
            self.departure.told(token, in_time, now)
        else:
            self.application.update_done(token, in_time, now)

    def _intent_ended(self, token: i64, in_time: bool, now: float) -> None:
        """Continue after a leave intent's broadcast finishes or times out, whichever comes first."""
        if token == TELLING_LEAVE:
            self.departure.told(token, in_time, now)
        else:
            self.leave_intents.told(token, in_time, now)

    # Gossip and push/pull ----------------------------------------------------------------------

    def fill(self, overhead: i64, limit: i64, filling: Filling, now: float) -> i64:
        used = self.queues.fill(overhead, limit, filling)
        self._report_told(now)
        return used

    def _report_told(self, now: float) -> None:
        """End the waits for what has been told: after what is being done now, not within it."""
        if len(self.queues.intents.finished) > 0:
            for token in self.queues.take_finished():
                self.memberlist.core.wake(INTENT_END, token, now)

    def is_settled(self, message: Message) -> bool:
        return self.intents.is_settled(message)

    def local_state(self, join: bool) -> UserState | None:
        return self.exchange.local_state()

    def merge_remote_state(self, state: UserState, join: bool, now: float) -> None:
        # What is no state of Serf's came from a stranger.
        if not isinstance(state, SerfState):
            return
        self.exchange.merge(state, now)
        self.intents.refute_if_must(now)
        self.broadcaster.merge(state, join, now)

    # Timers ------------------------------------------------------------------------------------

    def _reap(self, now: float) -> None:
        if self.recent_intents.reap(now, self.config.recent_intent_timeout):
            self.memberlist.core.members.seen.clear()
        self.reaper.reap(now)
        self.runtime.call_at(now + self.config.reap_interval, REAP_TICK, 0, 0)

    def _check_queues(self, now: float) -> None:
        self.queues.check_depths(now)
        self._report_told(now)
        self.runtime.call_at(now + self.config.queue_check_interval, QUEUE_CHECK_TICK, 0, 0)

    def _close_query(self, ltime: i64, now: float) -> None:
        if not self.broadcaster.close_query(ltime, now):
            self.shut_down(now)
            for line in (log_lines.QUITTING, log_lines.SHUTTING_DOWN, log_lines.SHUT_DOWN):
                self.log(now, line, -1)
            self.application.shut_down(now)
