"""Members that come back to life in a view, though their process is gone."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events

STALE = "D3 stale resurrection, spec/releases.md section 5"
LATE = "a refutation older than the crash, spec/memberlist.md section 4.1"


class DeadStayDead(Checker):
    """Look at each member that joins a view in which its present process, now gone, was dead or left."""

    name = "dead_stay_dead"
    rule = "a member whose process is gone is not alive again in a view that has dropped it"
    events = (events.MEMBER_DEAD, events.MEMBER_LEFT, events.SUSPECT, events.SUSPECT_HEARD, events.JOIN)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._shares_names = bool(run.agents.roster.shared)
        self._accused: dict[int, tuple[int, int]] = {}  # life and highest incarnation accused, by subject
        # By observer and subject: lives of both when the observer dropped the subject.
        self._dropped: dict[tuple[int, int], tuple[int, int]] = {}

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if event in (events.MEMBER_DEAD, events.MEMBER_LEFT):
            life = self.run.life(subject) if subject < self.run.n else 0
            self._dropped[observer, subject] = self.run.life(observer), life
            self._accuse(subject, life, detail)
        elif event in (events.SUSPECT, events.SUSPECT_HEARD):
            core = self.run.core(observer)
            if core is not None and subject < self.run.n:
                self._accuse(subject, self.run.life(subject), int(core.members.incarnation(subject)))
        elif event == events.JOIN:
            self._joined(observer, subject)

    def _accuse(self, subject: i64, life: int, incarnation: int) -> None:
        known = self._accused.get(subject)
        if known is None or known[0] != life or known[1] < incarnation:
            self._accused[subject] = life, incarnation

    def _joined(self, observer: i64, subject: i64) -> None:
        lives = self._dropped.pop((observer, subject), None)
        core = self.run.core(observer)
        if lives is None or core is None or subject >= self.run.n or self._shares_names:
            return
        if self.run.nodes[subject] is not None:
            return
        if lives != (self.run.life(observer), self.run.life(subject)):
            return
        incarnation = int(core.members.incarnation(subject))
        life, accused = self._accused.get(subject, (-1, -1))
        is_stale = life == lives[1] and accused >= incarnation
        self.report(
            observer,
            f"holds {self.run.name(subject)}, whose process is gone, for alive again at incarnation"
            f" {incarnation}; the highest accusation is of {accused}",
            known=STALE if is_stale else LATE,
        )
