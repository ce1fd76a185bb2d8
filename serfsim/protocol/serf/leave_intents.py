"""What a leave intent sets off: refuting, pruning, being passed on (spec serf.md 4.2, 4.3).

A leave intent that asks to prune a leaving member holds its handler for some seconds, and with it
memberlist's worker; only then is the member erased and the intent passed on. That push/pulls and
memberlist's own timers wait for it too is not modelled.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.intents import PRUNE_LATER, PRUNE_NOW, Intents
from serfsim.protocol.serf.messages import LEAVE, Intent
from serfsim.protocol.serf.queues import INTENTS
from serfsim.protocol.serf.reaper import Reaper


class HeldIntent:
    """A leave intent whose handler waits to prune: this node's own, or news from others, or neither."""

    def __init__(self, message: Intent, is_own: bool, is_news: bool) -> None:
        self.message = message
        self.is_own = is_own
        self.is_news = is_news


@mypyc_attr(allow_interpreted_subclasses=True)
class LeaveIntents:
    """`prune_timer` calls `release`; `removal_timer` ends the wait for a forced leave to be told."""

    def __init__(
        self,
        core: SerfCore,
        intents: Intents,
        reaper: Reaper,
        memberlist: Memberlist,
        prune_timer: i64,
        removal_timer: i64,
        first_token: i64,
    ) -> None:
        self.core = core
        self.intents = intents
        self.reaper = reaper
        self.memberlist = memberlist
        self.prune_timer: i64 = prune_timer
        self.removal_timer: i64 = removal_timer
        self._token: i64 = first_token
        self._untold: list[int] = []  # tokens of forced leaves that are being told
        self._held: list[HeldIntent] = []  # all for the same time: the first is due first

    def force(self, node: i64, prune: bool, now: float) -> None:
        """Say of another member that it has left; ends with `Application.removal_told`."""
        intents = self.intents
        message = intents.make(LEAVE, node, intents.clock.time(), prune)
        intents.clock.increment()
        self.take(message, True, now)

    def take(self, message: Intent, is_own: bool, now: float) -> None:
        """Apply a leave intent, refute it or prune where it asks for that, and pass it on."""
        intents = self.intents
        is_news = intents.handle_leave(message.node, message.ltime, message.prune, now)
        intents.refute_if_must(now)
        if intents.prune_wanted == PRUNE_LATER:
            self._held.append(HeldIntent(message, is_own, is_news))
            self.memberlist.receiver.stall()
            config = self.core.config
            delay = config.broadcast_timeout + config.leave_propagate_delay
            self.core.runtime.call_at(now + delay, self.prune_timer, 0, 0)
            return
        if intents.prune_wanted == PRUNE_NOW:
            self.reaper.prune(message.node, now)
        self._pass_on(message, is_own, is_news, now)

    def release(self, now: float) -> None:
        """The handler that has waited longest goes on."""
        held = self._held.pop(0)
        self.reaper.prune(held.message.node, now)
        self._pass_on(held.message, held.is_own, held.is_news, now)
        self.memberlist.receiver.resume(now)

    def _pass_on(self, message: Intent, is_own: bool, is_news: bool, now: float) -> None:
        core = self.core
        if not is_own:
            if is_news:
                core.queues.add(INTENTS, message, now)
            return
        if not core.members.others_are_alive(core.me):
            core.application.removal_told(True, now)
            return
        self._token += 1
        self._untold.append(self._token)
        core.queues.add(INTENTS, message, now, self._token)
        core.runtime.call_at(now + core.config.broadcast_timeout, self.removal_timer, self._token, 0)

    def told(self, token: i64, in_time: bool, now: float) -> None:
        """A forced leave was told, or its time is over; whichever comes first counts."""
        if token in self._untold:
            self._untold.remove(token)
            self.core.application.removal_told(in_time, now)
