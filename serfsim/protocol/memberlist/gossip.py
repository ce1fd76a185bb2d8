"""The gossip tick (spec memberlist.md section 7).

Every gossip_interval a few random members, suspects and the recently dead among them, are each
sent what the queue gives next. With an empty queue a tick does nothing, so then none is scheduled
(`Core.wake_gossip`).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.core import INFINITY, Core
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import COMPOUND_HEADER, COMPOUND_PART, GOSSIP, Message, Packet

MOST_PARTS: Final = 255  # of a compound, whose count is a byte


@mypyc_attr(allow_interpreted_subclasses=True)
class Gossiper:
    def __init__(self, core: Core) -> None:
        self.core = core
        # Before Serf 0.8.1 only members that are alive were told.
        can = core.mechanisms
        self.worst: i64 = STATE_SUSPECT if can.gossip_to_suspects else STATE_ALIVE
        self.reaches_the_dead = can.gossip_to_the_dead
        self.wraps_one = not can.bare_message
        self.splits = can.splits_compounds

    def tick(self, now: float) -> None:
        core = self.core
        core.gossip_due = False
        targets: list[int] = []
        dead_since = now - core.config.gossip_to_the_dead_time if self.reaches_the_dead else INFINITY
        core.random_members(core.config.gossip_nodes, -1, self.worst, dead_since, targets)
        for target in targets:
            messages: list[Message] = []
            core.get_broadcasts(
                core.config.udp_buffer_size - COMPOUND_HEADER - core.config.encryption_overhead, messages, now
            )
            if len(messages) == 0:
                break
            self._send(target, messages, now)
        if core.has_broadcasts():
            core.wake_gossip(now)

    def _send(self, target: int, messages: list[Message], now: float) -> None:
        if len(messages) <= MOST_PARTS or not self.splits:
            self._send_one(target, messages, len(messages) > 1 or self.wraps_one, now)
            return
        at = 0
        while at < len(messages):
            self._send_one(target, messages[at : at + MOST_PARTS], True, now)
            at += MOST_PARTS

    def _send_one(self, target: int, messages: list[Message], wraps: bool, now: float) -> None:
        size = messages[0].size
        if wraps:
            size = COMPOUND_HEADER
            for message in messages:
                size += COMPOUND_PART + message.size
        packet = Packet(GOSSIP, 0, size)
        packet.broadcasts = messages
        self.core.send_raw(self.core.members.record(target), packet, now)
