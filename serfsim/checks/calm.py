"""Calm: the times at which nothing is wrong with a cluster, and how long it takes to settle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.network.jitter import NoJitter
from serfsim.network.loss import NoLoss
from serfsim.protocol import events
from serfsim.protocol.memberlist.push_pull import push_pull_scale
from serfsim.protocol.memberlist.suspicion import suspicion_timeout
from serfsim.scenario.faults import Forge

if TYPE_CHECKING:
    from serfsim.checks.online import Observed
    from serfsim.protocol.memberlist.config import MemberlistConfig
    from serfsim.results.scoring.recording import Interval, Recording
    from serfsim.scenario.model import Scenario
    from serfsim.scenario.settings import Settings

FOREVER: Final = math.inf
SLACK_S: Final = 2.0
RECONNECTS: Final = 15  # after so many reconnect intervals all but one cluster in a million have met
HARMLESS_WORK: Final = {"event", "query"}
# Members that one side refused, or that fight for a name, need not know each other.
QUARRELS: Final = (
    events.PROTOCOL_REFUSED,
    events.MERGE_REFUSED,
    events.ALIVE_REFUSED,
    events.CONFLICT,
    events.UNDECRYPTABLE,
    events.UNENCRYPTED,
    events.MISLABELLED,
)
MOST_ROWS: Final = 200  # members whose round trips are looked at
LATE_SHARE: Final = 0.8  # of probe_timeout; a longer round trip may be late


def detection_time(config: Settings | MemberlistConfig, members: int, score: int) -> float:
    """Return the seconds in which a member finds out by itself that another is gone, at most.

    Its ring is passed twice at the worst, at a round of probe_interval * (score + 1); then the suspicion
    runs, at most suspicion_max_timeout_mult times the least timeout. `members` is how many it knows.
    """
    least = suspicion_timeout(config.suspicion_mult, members, config.probe_interval)
    rounds = (2 * members + 2) * config.probe_interval * (score + 1)
    return float(rounds + float(config.suspicion_max_timeout_mult) * least + SLACK_S)


def settle_time(scenario: Scenario) -> float:
    """Return the seconds of calm after which the views of all members equal the truth (`views_settled`).

    They cover detection, RECONNECTS turns of the reconnector, and as many push/pulls.
    """
    members = scenario.roster().members
    return max(_settle_time(member.config, len(members)) for member in members)


def _settle_time(config: Settings, members: int) -> float:
    exchange = push_pull_scale(config.push_pull_interval, members)
    turns = max(config.reconnect_interval, exchange)
    return float(detection_time(config, members, 1) + RECONNECTS * turns)


class Calm:
    """The disturbances of a run: faults, members that start or stop, and calls that change the membership."""

    def __init__(self, run: Observed, recording: Recording) -> None:
        self.end = recording.duration if recording.interrupted_at is None else recording.interrupted_at
        self.run = run
        self.recording = recording
        self._step = max(1, run.n // MOST_ROWS)
        self.spans = [*self._of_scenario(), *self._of_truth(recording)]
        self.first = min((start for start, _ in self.spans), default=FOREVER)
        self.last = max((end for _, end in self.spans), default=-FOREVER)
        self.is_peaceful = not np.isin(recording.events.kind, QUARRELS).any()

    def _of_scenario(self) -> list[tuple[float, float]]:
        scenario = self.run.scenario
        found = []
        for fault in scenario.faults:
            for start, end in fault.occurrences(scenario.duration):
                if fault.ends_processes or isinstance(fault, Forge):
                    found.append((start, start if end is None else end))
                else:
                    found.append((start, FOREVER if end is None else end))
        for work in scenario.workload:
            if work.verb not in HARMLESS_WORK:
                found += [(start, start) for start, _ in work.occurrences(scenario.duration)]
        return found

    def _of_truth(self, recording: Recording) -> list[tuple[float, float]]:
        truth, found = recording.truth, []
        for member in range(self.run.n):
            for down in truth.down[member]:
                found += [(t, t) for t in (down.start, down.end) if 0.0 < t < self.end]
            gone = [down.start for down in truth.down[member] if down.end == FOREVER]
            for fault in truth.faulted[member]:
                end = fault.end
                if end == FOREVER and gone and gone[-1] >= fault.start:
                    end = gone[-1]  # what is gone for ever is no fault that lasts
                found.append((fault.start, end))
        return found

    def is_sound(self) -> bool:
        """Return whether the network and the hosts themselves are beyond suspicion all the time.

        They are without loss, jitter, limits and overflows, every process answers at once, and all round
        trips are well below every member's probe_timeout.
        """
        run, network = self.run, self.run.network
        if not (isinstance(network.udp_loss, NoLoss) and isinstance(network.tcp_loss, NoLoss)):
            return False
        if not isinstance(network.jitter, NoJitter) or network.jitter_by_pair is not None:
            return False
        if not all(member.is_at_home for member in run.agents.members):
            return False
        if network.has_uplinks or network.addresses is not None or run.agents.roster.shared:
            return False
        if any(
            member.clock_rate != 1.0 or member.read_cost.packet + member.read_cost.message > 0.0
            for member in run.agents.members
        ):
            return False
        return not any(host.is_slow for host in run.hosts) and self._answers_in_time()

    def _answers_in_time(self) -> bool:
        truth = self.recording.truth
        if truth.rtt_changes:
            return False
        slowest = max(float(np.max(truth.rtt(member))) for member in range(0, self.run.n, self._step))
        configs = [member.config for member in self.run.agents.members]
        shortest = min(min(one.probe_timeout, one.probe_interval) for one in configs)
        return bool(slowest < LATE_SHARE * shortest)


def overlaps(spans: list[Interval], start: float, end: float) -> bool:
    """Return whether any interval touches [start, end]."""
    return any(span.start <= end and span.end >= start for span in spans)
