"""Incarnations of members, in their own process and in the views of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from serfsim.checks.online import Checker, Observed
from serfsim.checks.online.words import OVERFLOW, WRAP
from serfsim.protocol import events
from serfsim.protocol.memberlist.members import UNKNOWN, Members

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Integers

MOST_PAIRS: Final = 2_000_000  # whose incarnations are kept


def view_keys(members: Members) -> Integers:
    """Return a view's packed incarnations and states, incarnation * 4 + state or -1, by member."""
    packed: Any = members.keys
    keys = np.frombuffer(packed, dtype=np.int64).copy() if len(packed) else np.zeros(0, dtype=np.int64)
    if members.changes is not None:
        for node in members.changes.nodes():
            keys[node] = members.changes.find(node)
    return keys


class IncarnationsGrow(Checker):
    """Compare the incarnations of all views, or of some in a large cluster, with those of the last sample."""

    name = "incarnations_grow"
    rule = (
        "the incarnation of a member never falls while its process runs, nor in the view of another process"
        " that has not forgotten the member"
    )

    events = (events.FORGOTTEN,)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        step = max(1, -(-run.n * run.n // MOST_PAIRS))
        self._observers = set(range(0, run.n, step))
        self._last: dict[int, tuple[int, Integers]] = {}
        self._packed: dict[int, tuple[int, bytes]] = {}  # the same as bytes, by which most views are equal
        self._own: dict[int, tuple[int, int]] = {}

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        last = self._last.get(observer)
        self._packed.pop(observer, None)
        if last is not None and 0 <= subject < len(last[1]):
            last[1][subject] = UNKNOWN

    def sampled(self) -> None:
        for number, node in self.run.running():
            core, life = node.memberlist.core, self.run.life(number)
            own, before = int(core.incarnation), self._own.get(number)
            if before is not None and before[0] == life and own < before[1]:
                known = OVERFLOW if own == 0 or before[1] - own > WRAP else None
                self.report(number, f"its own incarnation fell from {before[1]} to {own}", known=known)
            self._own[number] = life, own
            if number in self._observers:
                self._compare(number, life, core.members)

    def _compare(self, number: int, life: int, members: Members) -> None:
        packed: Any = members.keys
        seen = life, bytes(packed)
        if members.changes is None and self._packed.get(number) == seen:
            return
        self._packed[number] = seen
        keys = view_keys(members)
        before = self._last.get(number)
        self._last[number] = life, keys
        if before is None or before[0] != life:
            return
        old = before[1]
        new = keys[: len(old)]
        fell = (new >> 2 < old >> 2) & (new != UNKNOWN) & (new >> 2 > 0)
        for subject in np.flatnonzero(fell).tolist():
            moved = members.record(subject) is not self.run.agents.directory.first[subject]
            if subject != number and not moved:
                was, now = int(old[subject]) >> 2, int(new[subject]) >> 2
                self.report(
                    number, f"its view of {self.run.name(subject)} fell from incarnation {was} to {now}"
                )
