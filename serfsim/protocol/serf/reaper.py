"""Forgetting members: the long failed, the long left, and the pruned (spec serf.md sections 4.3 and 9)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import STATUS_NONE, SerfMembers
from serfsim.protocol.serf.pipeline import EventPipeline
from serfsim.protocol.vivaldi.client import Client
from serfsim.protocol.vivaldi.coordinate import Coordinate


@mypyc_attr(allow_interpreted_subclasses=True)
class Reaper:
    """What is known of an erased member goes with it: its coordinate and its latency samples too."""

    def __init__(
        self,
        config: SerfConfig,
        members: SerfMembers,
        vivaldi: Client,
        coordinates: dict[int, Coordinate],
        pipeline: EventPipeline,
    ) -> None:
        self.config = config
        self.members = members
        self.vivaldi = vivaldi
        self.coordinates = coordinates
        self.pipeline = pipeline

    def reap(self, now: float) -> None:
        self._reap_listed(self.members.failed, self.config.reconnect_timeout, now)
        self._reap_listed(self.members.left, self.config.tombstone_timeout, now)

    def _reap_listed(self, listed: list[int], timeout: float, now: float) -> None:
        leave_time = self.members.leave_time
        for node in listed.copy():
            if now - leave_time.get(node, now) > timeout:
                listed.remove(node)
                self.erase(node, False, now)

    def prune(self, node: i64, now: float) -> None:
        members = self.members
        if members.status(node) == STATUS_NONE:
            return
        if node in members.left:
            members.left.remove(node)
        if node in members.failed:
            members.failed.remove(node)
        self.erase(node, True, now)

    def erase(self, node: i64, forced: bool, now: float) -> None:
        self.members.erase(node)
        self.vivaldi.forget_node(node)
        self.coordinates.pop(node, None)
        self.pipeline.member_event(events.REAP, node, 1 if forced else 0, now)
