"""Answers to queries, and the deadlines after which they no longer count."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol.serf.application import ACKED, ANSWERED, SENT
from serfsim.protocol.serf.messages import GossipedItem
from serfsim.protocol.serf.query_messages import Query

ROUNDING_S: Final = 1e-6


class AnswersInTime(Checker):
    """Compare the time of each ack and answer that a sender counts with the deadline of its query."""

    name = "answers_in_time"
    rule = "an ack or answer counts only until the query's deadline, on the clock of the member that asked"

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._deadlines: list[dict[int, float]] = [{} for _ in range(run.n)]  # by Lamport time

    def started(self, member: i64) -> None:
        self._deadlines[member] = {}

    def delivered(self, member: i64, kind: i64, item: GossipedItem) -> None:
        if kind not in (SENT, ACKED, ANSWERED) or not isinstance(item, Query):
            return
        now = self.run.hosts[member].local(self.run.queue.now)
        if kind == SENT:
            self._deadlines[member][item.ltime] = now + item.timeout
            return
        deadline = self._deadlines[member].get(item.ltime)
        if deadline is not None and now > deadline + ROUNDING_S:
            what = "ack" if kind == ACKED else "answer"
            self.report(
                member, f"counted an {what} to {item.name!r} {now - deadline:.3f} s after the deadline"
            )
