"""Join and leave intents: how Serf tells a departure from a failure (spec serf.md section 4).

An intent carries a Lamport time; an older one never overrides a newer. About an unknown member
it is kept aside for a while. A leave intent about a node that does not want to leave is answered
by that node with a newer join intent.

A leave intent that asks to prune a leaving member holds its handler for some seconds, and with it
memberlist's worker; only then is the member erased and the intent passed on (4.2, 4.3). That push/pulls
and memberlist's own timers wait for it too is not modelled.

A graceful leave has phases that end when a broadcast has been sent often enough, or with a timeout (4.2):
see `TRANSITIONS`. From Serf 0.9.7 on (`leave_continues`) a timeout does not end the leave.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.messages import Message
from serfsim.protocol.rules import DROPPED, REPEATED
from serfsim.protocol.serf.core import (
    INTENT_END,
    INTENTS,
    LEAVE_PROPAGATED,
    LEAVING_MEMBERLIST,
    NO_TOKEN,
    PRUNE_DUE,
    TELLING_LEAVE,
    LamportClock,
    SerfCore,
)
from serfsim.protocol.serf.members import (
    STATUS_ALIVE,
    STATUS_FAILED,
    STATUS_LEAVING,
    STATUS_LEFT,
    STATUS_NONE,
)
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent
from serfsim.protocol.transitions import Transition

# What a leave intent asks its caller to do besides passing it on.
NOTHING: Final = 0
PRUNE_NOW: Final = 1
PRUNE_LATER: Final = 2


@mypyc_attr(allow_interpreted_subclasses=True)
class Intents:
    """Applies intents to one node's members. `is_alive` is False once the node itself leaves."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.clock = LamportClock()
        self.is_alive = True
        # The clock when a stale leave about ourselves was seen, -1 for none: it is refuted with that time.
        self._refute_at: i64 = -1
        self.prune_wanted: i64 = NOTHING

    def make(self, kind: i64, node: i64, ltime: i64, prune: bool = False) -> Intent:
        return Intent(kind, self.core.directory.first[node], ltime, prune, self.core.config.features.prune)

    def handle_leave(self, node: i64, ltime: i64, prune: bool, now: float) -> bool:
        """Handle a leave intent and return whether to rebroadcast it; `prune_wanted` says what else to do."""
        self.prune_wanted = NOTHING
        self.clock.witness(ltime)
        members = self.core.members
        status = members.status(node)
        if status == STATUS_NONE:
            return self.core.recent_intents.buffer(node, LEAVE, ltime, now)
        if ltime <= members.status_ltime(node):
            return False
        if node == self.core.me and self.is_alive:
            self._refute_at = self.clock.time()
            self.core.log(now, log_lines.REFUTING_LEAVE, -1)
            return False
        is_second = status in (STATUS_LEAVING, STATUS_LEFT)
        second_leaves = self.core.config.features.second_leaves
        if is_second and second_leaves == DROPPED:
            return False
        if not is_second or second_leaves != REPEATED:
            members.set_ltime(node, ltime)
        if status == STATUS_ALIVE:
            members.set(node, STATUS_LEAVING, ltime)
            status = STATUS_LEAVING
            self.core.runtime.notify(now, events.LEAVING, node, ltime)
        elif status == STATUS_FAILED:
            members.set(node, STATUS_LEFT, ltime)
            status = STATUS_LEFT
            members.left[node] = members.failed.pop(node)
            if self.core.config.features.tells_forced_leave:
                self.core.pipeline.member_event(events.LEFT_FORCED, node, ltime, now)
            else:
                self.core.runtime.notify(now, events.STATUS, node, STATUS_LEFT)
        if prune and self.core.config.features.prune:
            self.prune_wanted = PRUNE_LATER if status == STATUS_LEAVING else PRUNE_NOW
        return True

    def handle_join(self, node: i64, ltime: i64, now: float) -> bool:
        """Handle a join intent and return whether to rebroadcast it."""
        self.clock.witness(ltime)
        members = self.core.members
        status = members.status(node)
        if status == STATUS_NONE:
            return self.core.recent_intents.buffer(node, JOIN, ltime, now)
        if ltime <= members.status_ltime(node):
            return False
        if status == STATUS_LEAVING:
            members.set(node, STATUS_ALIVE, ltime)
            self.core.runtime.notify(now, events.STATUS, node, STATUS_ALIVE)
        else:
            members.set(node, status, ltime)
        return True

    def is_settled(self, message: Message) -> bool:
        """Return whether a handled message can never change anything again.

        A join intent cannot while its member is known or an intent about it is buffered by name; in rings,
        others may push it out.
        """
        is_join = isinstance(message, Intent) and message.user_kind == JOIN
        return is_join and self.core.config.features.intents_by_name

    def broadcast_join(self, now: float) -> None:
        """Say that we are here, at the present Lamport time."""
        self._say_join(self.clock.time(), now)

    def _say_join(self, ltime: i64, now: float) -> None:
        message = self.make(JOIN, self.core.me, ltime)
        self.handle_join(self.core.me, message.ltime, now)
        self.core.queues.add(INTENTS, message, now)

    def refute_if_must(self, now: float) -> None:
        """Answer a stale leave about ourselves, if one was seen."""
        if self._refute_at >= 0:
            ltime = self._refute_at
            self._refute_at = -1
            self._say_join(ltime, now)


