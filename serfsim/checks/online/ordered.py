"""Order of what a member believes of another: only news by incarnation changes a view."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import OVERFLOW, WRAP
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_NAMES, STATE_SUSPECT

FORGET = (events.FORGOTTEN, events.REAP)
ACCUSED = (events.SUSPECT, events.SUSPECT_HEARD)


class ViewsOrdered(Checker):
    """Compare the incarnation behind each change of a view with the one that it replaces."""

    name = "views_ordered"
    rule = (
        "in a view, suspect and dead replace alive at the same incarnation or a higher one, and alive"
        " replaces suspect, dead and left at a higher one only, unless the member moved to another address"
    )
    events = (*ACCUSED, *FORGET, events.SUSPECT_CLEARED, events.JOIN, events.MEMBER_DEAD, events.MEMBER_LEFT)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._shares_names = bool(run.agents.roster.shared)
        # By observer and subject: life of the observer, state, incarnation, address.
        self._known: dict[tuple[int, int], tuple[int, int, int, int]] = {}

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if event in ACCUSED:
            if event == events.SUSPECT and detail == 0:
                return
            self._changed(observer, subject, STATE_SUSPECT)
        elif event in (events.SUSPECT_CLEARED, events.JOIN):
            self._changed(observer, subject, STATE_ALIVE)
        elif event in (events.MEMBER_DEAD, events.MEMBER_LEFT):
            self._changed(observer, subject, STATE_DEAD)
        elif event in FORGET:
            self._known.pop((observer, subject), None)

    def _changed(self, observer: i64, subject: i64, state: int) -> None:
        core = self.run.core(observer)
        if core is None or self._shares_names or subject == observer:
            return
        members = core.members
        incarnation = int(members.incarnation(subject))
        address = int(members.record(subject).address)
        life, pair = self.run.life(observer), (observer, subject)
        known = self._known.get(pair)
        self._known[pair] = life, state, incarnation, address
        if known is None or known[0] != life or known[3] != address:
            return
        _, before, last, _ = known
        least = last if state != STATE_ALIVE or before == STATE_ALIVE else last + 1
        if incarnation < least:
            self.report(
                observer,
                f"took {self.run.name(subject)} for {STATE_NAMES[state]} at incarnation {incarnation}, which"
                f" was {STATE_NAMES[before]} at {last}",
                known=OVERFLOW if last - incarnation > WRAP else None,
            )
