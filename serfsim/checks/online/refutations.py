"""Refutations of accused members."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import OVERFLOW, WRAP
from serfsim.native import i64
from serfsim.protocol import events

REFUTED = (events.REFUTE_SUSPECT, events.REFUTE_DEAD, events.REFUTE_ALIVE)
ACCUSING = (events.SUSPECT, events.SUSPECT_HEARD, events.MEMBER_DEAD)


class RefutationsRise(Checker):
    """Compare each refutation with what its member said before, and with what its accuser believed."""

    name = "refutations_rise"
    rule = (
        "a refutation carries a higher incarnation than all that its process said before and than the"
        " accusation"
    )
    events = (*REFUTED, *ACCUSING)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._shares_names = bool(run.agents.roster.shared)
        self._last: dict[int, tuple[int, int]] = {}  # life and incarnation by member
        self._accused: dict[tuple[int, int], list[int]] = {}  # incarnations by accuser and subject

    def started(self, member: i64) -> None:
        self._last.pop(member, None)

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if event in ACCUSING:
            core = self.run.core(observer)
            if core is not None:
                self._accused.setdefault((observer, subject), []).append(
                    int(core.members.incarnation(subject))
                )
        elif event in REFUTED and not self._shares_names:
            self._refuted(observer, subject, detail)

    def _refuted(self, member: i64, accuser: int, incarnation: int) -> None:
        life, before = self.run.life(member), self._last.get(member)
        last = before[1] if before is not None and before[0] == life else -1
        self._last[member] = life, incarnation
        if incarnation <= last:
            known = OVERFLOW if incarnation == 0 or last - incarnation > WRAP else None
            self.report(member, f"refuted at incarnation {incarnation}, after {last}", known=known)
        if accuser == member:
            return  # a push/pull tells in a member's own name that it left, at the incarnation it knows
        accused = [one for one in self._accused.get((accuser, member), ()) if one >= last]
        if accused and incarnation <= min(accused):
            self.report(
                member,
                f"refuted at incarnation {incarnation} what {self.run.name(accuser)} said at {min(accused)}",
                known=OVERFLOW if incarnation == 0 or min(accused) - incarnation > WRAP else None,
            )
