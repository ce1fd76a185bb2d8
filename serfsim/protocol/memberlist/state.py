"""Rules for accepting alive, suspect and dead messages (spec memberlist.md section 4).

`TRANSITIONS` has the effect of each message on the view of one member. Messages are compared with the view
by incarnation: an alive message counts if it is newer, a suspect or dead message if it is not older.

A dead message from its own subject makes the member left instead of dead. A message that changes the view
is gossiped on. A suspect or dead message about this node is refuted: the node sends an alive message with a
higher incarnation, and its health score rises.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import FIRST_ADDRESS, FIRST_OTHER, NodeIdentity
from serfsim.protocol.memberlist.config import NO_LIMIT
from serfsim.protocol.memberlist.core import SUSPICION_TIMEOUT, Core
from serfsim.protocol.memberlist.errors import byte_list
from serfsim.protocol.memberlist.members import (
    LONG_AGO,
    NEWCOMER,
    STATE_ALIVE,
    STATE_DEAD,
    STATE_LEFT,
    STATE_SUSPECT,
    UNKNOWN,
)
from serfsim.protocol.memberlist.messages import (
    ALIVE,
    DEAD,
    SUSPECT,
    Alive,
    Message,
    SuspectOrDead,
    alive_message,
    suspect_or_dead_size,
)
from serfsim.protocol.memberlist.suspicion import NEVER, Suspicion, SuspicionRule, Suspicions
from serfsim.protocol.transitions import Transition
from serfsim.protocol.wire.reader import LARGEST_U32

# Refutations are queued under the node's own address, from Serf 0.8 on not under its name, so that they
# displace only each other. Names are 0 and up, so any other negative number will do for the address.
OWN_ADDRESS: Final = -2


# `ourselves` is this node's own entry while it does not leave.
TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("unknown", "alive, newer", "alive", "notify_join; pass it on"),
    Transition("unknown", "alive, not newer", "dead", "know its name"),
    Transition("alive", "alive, newer", "alive", "pass it on"),
    Transition("alive", "alive from another address", "alive", "report the conflict"),
    Transition("alive", "suspect", "suspect", "start the suspicion timer; pass it on"),
    Transition("alive", "dead", "dead", "notify_leave; pass it on"),
    Transition("alive", "dead by itself", "left", "notify_leave; pass it on"),
    Transition("suspect", "alive, newer", "alive", "end the suspicion; pass it on"),
    Transition("suspect", "alive from another address", "suspect", "report the conflict"),
    Transition("suspect", "suspect by another", "suspect", "confirm the suspicion; pass it on"),
    Transition("suspect", "suspicion timeout", "dead", "notify_leave; tell the others"),
    Transition("suspect", "dead", "dead", "end the suspicion; notify_leave; pass it on"),
    Transition("suspect", "dead by itself", "left", "end the suspicion; notify_leave; pass it on"),
    Transition("dead", "alive, newer", "alive", "notify_join; pass it on"),
    Transition("dead", "alive from another address", "dead", "report the conflict"),
    Transition("left", "alive, newer", "alive", "notify_join; pass it on"),
    Transition("left", "alive from another address", "alive", "notify_join; pass it on"),
    Transition("ourselves", "alive, newer", "ourselves", "refute"),
    Transition("ourselves", "suspect", "ourselves", "refute"),
    Transition("ourselves", "dead", "ourselves", "refute"),
    Transition("ourselves", "leave", "left", "notify_leave; tell the others"),
)


@mypyc_attr(allow_interpreted_subclasses=True)
class MembershipRules:
    """The rules by which one node's view changes."""

    def __init__(self, core: Core, rule: SuspicionRule) -> None:
        self.core = core
        self.rule = rule
        self.features = core.features
        self.suspicions = Suspicions()
        self._timer_at = NEVER  # when the timer that counts fires
        # Fixes offered for the library's open defects (docs/open_defects.md).
        self._regossips = core.config.regossip_accusations
        self._raises = core.config.monotone_incarnation
        limit: i64 = core.config.incarnation_limit
        self._limit: i64 = LARGEST_U32 if limit == NO_LIMIT else limit

    # alive -------------------------------------------------------------------------------------

    def is_settled(self, message: Message) -> bool:
        """Return whether a message can never change anything again, until `Members.seen` is cleared.

        This holds for a handled suspect or dead message, since each source counts once and only while the
        incarnation lasts, and for an alive message even before, if it claims no address that another could
        hold.
        """
        members = self.core.members
        node = message.node
        if node == self.core.me or message.incarnation > members.key(node) >> 2 or self._regossips:
            return False
        return message.kind != ALIVE or (message.is_plain and not members.has_records)

    def handle_alive(self, broadcasts: list[Message], now: float) -> i64:
        """Handle the alive messages of a datagram, the newest first; return their number.

        In a wave of gossip nearly all are old, which the incarnation alone shows: a plain message claims no
        address that another member could hold.
        """
        members = self.core.members
        me = self.core.me
        keys = members.keys
        count: i64 = 0
        at: i64 = len(broadcasts) - 1
        while at >= 0:
            message = broadcasts[at]
            at -= 1
            if message.kind != ALIVE:
                continue
            count += 1
            node = message.node
            may_be_old = message.is_plain and node != me and node < len(keys) and not members.has_records
            if may_be_old and members.changes is None and message.incarnation <= keys[node] >> 2:
                if self._regossips:
                    self._answer_stale(message, now)
                continue
            self.handle(message, now)
            keys = members.keys
        return count

    def alive(self, message: Alive, now: float, bootstrap: bool = False, token: i64 = 0) -> None:
        """Section 4.1; `bootstrap` is set for this node's own announcements."""
        core = self.core
        members = core.members
        record = message.record
        node = record.node
        key = members.key(node)
        if message.incarnation > self._limit:
            return
        if key != UNKNOWN and node != core.me and message.incarnation <= key >> 2:
            if self._regossips:
                self._answer_stale(message, now)
            # Most messages of a gossip wave are old news; only a claimed address makes them more.
            known = members.record(node)
            if known is record or (known.address == record.address and known.port == record.port):
                return
        if node == core.me and core.leaving:
            return
        if record.has_versions and self.features.checks_versions and not _versions_usable(record):
            return
        error = core.delegate.notify_alive(record)
        if error != "":
            core.notify(now, events.ALIVE_REFUSED, node, record.address)
            core.log(now, log_lines.ALIVE_REFUSED, node, 0, 0, error)
            return
        is_new_address = False
        if key == UNKNOWN:
            if not self._is_allowed(record.address):
                return
            members.insert(node, record, core.rng)
            key = members.key(node)
        else:
            known = members.record(node)
            if known.address != record.address or known.port != record.port:
                if not self._is_allowed(record.address):
                    return
                if not self._may_move(node, key & 3, now):
                    core.notify(now, events.CONFLICT, node, record.address)
                    mine, theirs = (
                        core.directory.endpoint(known.address),
                        core.directory.endpoint(record.address),
                    )
                    text = f"Mine: {mine} Theirs: {theirs}"
                    core.log(now, log_lines.CONFLICTING_ADDRESS, node, key & 3, 0, text)
                    core.delegate.notify_conflict(known, record, now)
                    return
                is_new_address = True
        if node == core.me:
            if message.incarnation < key >> 2:
                return
        elif message.incarnation <= key >> 2 and not is_new_address:
            if key == NEWCOMER:
                members.changed_at.setdefault(node, LONG_AGO)  # nothing promotes it
            return
        if key & 3 == STATE_SUSPECT:
            self.suspicions.end(node)
        if node == core.me and not bootstrap:
            own = members.record(node)
            if message.incarnation == key >> 2 and own.meta == record.meta and own.same_versions(record):
                return
            self.refute(message.incarnation, now)
            core.notify(now, events.REFUTE_ALIVE, node, core.incarnation)
            theirs, mine = byte_list(record.versions()), byte_list(own.versions())
            text = f"meta:({byte_list(record.meta)} VS {byte_list(own.meta)}), vsn:({theirs} VS {mine})"
            core.log(now, log_lines.REFUTING_ALIVE, node, 0, 0, text)
            return
        self._accept_alive(message, key & 3, now, token)

    def _answer_stale(self, message: Message, now: float) -> None:
        """Gossip again that a member is dead which others hold for alive at an older incarnation."""
        core = self.core
        node = message.node
        key = core.members.key(node)
        if key & 3 == STATE_DEAD and message.incarnation < key >> 2:
            core.queue(self.suspect_or_dead(DEAD, node, key >> 2, core.me), node, now)

    def _accept_alive(self, message: Alive, before: i64, now: float, token: i64) -> None:
        core = self.core
        members = core.members
        record = message.record
        node = record.node
        core.queue(message, node, now, token)
        old = members.record(node)
        members.set_record(node, record if record.has_versions else record.with_versions_of(old))
        members.set(node, STATE_ALIVE, message.incarnation)
        if before >= STATE_DEAD:
            if len(members.changed_at) > 0:
                members.changed_at.pop(node, None)
            core.delegate.notify_join(members.record(node), now)
        else:
            if before == STATE_SUSPECT:
                core.notify(now, events.SUSPECT_CLEARED, node, message.incarnation)
            if old is not record and old.meta != record.meta:
                core.delegate.notify_update(members.record(node), now)

    def _may_move(self, node: i64, state: i64, now: float) -> bool:
        """May a member's name come back from another address? Left at once, dead after a time."""
        if state == STATE_LEFT:
            return True
        if not self.features.reclaims_names:
            return False
        reclaim = self.core.config.dead_node_reclaim_time
        return state == STATE_DEAD and reclaim > 0.0 and now - self.core.members.dead_since(node) > reclaim

    def _is_allowed(self, address: i64) -> bool:
        allowed = self.core.config.allowed_networks
        if allowed is None or not self.features.allow_list:
            return True
        if address >= FIRST_OTHER:
            return False
        host = int((FIRST_ADDRESS + address) & 0xFFFFFFFF)
        return any(host & mask == network for mask, network in allowed)

    def without_strangers(self, broadcasts: list[Message], source: i64) -> list[Message]:
        """Drop the alive messages that come from, or tell of, an address that is not allowed."""
        is_allowed = self._is_allowed(source)
        kept: list[Message] = []
        for message in broadcasts:
            if message.kind == ALIVE:
                assert isinstance(message, Alive)
                if not is_allowed or not self._is_allowed(message.record.address):
                    continue
            kept.append(message)
        return kept

    # suspect -----------------------------------------------------------------------------------

    def suspect(self, message: SuspectOrDead, now: float) -> bool:
        """Section 4.2; True if the view became suspect."""
        core = self.core
        members = core.members
        node = message.node
        key = members.key(node)
        if message.incarnation > self._limit:
            return False
        if key == UNKNOWN:
            self._pass_on_unknown(message, now)
            return False
        if message.incarnation < key >> 2:
            return False
        if key & 3 != STATE_ALIVE:
            if self._raises:
                self._raise_incarnation(message)
            if key & 3 == STATE_SUSPECT:
                suspicion = self.suspicions.find(node)
                assert suspicion is not None
                self._confirm(suspicion, message, now)
            return False
        if node == core.me:
            self.refute(message.incarnation, now)
            core.notify(now, events.REFUTE_SUSPECT, message.from_node, core.incarnation)
            return False
        core.queue(message, node, now)
        members.set(node, STATE_SUSPECT, message.incarnation)
        self._start_suspicion(node, message.from_node, now)
        return True

    def _pass_on_unknown(self, message: SuspectOrDead, now: float) -> None:
        """Gossip an accusation of a member that this node does not know, where a fix asks for that."""
        if self._regossips:
            self.core.queue(message, message.node, now)

    def _raise_incarnation(self, message: SuspectOrDead) -> None:
        """Keep the highest incarnation of which anything was said, though nothing else changes."""
        members = self.core.members
        node = message.node
        if node != self.core.me and message.incarnation > members.incarnation(node):
            members.set(node, members.state(node), message.incarnation)

    def _start_suspicion(self, node: i64, from_node: i64, now: float) -> None:
        suspicion = self.rule.begin(node, from_node, now)
        self.suspicions.add(node, suspicion)
        self._arm(suspicion, now)

    def _confirm(self, suspicion: Suspicion, message: SuspectOrDead, now: float) -> None:
        if not suspicion.confirm(message.from_node):
            return
        self.core.queue(message, message.node, now)
        self.core.notify(now, events.CONFIRMED, message.node, message.from_node)
        self._arm(suspicion, now)

    def _arm(self, suspicion: Suspicion, now: float) -> None:
        """Have it end when the rule says. One timer, for the earliest end, serves all suspicions."""
        remaining = self.rule.remaining(suspicion, now)
        at = now + remaining if remaining > 0.0 else now
        self.suspicions.settle(suspicion, at)
        if at < self._timer_at:
            self._timer_at = at
            self.core.runtime.call_at(at, SUSPICION_TIMEOUT, 0, 0)

    def suspicions_due(self, now: float) -> None:
        """End the suspicions that are due, in the order of their ends, and wait for the next."""
        if now < self._timer_at:
            return  # another end came first, and has been waited for since
        suspicions = self.suspicions
        first = suspicions.first()
        earliest = suspicions.find(first)
        while earliest is not None and earliest.ends_at <= now:
            self._expire(first, earliest, now)
            first = suspicions.first()
            earliest = suspicions.find(first)
        self._timer_at = NEVER
        if earliest is not None:
            self._timer_at = earliest.ends_at
            self.core.runtime.call_at(self._timer_at, SUSPICION_TIMEOUT, 0, 0)

    def _expire(self, node: i64, suspicion: Suspicion, now: float) -> None:
        """Declare a suspect dead; a change in between would have ended the suspicion."""
        core = self.core
        core.notify(now, events.SUSPICION_TIMEOUT, node, suspicion.confirmations)
        self.dead(self.suspect_or_dead(DEAD, node, core.members.incarnation(node), core.me), now)

    # dead --------------------------------------------------------------------------------------

    def dead(self, message: SuspectOrDead, now: float, token: i64 = 0) -> None:
        """Section 4.3; `token` is reported once the message about ourselves has been told."""
        core = self.core
        members = core.members
        node = message.node
        key = members.key(node)
        if message.incarnation > self._limit:
            return
        if key == UNKNOWN:
            self._pass_on_unknown(message, now)
            return
        if message.incarnation < key >> 2:
            return
        if key & 3 == STATE_SUSPECT:
            self.suspicions.end(node)
        if key & 3 >= STATE_DEAD:
            if self._raises:
                self._raise_incarnation(message)
            return
        if node == core.me:
            if not core.leaving:
                self.refute(message.incarnation, now)
                core.notify(now, events.REFUTE_DEAD, message.from_node, core.incarnation)
                return
            core.queue(message, node, now, token)
        else:
            core.queue(message, node, now)
        state: i64 = STATE_DEAD
        if message.from_node == node and self.features.left_state:
            state = STATE_LEFT
        members.set(node, state, message.incarnation)
        members.changed_at[node] = now
        event: i64 = events.MEMBER_LEFT if state == STATE_LEFT else events.MEMBER_DEAD
        core.notify(now, event, node, message.incarnation)
        core.delegate.notify_leave(members.record(node), now)

    # shared ------------------------------------------------------------------------------------

    def refute(self, accused: i64, now: float) -> None:
        """Section 4.4: say that we are alive, louder than incarnation `accused`."""
        core = self.core
        core.next_incarnation()
        if accused >= core.incarnation:
            core.incarnation = accused + 1 & LARGEST_U32
        core.members.set(core.me, core.members.state(core.me), core.incarnation)
        core.apply_health_delta(1, now)
        message = alive_message(core.directory, core.members.record(core.me), core.incarnation)
        core.queue(message, OWN_ADDRESS if self.features.refutes_by_address else core.me, now)

    def suspect_or_dead(self, kind: i64, node: i64, incarnation: i64, from_node: i64) -> SuspectOrDead:
        """Make a suspect or dead message of the right size."""
        size = suspect_or_dead_size(
            self.core.members.record(node), incarnation, self.core.members.record(from_node)
        )
        return SuspectOrDead(kind, node, incarnation, from_node, size)

    def handle(self, message: Message, now: float) -> None:
        """Handle a gossiped alive, suspect or dead message."""
        kind = message.kind
        if kind == ALIVE:
            assert isinstance(message, Alive)
            self.alive(message, now)
            return
        assert isinstance(message, SuspectOrDead)
        if kind == SUSPECT:
            if self.suspect(message, now):
                self.core.notify(now, events.SUSPECT_HEARD, message.node, message.from_node)
        elif kind == DEAD:
            self.dead(message, now)


def _versions_usable(record: NodeIdentity) -> bool:
    return not (
        record.protocol_min == 0 or record.protocol_max == 0 or record.protocol_min > record.protocol_max
    )
