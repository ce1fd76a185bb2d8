"""Lamport clocks."""

from __future__ import annotations

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol.serf.application import RECEIVED, SENT
from serfsim.protocol.serf.messages import GossipedItem
from serfsim.protocol.serf.query_messages import Query

CLOCKS = ("intents", "user events", "queries")


class LamportGrows(Checker):
    """Read the three clocks of each process at each sample, and at what it sends and receives."""

    name = "lamport_grows"
    rule = (
        "a process's Lamport clocks never fall, each user event and query that it sends has a later time than"
        " the one before, and its clock is past all that it has received"
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._last: dict[int, tuple[int, tuple[int, ...]]] = {}  # life and clocks by member
        self._last_sent: dict[tuple[int, bool], tuple[int, int]] = {}  # life and time by member and kind

    def sampled(self) -> None:
        for number, node in self.run.running():
            clocks = (node.intents.clock.counter, node.user_events.clock.counter, node.queries.clock.counter)
            life = self.run.life(number)
            before = self._last.get(number)
            if before is not None and before[0] == life:
                for name, was, now in zip(CLOCKS, before[1], clocks, strict=True):
                    if now < was:
                        self.report(number, f"its clock of {name} fell from {was} to {now}")
            self._last[number] = life, clocks

    def delivered(self, member: i64, kind: i64, item: GossipedItem) -> None:
        is_query = isinstance(item, Query)
        if kind == SENT:
            life = self.run.life(member)
            before = self._last_sent.get((member, is_query))
            if before is not None and before[0] == life and item.ltime <= before[1]:
                self.report(member, f"sent {item.name!r} at Lamport time {item.ltime}, after {before[1]}")
            self._last_sent[member, is_query] = life, item.ltime
        elif kind == RECEIVED:
            node = self.run.nodes[member]
            if node is None:
                return
            clock = node.queries.clock if is_query else node.user_events.clock
            if clock.counter <= item.ltime:
                self.report(
                    member, f"received {item.name!r} of Lamport time {item.ltime} at clock {clock.counter}"
                )
