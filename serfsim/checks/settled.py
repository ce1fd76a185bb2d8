"""Views of a cluster that has settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serfsim.checks.calm import FOREVER, Calm, settle_time
from serfsim.checks.online import Checker, Observed
from serfsim.checks.online.words import OVERFLOW, WRAP
from serfsim.protocol import events
from serfsim.protocol.memberlist.members import STATE_NAMES, STATE_SUSPECT

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Recording

RESTART = "D2 mass restart, spec/releases.md section 5"


class ViewsSettled(Checker):
    """Compare all views with the truth at the end of a run, if it has been calm for long enough."""

    name = "views_settled"
    rule = (
        "once all faults are over and the settle time has passed, every running member that can know another"
        " has it in view as long as it runs"
    )
    events = (events.REAP,)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._reaped: set[tuple[int, int]] = set()

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        if event == events.REAP:
            self._reaped.add((observer, subject))

    def finished(self, recording: Recording) -> None:
        calm = Calm(self.run, recording)
        if calm.last + settle_time(self.run.scenario) > calm.end or not calm.is_peaceful:
            return
        if not calm.is_sound() or self._is_limited():
            return
        end = calm.end
        running = {
            member: node
            for member, node in self.run.running()
            if not any(span.end == FOREVER for span in recording.truth.faulted[member])
        }
        for observer, node in running.items():
            for subject, other in running.items():
                if subject != observer and (observer, subject) not in self._reaped:
                    self._compare(observer, node, subject, other, running, end)

    def _is_limited(self) -> bool:
        """Return whether some member's settings keep it from learning what others know."""
        return any(
            member.config.push_pull_interval <= 0.0
            or member.config.reconnect_interval <= 0.0
            or member.config.probe_interval <= 0.0
            or member.config.gossip_interval <= 0.0
            or member.merge is not None
            for member in self.run.agents.members
        )

    def _compare(
        self, observer: int, node: Any, subject: int, other: Any, running: dict[int, Any], end: float
    ) -> None:
        key = int(node.memberlist.core.members.key(subject))
        if key >= 0 and key & 3 <= STATE_SUSPECT:
            return
        if key < 0 and not self._hears_of(node, observer, subject, running):
            return
        own = int(other.memberlist.core.incarnation)
        known = None
        if key >= 0 and (key >> 2) - own > WRAP:
            known = OVERFLOW
        elif key >= 0 and key >> 2 >= own and self.run.life(subject) > 1:
            known = RESTART
        held = "does not know" if key < 0 else f"holds for {STATE_NAMES[key & 3]} at incarnation {key >> 2}"
        self.report(
            observer,
            f"{held} {self.run.name(subject)}, which runs at incarnation {own}",
            at=end,
            known=known,
        )

    def _hears_of(self, node: Any, observer: int, subject: int, running: dict[int, Any]) -> bool:
        """Return whether a member in the observer's view, and it in that member's, knows the subject."""
        for third, theirs in running.items():
            if third in (observer, subject):
                continue
            mine, their = node.memberlist.core.members, theirs.memberlist.core.members
            if all(
                key >= 0 and key & 3 <= STATE_SUSPECT
                for key in (mine.key(third), their.key(observer), their.key(subject))
            ):
                return True
        return False
