"""Join and leave intents: how Serf tells a departure from a failure (spec serf.md section 4).

An intent carries a Lamport time; an older one never overrides a newer. About an unknown member
it is kept aside for a while. A leave intent about a node that does not want to leave is answered
by that node with a newer join intent.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.messages import Message
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.intent_rings import IntentRings
from serfsim.protocol.serf.lamport import LamportClock
from serfsim.protocol.serf.members import (
    STATUS_ALIVE,
    STATUS_FAILED,
    STATUS_LEAVING,
    STATUS_LEFT,
    STATUS_NONE,
    RecentIntents,
)
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent
from serfsim.protocol.serf.pipeline import EventPipeline
from serfsim.protocol.serf.queues import INTENTS

# What a leave intent asks its caller to do besides passing it on.
NOTHING: Final = 0
PRUNE_NOW: Final = 1
PRUNE_LATER: Final = 2


@mypyc_attr(allow_interpreted_subclasses=True)
class Intents:
    """Applies intents to one node's members. `is_alive` is False once the node itself leaves."""

    def __init__(self, core: SerfCore, pipeline: EventPipeline) -> None:
        self.core = core
        self.me: i64 = core.me
        self.members = core.members
        self.pipeline = pipeline
        self.clock = LamportClock()
        self.mechanisms = core.config.mechanisms
        self.recent = RecentIntents() if self.mechanisms.intents_by_name else IntentRings()
        self.is_alive = True
        # The clock when a stale leave about ourselves was seen, -1 for none: it is refuted with that time.
        self._refute_at: i64 = -1
        self.prune_wanted: i64 = NOTHING

    def make(self, kind: i64, node: i64, ltime: i64, prune: bool = False) -> Intent:
        return Intent(kind, self.core.directory.first[node], ltime, prune, self.mechanisms.prune)

    def handle_leave(self, node: i64, ltime: i64, prune: bool, now: float) -> bool:
        """A leave intent; True if it is to be passed on. `prune_wanted` says what else to do."""
        self.prune_wanted = NOTHING
        self.clock.witness(ltime)
        members = self.members
        status = members.status(node)
        if status == STATUS_NONE:
            return self.recent.buffer(node, LEAVE, ltime, now)
        if ltime <= members.status_ltime(node):
            return False
        if node == self.me and self.is_alive:
            self._refute_at = self.clock.time()
            self.core.log(now, log_lines.REFUTING_LEAVE, -1)
            return False
        is_second = status in (STATUS_LEAVING, STATUS_LEFT)
        if is_second and not self.mechanisms.passes_on_second_leave:
            return False
        members.set_ltime(node, ltime)
        if status == STATUS_ALIVE:
            members.set(node, STATUS_LEAVING, ltime)
            status = STATUS_LEAVING
            self.core.runtime.notify(now, events.LEAVING, node, ltime)
        elif status == STATUS_FAILED:
            members.set(node, STATUS_LEFT, ltime)
            status = STATUS_LEFT
            members.failed.remove(node)
            members.left.append(node)
            if self.mechanisms.tells_forced_leave:
                self.pipeline.member_event(events.LEFT_FORCED, node, ltime, now)
            else:
                self.core.runtime.notify(now, events.STATUS, node, STATUS_LEFT)
        if prune and self.mechanisms.prune:
            self.prune_wanted = PRUNE_LATER if status == STATUS_LEAVING else PRUNE_NOW
        return True

    def handle_join(self, node: i64, ltime: i64, now: float) -> bool:
        """A join intent; True if it is to be passed on."""
        self.clock.witness(ltime)
        members = self.members
        status = members.status(node)
        if status == STATUS_NONE:
            return self.recent.buffer(node, JOIN, ltime, now)
        if ltime <= members.status_ltime(node):
            return False
        if status == STATUS_LEAVING:
            members.set(node, STATUS_ALIVE, ltime)
            self.core.runtime.notify(now, events.STATUS, node, STATUS_ALIVE)
        else:
            members.set(node, status, ltime)
        return True

    def is_settled(self, message: Message) -> bool:
        """Of a message that has been handled: a join intent is old news for as long as its member is known,
        or an intent about it is buffered. (Kept in rings, others may push it out.)"""
        is_join = isinstance(message, Intent) and message.user_kind == JOIN
        return is_join and self.mechanisms.intents_by_name

    def broadcast_join(self, now: float) -> None:
        """Say that we are here, at the present Lamport time."""
        self._say_join(self.clock.time(), now)

    def _say_join(self, ltime: i64, now: float) -> None:
        message = self.make(JOIN, self.me, ltime)
        self.handle_join(self.me, message.ltime, now)
        self.core.queues.add(INTENTS, message, now)

    def refute_if_must(self, now: float) -> None:
        """Answer a stale leave about ourselves, if one was seen."""
        if self._refute_at >= 0:
            ltime = self._refute_at
            self._refute_at = -1
            self._say_join(ltime, now)
