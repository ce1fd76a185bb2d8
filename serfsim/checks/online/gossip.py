"""Gossip ticks of processes that have something to tell."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.members import STATE_ALIVE
from serfsim.protocol.memberlist.messages import GOSSIP, Packet

TICKS: Final = 20
WAIT_S: Final = 5.0


class GossipGoesOn(Checker):
    """Compare how long each process has had a broadcast with when it gossiped last."""

    name = "gossip_goes_on"
    rule = (
        "a process whose queue has held broadcasts for a while, and that knows others, has gossiped meanwhile"
    )
    sends = (GOSSIP,)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._since = [0.0] * run.n  # the last gossip, or when its queue was last empty

    def started(self, member: i64) -> None:
        self._since[member] = self.run.now

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        self._since[source] = self.run.now

    def _has_targets(self, member: i64, core: Core) -> bool:
        """Return whether the process gossips to anybody that it knows; before Serf 0.8.1 not to suspects."""
        if core.features.gossip_to_suspects:
            return core.members.others_are_up(member)
        return any(
            node != member and core.members.key(node) & 3 == STATE_ALIVE
            for node in range(self.run.n)
            if core.members.key(node) >= 0
        )

    def sampled(self) -> None:
        waiting = set()
        for member, node in self.run.running():
            core, host = node.memberlist.core, self.run.hosts[member]
            config = core.config
            has_reason = host.stalled or host.clock is not None or self.run.network.rules.refusing > 0
            is_off = config.gossip_interval <= 0.0 or config.gossip_nodes == 0
            if (
                has_reason
                or is_off
                or core.leaving
                or core.broadcasts.depth == 0
                or node.memberlist.writer is not None
                or not self._has_targets(member, core)
            ):
                continue
            waiting.add(member)
            silent = self.run.now - self._since[member]
            if silent > WAIT_S + TICKS * config.gossip_interval + 10.0 * host.processing_delay:
                self.report(
                    member, f"has not gossiped for {silent:.1f} s with {core.broadcasts.depth} waiting"
                )
                self._since[member] = self.run.now
        for member in range(self.run.n):
            if member not in waiting:
                self._since[member] = self.run.now
