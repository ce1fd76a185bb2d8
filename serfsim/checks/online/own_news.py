"""A member's news of itself."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol import events


class OwnNewsTold(Checker):
    """Look at a process's view of itself, and into its queue when it has refuted."""

    name = "own_news_told"
    rule = (
        "a process holds itself for left when it leaves and never for dead, a refutation waits in its queue"
        " to be gossiped, and only a newer incarnation ends a suspicion"
    )
    events = (
        *(events.REFUTE_SUSPECT, events.REFUTE_DEAD, events.REFUTE_ALIVE, events.MEMBER_DEAD),
        *(events.SUSPECT, events.SUSPECT_HEARD, events.SUSPECT_CLEARED),
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._suspected: dict[tuple[int, int], int] = {}  # incarnation, by observer and subject

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        core = self.run.core(observer)
        if core is None:
            return
        if event == events.MEMBER_DEAD:
            if observer == subject and core.features.left_state:
                self.report(observer, "holds itself for dead as it leaves")
        elif event in (events.SUSPECT, events.SUSPECT_HEARD):
            self._suspected[observer, subject] = int(core.members.incarnation(subject))
        elif event == events.SUSPECT_CLEARED:
            before = self._suspected.get((observer, subject), -1)
            if detail <= before:
                name = self.run.name(subject)
                self.report(observer, f"trusts {name} at incarnation {detail}, suspected at {before}")
        elif core.broadcasts.depth == 0:
            self.report(observer, f"refuted at incarnation {detail}, and gossips nothing")
