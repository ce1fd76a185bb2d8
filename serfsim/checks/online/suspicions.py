"""Duration of suspicions."""

from __future__ import annotations

import math
from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.protocol.rules import STEP

ROUNDING_S: Final = 2e-6
TRUNCATION_S: Final = 1e-3  # the library rounds a shortened timeout down to milliseconds
LATE_S: Final = 5e-3
ENDS: Final = (events.SUSPECT_CLEARED, events.MEMBER_DEAD, events.MEMBER_LEFT, events.FORGOTTEN)


class Running:
    """A suspicion as its observer's events tell it; times on the observer's clock."""

    def __init__(self, began: float, nodes: int, life: int) -> None:
        self.began = began
        self.nodes = nodes
        self.life = life
        self.confirmations = 0
        self.confirmed = began


def timeouts(core: Core, nodes: int) -> tuple[float, float, int]:
    """Return the least and the longest timeout in seconds, and the confirmations in between (section 6)."""
    config = core.config
    if core.features.suspicion_growth == STEP:
        scale = float(math.ceil(math.log10(nodes + 1)))
    else:
        scale = math.floor(max(1.0, math.log10(max(nodes, 1))) * 1000.0) / 1000.0
    least = float(config.suspicion_mult) * scale * config.probe_interval
    wanted = config.suspicion_mult - 2
    if config.suspicion_confirmations >= 0:
        wanted = config.suspicion_confirmations
    if nodes - 2 < wanted or not config.lha_suspicion:
        wanted = 0
    longest = float(config.suspicion_max_timeout_mult) * least
    return least, longest if wanted > 0 else least, max(0, wanted)


def lasts(core: Core, nodes: int, confirmations: int) -> float:
    """Return the seconds that a suspicion lasts with so many confirmations."""
    least, longest, wanted = timeouts(core, nodes)
    if wanted == 0 or confirmations == 0:
        return longest
    share = math.log(confirmations + 1) / math.log(wanted + 1)
    return max(least, longest - share * (longest - least))


class SuspicionsTimed(Checker):
    """Compare the end of each suspicion with memberlist's formula for the members known at its beginning."""

    name = "suspicions_timed"
    rule = (
        "a suspicion that nobody ends lasts as long as memberlist's formula says for the members known and"
        " the confirmations heard, and no more confirmations count than the formula asks for"
    )
    events = (events.SUSPECT, events.SUSPECT_HEARD, events.CONFIRMED, events.SUSPICION_TIMEOUT, *ENDS)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._shares_names = bool(run.agents.roster.shared)
        self._running: dict[tuple[int, int], Running] = {}

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if self._shares_names:
            return
        pair = observer, subject
        if event == events.SUSPECT_HEARD or (event == events.SUSPECT and detail == 1):
            core = self.run.core(observer)
            if core is not None:
                self._running[pair] = Running(
                    self._clock(observer), int(core.members.count), self.run.life(observer)
                )
        elif event == events.CONFIRMED:
            known = self._running.get(pair)
            if known is not None:
                known.confirmations += 1
                known.confirmed = self._clock(observer)
        elif event == events.SUSPICION_TIMEOUT:
            known = self._running.pop(pair, None)
            if known is not None and known.life == self.run.life(observer):
                self._expired(observer, subject, known, detail)
        elif event in ENDS:
            self._running.pop(pair, None)

    def _clock(self, member: i64) -> float:
        return float(self.run.hosts[member].local(float(self.run.queue.now)))

    def _expired(self, observer: i64, subject: i64, known: Running, confirmations: int) -> None:
        core = self.run.core(observer)
        node = self.run.nodes[observer]
        if core is None or node is None or type(node.memberlist.states.rule) is not SuspicionRule:
            return
        _, _, wanted = timeouts(core, known.nodes)
        if confirmations != known.confirmations or confirmations > wanted:
            self.report(
                observer,
                f"held {self.run.name(subject)} for dead after {confirmations} confirmations; it heard"
                f" {known.confirmations}, and {wanted} count",
            )
            return
        lasted = self._clock(observer) - known.began
        due = max(lasts(core, known.nodes, confirmations), known.confirmed - known.began)
        if lasted < due - TRUNCATION_S - ROUNDING_S or (lasted > due + LATE_S and self._is_prompt(observer)):
            self.report(
                observer,
                f"held {self.run.name(subject)} for dead after {lasted:.4f} s of suspicion with"
                f" {confirmations} confirmations among {known.nodes} members; expected {due:.4f} s",
            )

    def _is_prompt(self, member: i64) -> bool:
        """Return whether the member's timers have never had to wait, as far as anybody can tell."""
        host = self.run.hosts[member]
        return not (host.is_slow or host.read_cost > 0.0 or host.stalled or self._may_wait())

    def _may_wait(self) -> bool:
        waiting = {"pause", "freeze", "slow", "stall", "clock"}
        return any(fault.verb in waiting for fault in self.run.scenario.faults)
