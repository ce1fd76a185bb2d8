"""Gossip ticks (spec memberlist.md section 7).

Every gossip_interval a node sends the next broadcasts of its queue to a few random members, suspects and
the recently dead among them. With an empty queue a tick does nothing, so none is scheduled
(`Core.wake_gossip`).

A tick that sends a broadcast for the last time wakes the caller that waits for it, such as a leave: its
next message may be queued before the tick reaches the next member, or not.

Where a send blocks, the members after it get what the queue has once it has left; one tick is kept meanwhile.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import log_lines
from serfsim.protocol.memberlist.core import GOSSIP_REST, INFINITY, MOST_PARTS, Core, next_tick
from serfsim.protocol.memberlist.ledger import Load
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import COMPOUND_HEADER, COMPOUND_PART, GOSSIP, Packet

# How often who is woken is quicker than the tick; of 16 recorded leaves 10 were where at most 13 could be.
QUICKER: Final = 0.5


@mypyc_attr(allow_interpreted_subclasses=True)
class GossipChoice:
    """Random members, suspects and the recently dead among them; before Serf 0.8.1 only the alive."""

    def __init__(self, core: Core) -> None:
        self.core = core
        features = core.features
        self.worst: i64 = STATE_SUSPECT if features.gossip_to_suspects else STATE_ALIVE
        self.reaches_the_dead = features.gossip_to_the_dead

    def choose(self, now: float) -> list[int]:
        """Return the members that this tick gossips to, in order: gossip_nodes, or as many as there are."""
        core = self.core
        dead_since = now - core.config.gossip_to_the_dead_time if self.reaches_the_dead else INFINITY
        return core.selected_members(core.config.gossip_nodes, self.worst, dead_since, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class Gossiper:
    def __init__(self, core: Core, choice: GossipChoice) -> None:
        self.core = core
        self.choice = choice
        features = core.features
        self.wraps_one = not features.bare_message
        self._targets: list[int] = []  # of the tick at work, the next one last
        self.splits = features.splits_compounds
        self._blocked_at = -1.0  # the time of the tick at work, where it came to wait for a datagram to leave

    def tick(self, now: float) -> None:
        self.core.gossip_due = False
        self._targets = self.choice.choose(now)[::-1]  # a copy: the choice may keep its list
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Tell the members that the tick has not come to yet."""
        core = self.core
        targets = self._targets
        while len(targets) > 0:
            target = targets.pop()
            core.has_woken = False
            used = core.fill(core.gossip_room, now)
            if core.filling.count == 0:
                break
            self._send(target, used, now)
            if core.sender.awaits_send(GOSSIP_REST, 0):
                if self._blocked_at < 0.0:
                    self._blocked_at = now
                core.gossip_due = True  # one tick is kept meanwhile
                return
            if core.has_woken and len(targets) > 0 and core.rng.random() < QUICKER:
                core.runtime.call_at(now, GOSSIP_REST, 0, 0)
                return
        if self._blocked_at >= 0.0:
            began, self._blocked_at = self._blocked_at, -1.0
            core.gossip_due = False
            if next_tick(core.started_at, core.config.gossip_interval, began) <= now:
                self.tick(now)
                return
        if core.has_broadcasts():
            core.wake_gossip(now)
        elif core.directory.is_private:
            core.forget_told()

    def _send(self, target: int, used: i64, now: float) -> None:
        filling = self.core.filling
        count = filling.count
        if count == 1 and not self.wraps_one:
            self._send_one(target, filling.load(), used - COMPOUND_PART, now)
        elif count <= MOST_PARTS or not self.splits:
            self._send_one(target, filling.load(), COMPOUND_HEADER + used, now)
        else:
            at: i64 = 0
            parts: list[Load] = []
            while at < count:
                parts.append(filling.part(at, at + MOST_PARTS if at + MOST_PARTS < count else count))
                at += MOST_PARTS
            for part in parts:
                self._send_one(target, part, COMPOUND_HEADER + part.bytes(COMPOUND_PART), now)

    def _send_one(self, target: int, load: Load, size: i64, now: float) -> None:
        packet = Packet(GOSSIP, 0, size)
        packet.carry(load)
        record = self.core.members.record(target)
        if not self.core.send_raw(record, packet, now):
            self.core.log_refused(now, log_lines.GOSSIP_REFUSED, record.address)
