"""Two members of one name: the others say who it is, and the minority goes (spec serf.md section 10)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.serf.asking import OpenQuery
from serfsim.protocol.serf.core import SerfCore


@mypyc_attr(allow_interpreted_subclasses=True)
class ConflictVote:
    """Counts the answers to a conflict query."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def is_lost(self, opened: OpenQuery, now: float) -> bool:
        """Do fewer than the majority know us by our name? Without any answer they do."""
        core = self.core
        own = core.record()
        answers: i64 = len(opened.answers)
        matching: i64 = 0
        for response in opened.answers.values():
            member = response.member
            if member is not None and member.address == own.address and member.port == own.port:
                matching += 1
        won = matching >= answers // 2 + 1
        event: i64 = events.CONFLICT_WON if won else events.CONFLICT_LOST
        core.runtime.notify(now, event, core.me, matching * 65536 + answers)
        return not won
