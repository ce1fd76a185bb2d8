"""The order in which a node probes the members (spec memberlist.md section 5.1; SWIM section 4.3)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.members import STATE_DEAD


@mypyc_attr(allow_interpreted_subclasses=True)
class ProbeOrder:
    """Round-robin over the ring, which is shuffled again at its end. `place` in the ring is the next."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.place: i64 = 0

    def choose(self, now: float) -> i64:
        """Return the next member to probe, -1 if there is none; pass over this node and the dead."""
        core = self.core
        members = core.members
        checked: i64 = 0
        while checked < members.count:
            if self.place >= members.count:
                self.wrap(now)
                checked += 1
                continue
            node = members.at(self.place)
            self.place += 1
            if node == core.me or members.key(node) & 3 >= STATE_DEAD:
                checked += 1
                continue
            return node
        return -1

    def wrap(self, now: float) -> None:
        """Begin the ring anew: forget members that are dead for long enough, and shuffle it."""
        core = self.core
        self.place = 0
        features = core.features
        dead_time = core.config.gossip_to_the_dead_time if features.purge_waits else -1.0
        for node in core.members.purge(now, dead_time, features.purges_left):
            core.notify(now, events.FORGOTTEN, node, 0)
        core.members.shuffle(core.rng)
