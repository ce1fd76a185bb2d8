"""Serf's statuses after joins and leaves at memberlist, and the end of a member (spec serf.md 3, 4.3, 9).

Members are forgotten when they failed or left long ago, or are pruned.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.members import (
    STATUS_ALIVE,
    STATUS_FAILED,
    STATUS_LEAVING,
    STATUS_LEFT,
    STATUS_NONE,
)
from serfsim.protocol.serf.messages import JOIN, LEAVE
from serfsim.protocol.serf.tags import decode_tags, go_duration


@mypyc_attr(allow_interpreted_subclasses=True)
class Membership:
    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def joined(self, record: NodeIdentity, now: float) -> None:
        node = record.node
        members = self.core.members
        before = members.status(node)
        if before == STATUS_NONE:
            self._meet(node)
        else:
            members.set(node, STATUS_ALIVE, members.status_ltime(node))
            if before == STATUS_FAILED:
                if now - members.failed.pop(node) < self.core.config.flap_timeout:
                    self.core.runtime.notify(now, events.FLAP, node, 0)
            elif before == STATUS_LEFT:
                members.left.pop(node)
        members.note_address(record)
        self.core.pipeline.member_event(events.JOIN, node, members.moved_to(node) + 1, now)
        if members.status(node) == STATUS_LEAVING:
            self.core.runtime.notify(now, events.STATUS, node, STATUS_LEAVING)

    def _meet(self, node: i64) -> None:
        """Add a new member and apply the intents buffered for it."""
        recent = self.core.recent_intents
        status: i64 = STATUS_ALIVE
        ltime: i64 = 0
        joined = recent.find(node, JOIN)
        if joined >= 0:
            ltime = joined
        left = recent.find(node, LEAVE)
        if left >= 0:
            ltime = left
            status = STATUS_LEAVING
        self.core.members.set(node, status, ltime)

    def left(self, record: NodeIdentity, now: float) -> None:
        node = record.node
        members = self.core.members
        status = members.status(node)
        ltime = members.status_ltime(node)
        if status == STATUS_LEAVING:
            members.set(node, STATUS_LEFT, ltime)
            members.left[node] = now
            self.core.pipeline.member_event(events.LEFT, node, 0, now)
        elif status == STATUS_ALIVE:
            members.set(node, STATUS_FAILED, ltime)
            members.failed[node] = now
            self.core.pipeline.member_event(events.FAILED, node, 0, now)
        elif status != STATUS_NONE:
            self.core.log(now, log_lines.BAD_STATE, node, status)

    def updated(self, record: NodeIdentity, now: float) -> None:
        if self.core.members.status(record.node) != STATUS_NONE:
            self.core.members.note_address(record)
            self.core.pipeline.member_event(events.UPDATE, record.node, 0, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class Reaper:
    """Removal of failed and left members after their timeouts, with their coordinates and latency samples."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def reap(self, now: float) -> None:
        self._reap_listed(self.core.members.failed, self.core.config.reconnect_timeout, now)
        self._reap_listed(self.core.members.left, self.core.config.tombstone_timeout, now)

    def _reap_listed(self, listed: dict[int, float], timeout: float, now: float) -> None:
        config = self.core.config
        if config.reconnect_timeout_tag != "" and config.features.overrides_reconnect_timeout:
            due = [node for node, since in listed.items() if now - since > self._own_timeout(node, timeout)]
        else:
            due = [node for node, since in listed.items() if now - since > timeout]
        for node in due:
            self.erase(node, False, now)

    def _own_timeout(self, node: i64, timeout: float) -> float:
        """Return the timeout that a member's tag names, or `timeout` where it names none that can be read."""
        tags = decode_tags(self.core.memberlist.core.members.record(node).meta)
        text = tags.get(self.core.config.reconnect_timeout_tag, "")
        found = go_duration(text) if text != "" else -1.0
        return found if found >= 0.0 else timeout

    def prune(self, node: i64, now: float) -> None:
        if self.core.members.status(node) != STATUS_NONE:
            self.erase(node, True, now)

    def erase(self, node: i64, forced: bool, now: float) -> None:
        self.core.members.erase(node)
        self.core.vivaldi.forget_node(node)
        self.core.coordinates.pop(node, None)
        self.core.pipeline.member_event(events.REAP, node, 1 if forced else 0, now)
