"""Memory of the dead in views."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events

ROUNDING_S: Final = 1e-6


class DeadRemembered(Checker):
    """Compare the time of each member that memberlist forgets with the time at which it was dropped."""

    name = "dead_remembered"
    rule = "memberlist keeps a member that is dead or left for gossip_to_the_dead_time before it forgets it"
    events = (events.MEMBER_DEAD, events.MEMBER_LEFT, events.FORGOTTEN)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._shares_names = bool(run.agents.roster.shared)
        # By observer, when it last dropped each member, on its clock.
        self._dropped: list[dict[int, float]] = [{} for _ in range(run.n)]

    def started(self, member: i64) -> None:
        self._dropped[member] = {}

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        now = self.run.hosts[observer].local(self.run.queue.now)
        dropped = self._dropped[observer]
        if event != events.FORGOTTEN:
            dropped[subject] = now
            return
        since, core = dropped.pop(subject, None), self.run.core(observer)
        if since is None or core is None or not core.features.purge_waits or self._shares_names:
            return
        kept, least = now - since, core.config.gossip_to_the_dead_time
        if kept + ROUNDING_S < least:
            self.report(
                observer, f"forgot {self.run.name(subject)} after {kept:.1f} s; it keeps the dead {least:g} s"
            )