class HeldIntent:
    """A leave intent whose handler waits to prune: this node's own, or news from others, or neither."""

    def __init__(self, message: Intent, token: i64, is_news: bool) -> None:
        self.message = message
        self.token: i64 = token
        self.is_news = is_news


@mypyc_attr(allow_interpreted_subclasses=True)
class LeaveIntents:
    """Leave intents as they come in, and those of forced leaves."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self._untold: list[int] = []  # tokens of forced leaves that are being told
        self._held: list[HeldIntent] = []  # all for the same time: the first is due first

    def force(self, node: i64, prune: bool, now: float) -> i64:
        """Announce that another member has left; returns the token that `Application.removal_done` names."""
        intents = self.core.intents
        token = self.core.new_token()
        message = intents.make(LEAVE, node, intents.clock.time(), prune)
        intents.clock.increment()
        self.take(message, token, now)
        return token

    def take(self, message: Intent, token: i64, now: float) -> None:
        """Apply a leave intent, refute it or prune where it asks for that, and pass it on.

        `token` is that of a forced leave of this node's own, else NO_TOKEN.
        """
        core = self.core
        intents = core.intents
        is_news = intents.handle_leave(message.node, message.ltime, message.prune, now)
        intents.refute_if_must(now)
        if intents.prune_wanted == PRUNE_LATER:
            self._held.append(HeldIntent(message, token, is_news))
            core.memberlist.receiver.stall()
            delay = core.config.broadcast_timeout + core.config.leave_propagate_delay
            core.runtime.call_at(now + delay, PRUNE_DUE, 0, 0)
            return
        if intents.prune_wanted == PRUNE_NOW:
            core.reaper.prune(message.node, now)
        self._pass_on(message, token, is_news, now)

    def release(self, now: float) -> None:
        """Let the handler continue that has waited longest."""
        held = self._held.pop(0)
        self.core.reaper.prune(held.message.node, now)
        self._pass_on(held.message, held.token, held.is_news, now)
        self.core.memberlist.receiver.resume(now)

    def _pass_on(self, message: Intent, token: i64, is_news: bool, now: float) -> None:
        core = self.core
        if token == NO_TOKEN:
            if is_news:
                core.queues.add(INTENTS, message, now)
            return
        if not core.members.others_are_alive(core.me):
            core.application.removal_done(token, True, now)
            return
        self._untold.append(token)
        core.queues.add(INTENTS, message, now, token)
        core.runtime.call_at(now + core.config.broadcast_timeout, INTENT_END, token, 0)

    def told(self, token: i64, in_time: bool, now: float) -> None:
        """End a forced leave when its broadcast finishes or times out, whichever comes first."""
        if token in self._untold:
            self._untold.remove(token)
            self.core.application.removal_done(token, in_time, now)


STAYING: Final = 0
TELLING_INTENT: Final = 1
TELLING_MEMBERLIST: Final = 2
PROPAGATING: Final = 3
GONE: Final = 4
PHASES: Final = ("staying", "telling intent", "telling memberlist", "propagating", "gone")

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("staying", "leave", "telling intent", "gossip a leave intent"),
    Transition(
        "staying", "leave, nobody else alive", "propagating", "memberlist leaves; wait for the last pause"
    ),
    Transition("telling intent", "intent sent often enough", "telling memberlist", "memberlist leaves"),
    Transition("telling intent", "timeout", "gone", "report that the intent was not told"),
    Transition("telling intent", "timeout, leave_continues", "telling memberlist", "memberlist leaves"),
    Transition("telling memberlist", "leave sent often enough", "propagating", "wait for the last pause"),
    Transition("telling memberlist", "timeout", "gone", "report that the leave was not told"),
    Transition("telling memberlist", "timeout, leave_continues", "propagating", "wait for the last pause"),
    Transition("propagating", "leave_propagate_delay", "gone", "report that it has left"),
)

# How a leave ended, as LEAVE_DONE tells it.
INTENT_UNTOLD: Final = 0
LEFT_WELL: Final = 1
LEAVE_UNTOLD: Final = 2  # memberlist's own message was not told in time


@mypyc_attr(allow_interpreted_subclasses=True)
class Departure:
    """The leave of this node: `told` ends the waits for its broadcasts, `propagated` the last pause."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self.phase: i64 = STAYING
        self.has_left = False  # gone, and not given up
        self.token: i64 = NO_TOKEN  # of the call that began it

    def begin(self, now: float) -> i64:
        """Begin to leave; returns the token that `Application.leave_done` names, also while it goes on."""
        core = self.core
        intents = core.intents
        if self.phase != STAYING:
            return NO_TOKEN if self.phase == GONE else self.token
        self.token = core.new_token()
        self.phase = TELLING_INTENT
        intents.is_alive = False
        message = intents.make(LEAVE, core.me, intents.clock.time())
        intents.clock.increment()
        intents.handle_leave(core.me, message.ltime, False, now)
        if core.members.others_are_alive(core.me):
            core.queues.add(INTENTS, message, now, TELLING_LEAVE)
            core.runtime.call_at(now + core.config.broadcast_timeout, INTENT_END, TELLING_LEAVE, 0)
        else:
            self.told(TELLING_LEAVE, True, now)
        return self.token

    def told(self, token: i64, in_time: bool, now: float) -> None:
        """Continue the leave when its broadcast finishes or times out."""
        core = self.core
        goes_on = in_time or core.config.leave_continues
        if token == TELLING_LEAVE and self.phase == TELLING_INTENT:
            if not goes_on:
                self._end(INTENT_UNTOLD, now)
                return
            self.phase = TELLING_MEMBERLIST
            core.memberlist.leave(LEAVING_MEMBERLIST, core.config.broadcast_timeout, now)
        elif token == LEAVING_MEMBERLIST and self.phase == TELLING_MEMBERLIST:
            if not goes_on:
                self._end(LEAVE_UNTOLD, now)
                return
            self.phase = PROPAGATING
            core.runtime.call_at(now + core.config.leave_propagate_delay, LEAVE_PROPAGATED, 0, 0)

    def propagated(self, now: float) -> None:
        """Finish the leave after the propagation delay."""
        self._end(LEFT_WELL, now)

    def _end(self, how: i64, now: float) -> None:
        self.phase = GONE
        self.has_left = how == LEFT_WELL
        self.core.runtime.notify(now, events.LEAVE_DONE, self.core.me, how)
        self.core.application.leave_done(self.token, how, now)
