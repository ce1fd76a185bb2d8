"""Trying to reach failed members: all nodes together each about once an interval (spec serf.md section 9)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore


@mypyc_attr(allow_interpreted_subclasses=True)
class Reconnector:
    """An attempt is a memberlist join under `token`; `timer` calls `tick`."""

    def __init__(self, core: SerfCore, memberlist: Memberlist, token: i64, timer: i64) -> None:
        self.core = core
        self.memberlist = memberlist
        self.token: i64 = token
        self.timer: i64 = timer

    def schedule(self, now: float) -> None:
        """The next attempt comes an interval from now: an attempt's end, not its beginning."""
        core = self.core
        core.runtime.call_at(now + core.config.reconnect_interval, self.timer, 0, 0)

    def tick(self, now: float) -> None:
        """Try one failed member, or leave it to the others this time."""
        core = self.core
        node: i64 = -1
        if len(core.members.failed) > 0:
            node = core.members.choose_reconnect(core.rng)
            if node < 0:
                core.runtime.notify(now, events.RECONNECT_FORGONE, core.me, 0)
        if node < 0:
            self.schedule(now)
            return
        core.runtime.notify(now, events.RECONNECT, node, 0)
        self.memberlist.join([core.members.address(node)], self.token, now, node)
