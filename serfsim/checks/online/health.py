"""Lifeguard's health score."""

from __future__ import annotations

from typing import Any

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.messages import INDIRECT_PING, Packet


class Round:
    """A probe that asks others: helpers that nack, and nacks that counted. And the process's health score."""

    def __init__(self) -> None:
        self.seq = -1
        self.asked = 0
        self.nacks = 0
        self.score = 0
        self.before = 0  # the score before it changed
        self.changed_at = -1.0  # on the engine's clock
        self.was_refused = False  # requests, by the kernel, when the round asked


class HealthKept(Checker):
    """Keep each process's score beside its own, from what it sends and hears."""

    name = "health_kept"
    rule = (
        "a health score stays within 0 and awareness_max_multiplier - 1, and a failed probe adds the missing"
        " nacks to it, or 1 where no member could send any"
    )
    sends = (INDIRECT_PING,)
    events = (events.HEALTH, events.NACK, events.SUSPECT, events.FAILED_PING)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._rounds = [Round() for _ in range(run.n)]

    def started(self, member: i64) -> None:
        self._rounds[member] = Round()

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        own = self._rounds[source]
        if packet.seq != own.seq:
            own.seq, own.asked, own.nacks = packet.seq, 0, 0
        own.asked += packet.wants_nack

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        own = self._rounds[observer]
        if event == events.HEALTH:
            own.before, own.score, own.changed_at = own.score, detail, float(self.run.queue.now)
            self._check_bounds(observer, detail)
        elif event == events.NACK:
            own.nacks += 1
        elif event == events.FAILED_PING:
            own.was_refused = self.run.network.rules.refusing > 0
        else:
            self._probe_failed(observer, own)

    def _check_bounds(self, member: i64, score: int) -> None:
        core = self.run.core(member)
        if core is not None and not 0 <= score < max(1, core.awareness.max_multiplier):
            self.report(member, f"its health score is {score}")

    def _probe_failed(self, member: i64, own: Round) -> None:
        node: Any = self.run.nodes[member]
        if node is None or node.memberlist.writer is not None:
            return
        core = node.memberlist.core
        config, prober = core.config, node.memberlist.prober
        plain = type(core.awareness) is Awareness and not config.paper_health_score and config.lha_probe
        # Requests that the kernel refuses, or that a stalled process has not sent, are expected to be nacked.
        if not plain or self.run.hosts[member].stalled or self.run.network.rules.refusing > 0:
            return
        if own.was_refused or not prober.was_sent:
            return
        if own.seq != prober.seq:
            own.seq, own.asked, own.nacks = prober.seq, 0, 0
        delta = max(0, own.asked - own.nacks) * core.features.nack_penalty if own.asked else 1
        before = own.before if own.changed_at == self.run.queue.now else own.score
        due = min(max(before + delta, 0), core.awareness.max_multiplier - 1)
        if own.score != due:
            self.report(
                member,
                f"its health score went from {before} to {own.score} at a failed probe with {own.nacks} nacks"
                f" of {own.asked}; expected {due}",
            )
