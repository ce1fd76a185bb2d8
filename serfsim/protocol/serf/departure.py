"""A graceful leave, in phases that end with a broadcast being told or with a timeout (spec serf.md 4.2):

    staying -> telling intent -> telling memberlist -> propagating -> gone

Where a timeout ends one of the first two, the leave is given up (before Serf 0.9.7): gone at once.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.intents import Intents
from serfsim.protocol.serf.messages import LEAVE
from serfsim.protocol.serf.queues import INTENTS

STAYING: Final = 0
TELLING_INTENT: Final = 1
TELLING_MEMBERLIST: Final = 2
PROPAGATING: Final = 3
GONE: Final = 4

# How a leave ended, as LEAVE_DONE tells it.
INTENT_UNTOLD: Final = 0
LEFT_WELL: Final = 1
LEAVE_UNTOLD: Final = 2  # memberlist's own message was not told in time

# Tokens of what is waited for.
LEAVING_MEMBERLIST: Final = 3
TELLING_LEAVE: Final = 5


@mypyc_attr(allow_interpreted_subclasses=True)
class Departure:
    """`told_timer` ends the wait for the intent, `end_timer` the last pause."""

    def __init__(
        self, core: SerfCore, intents: Intents, memberlist: Memberlist, told_timer: i64, end_timer: i64
    ) -> None:
        self.core = core
        self.intents = intents
        self.memberlist = memberlist
        self.told_timer: i64 = told_timer
        self.end_timer: i64 = end_timer
        self.phase: i64 = STAYING
        self.has_left = False  # gone, and not given up

    def begin(self, now: float) -> None:
        core = self.core
        intents = self.intents
        self.phase = TELLING_INTENT
        intents.is_alive = False
        message = intents.make(LEAVE, core.me, intents.clock.time())
        intents.clock.increment()
        intents.handle_leave(core.me, message.ltime, False, now)
        if core.members.others_are_alive(core.me):
            core.queues.add(INTENTS, message, now, TELLING_LEAVE)
            core.runtime.call_at(now + core.config.broadcast_timeout, self.told_timer, TELLING_LEAVE, 0)
        else:
            self.told(TELLING_LEAVE, True, now)

    def told(self, token: i64, in_time: bool, now: float) -> None:
        """What was to be told is told, or its time is over."""
        core = self.core
        goes_on = in_time or core.config.leave_continues
        if token == TELLING_LEAVE and self.phase == TELLING_INTENT:
            if not goes_on:
                self._end(INTENT_UNTOLD, now)
                return
            self.phase = TELLING_MEMBERLIST
            self.memberlist.leave(LEAVING_MEMBERLIST, core.config.broadcast_timeout, now)
        elif token == LEAVING_MEMBERLIST and self.phase == TELLING_MEMBERLIST:
            if not goes_on:
                self._end(LEAVE_UNTOLD, now)
                return
            self.phase = PROPAGATING
            core.runtime.call_at(now + core.config.leave_propagate_delay, self.end_timer, 0, 0)

    def propagated(self, now: float) -> None:
        """The last pause is over."""
        self._end(LEFT_WELL, now)

    def _end(self, how: i64, now: float) -> None:
        self.phase = GONE
        self.has_left = how == LEFT_WELL
        self.core.runtime.notify(now, events.LEAVE_DONE, self.core.me, how)
