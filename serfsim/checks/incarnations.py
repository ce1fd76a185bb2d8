"""Incarnations of members, in their own process and in the views of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from serfsim.checks.checker import Checker, Observed
from serfsim.protocol.memberlist.members import UNKNOWN

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Integers

MOST_PAIRS: Final = 2_000_000  # whose incarnations are kept
WRAP: Final = 1 << 31  # a fall of more than that is a wrap
OVERFLOW = "D4 incarnation overflow, spec/releases.md section 5"


def view_keys(members: Any) -> Integers:
    """Return a view's packed incarnations and states, incarnation * 4 + state or -1, by member."""
    keys = np.frombuffer(members.keys, dtype=np.int64) if len(members.keys) else np.zeros(0, dtype=np.int64)
    keys = keys.copy()
    if members.changes is not None:
        for node in members.changes.nodes():
            keys[node] = members.changes.find(node)
    return keys


class IncarnationsGrow(Checker):
    """Compare the incarnations of all views, or of some in a large cluster, with those of the last sample."""

    name = "incarnations_grow"
    rule = (
        "the incarnation of a member never falls while its process runs, nor in the view of another process"
        " that has not forgotten the member, and no view has one that the member has not reached"
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        step = max(1, -(-run.n * run.n // MOST_PAIRS))
        self._observers = set(range(0, run.n, step))
        self._last: dict[int, tuple[int, Integers]] = {}
        self._own: dict[int, tuple[int, int]] = {}

    def sampled(self) -> None:
        for number, node in self.run.running():
            core, life = node.memberlist.core, self.run.life(number)
            own, before = int(core.incarnation), self._own.get(number)
            if before is not None and before[0] == life and own < before[1]:
                known = OVERFLOW if before[1] - own > WRAP else None
                self.report(number, f"its own incarnation fell from {before[1]} to {own}", known=known)
            self._own[number] = life, own
            if number in self._observers:
                self._compare(number, life, view_keys(core.members))

    def _compare(self, number: int, life: int, keys: Integers) -> None:
        before = self._last.get(number)
        self._last[number] = life, keys
        if before is None or before[0] != life:
            return
        old = before[1]
        new = keys[: len(old)]
        fell = (new >> 2 < old >> 2) & (new != UNKNOWN) & (new >> 2 > 0)
        for subject in np.flatnonzero(fell).tolist():
            if subject != number:
                was, now = int(old[subject]) >> 2, int(new[subject]) >> 2
                self.report(
                    number, f"its view of {self.run.name(subject)} fell from incarnation {was} to {now}"
                )
