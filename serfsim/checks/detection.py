"""SWIM's completeness, and its accuracy where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from serfsim.checks.calm import FOREVER, Calm, detection_time, overlaps, settle_time
from serfsim.checks.online import Checker, Observed
from serfsim.protocol import events
from serfsim.protocol.memberlist.members import STATE_NAMES, STATE_SUSPECT
from serfsim.protocol.memberlist.suspicion import SuspicionRule

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Integers, Recording

NEVER_S: Final = -1e9
WRONG: Final = (events.SUSPECT, events.SUSPICION_TIMEOUT, events.MEMBER_DEAD, events.FAILED)


class CrashesKnown(Checker):
    """Look in the end for members in view whose process has been gone for long."""

    name = "crashes_known"
    rule = (
        "every member that runs drops one whose process is gone within the time that two rounds of its probe"
        " ring and the longest suspicion take"
    )
    events = (events.HEALTH, events.JOIN, events.SUSPECT_CLEARED)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._score = [0] * run.n  # the highest of each member
        self._most = [0] * run.n  # members known to each at any sample
        self._since: dict[
            tuple[int, int], float
        ] = {}  # when a member came into a view, or its suspicion began

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        if event == events.HEALTH:
            self._score[observer] = max(self._score[observer], detail)
        elif event in (events.JOIN, events.SUSPECT_CLEARED):
            self._since[observer, subject] = self.run.now

    def sampled(self) -> None:
        for member, node in self.run.running():
            self._most[member] = max(self._most[member], int(node.memberlist.core.members.count))

    def finished(self, recording: Recording) -> None:
        if self.run.agents.roster.shared:
            return
        end = recording.duration if recording.interrupted_at is None else recording.interrupted_at
        down = recording.truth.down
        gone = [
            (member, down[member][-1].start)
            for member in range(self.run.n)
            if down[member] and down[member][-1].end == FOREVER and down[member][-1].start > NEVER_S
        ]
        for observer, node in self.run.running():
            core = node.memberlist.core
            if core.config.probe_interval <= 0.0 or type(node.memberlist.states.rule) is not SuspicionRule:
                continue
            takes = detection_time(core.config, self._most[observer], self._score[observer])
            for subject, since in gone:
                self._judge(
                    observer, node, subject, max(since, self._up_since(observer, recording)), takes, end
                )

    def _up_since(self, observer: int, recording: Recording) -> float:
        """Return since when a member has been up and under no fault, infinity if it is under one."""
        spans = [*recording.truth.down[observer], *recording.truth.faulted[observer]]
        return max((span.end for span in spans), default=NEVER_S)

    def _judge(self, observer: int, node: Any, subject: int, since: float, takes: float, end: float) -> None:
        since = max(since, self._since.get((observer, subject), NEVER_S))
        if since + takes >= end or node.memberlist.core.leaving:
            return
        key = int(node.memberlist.core.members.key(subject))
        if key >= 0 and key & 3 <= STATE_SUSPECT:
            self.report(
                observer,
                f"still holds {self.run.name(subject)}, gone for {end - since:.0f} s, for"
                f" {STATE_NAMES[key & 3]}; it takes {takes:.0f} s at most",
            )


class HealthyTrusted(Checker):
    """Look for suspicions of running members at times when nothing is wrong."""

    name = "healthy_trusted"
    rule = (
        "before the first disturbance, and once the cluster has settled after the last, nobody suspects a"
        " running member on a network without loss, jitter or long latencies"
    )

    def finished(self, recording: Recording) -> None:
        calm = Calm(self.run, recording)
        if not calm.is_peaceful or not calm.is_sound() or self._overflowed(recording):
            return
        settled = max(0.0, calm.last + settle_time(self.run.scenario)) if calm.spans else 0.0
        table = recording.events
        times = (table.t >= 0.0) & ((table.t < calm.first) | (table.t >= settled))
        rows = np.flatnonzero(np.isin(table.kind, WRONG) & times & (table.subject < self.run.n))
        for row in rows.tolist():
            t, subject = float(table.t[row]), int(table.subject[row])
            if not overlaps(recording.truth.down[subject], t, t):
                kind = events.NAMES[int(table.kind[row])]
                self.report(int(table.observer[row]), f"{kind} of {self.run.name(subject)}, which runs", at=t)

    def _overflowed(self, recording: Recording) -> bool:
        counts = recording.traffic_counts
        column: Integers = counts.values[:, counts.columns.index("udp/overflowed")]
        return bool(column.any())
