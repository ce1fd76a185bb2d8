"""Bounds of queues and buffers."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.network.socket_buffer import charge

LARGEST_DATAGRAM = 65_535
QUEUES = ("intents", "queries", "user_events")


class QueuesBounded(Checker):
    """Read the depth of each queue of each process at each sample."""

    name = "queues_bounded"
    rule = (
        "memberlist's queue holds one broadcast for each name at most, Serf's queues are pruned to their"
        " limit at every check, handoff queues hold handoff_queue_depth messages, and a buffer its size"
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        # Since when a queue has been beyond its limit, by member, its life and queue.
        self._beyond: dict[tuple[int, int, str], float] = {}
        self._largest = charge(LARGEST_DATAGRAM)

    def sampled(self) -> None:
        names = len(self.run.directory.names) + 1  # refutations have a name of their own
        for member, node in self.run.running():
            core, host = node.memberlist.core, self.run.hosts[member]
            depth = int(core.broadcasts.depth)
            if not 0 <= depth <= names:
                self.report(member, f"memberlist's queue holds {depth} broadcasts about {names} names")
            handoff = node.memberlist.receiver.handoff
            for waiting in (len(handoff.high_priority), len(handoff.low_priority)):
                if waiting > handoff.depth:
                    self.report(member, f"{waiting} messages wait in a handoff queue for {handoff.depth}")
            if host.buffer.charged > host.buffer.size + self._largest:
                self.report(
                    member, f"its socket buffer of {host.buffer.size} bytes holds {host.buffer.charged}"
                )
            self._check_serf(member, node)

    def _check_serf(self, member: i64, node: object) -> None:
        queues, config = node.queues, node.config  # type: ignore[attr-defined]
        limit = int(config.queue_limit(int(node.members.count)))  # type: ignore[attr-defined]
        now = self.run.now
        for name in QUEUES:
            key = member, self.run.life(member), name
            depth = int(getattr(queues, name).depth)
            if depth <= limit:
                self._beyond.pop(key, None)
                continue
            since = self._beyond.setdefault(key, now)
            if now - since > 2.0 * config.queue_check_interval:
                self._beyond[key] = now
                self.report(
                    member,
                    f"its queue of {name} holds {depth} messages since {since:.1f} s; the limit is {limit}",
                )
