"""A simulation under all checks that also counts the rows of transition tables that it takes."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from serfsim.checks import CHECKERS, RunChecks
from serfsim.simulation import Simulation
from serfsim.study.swarm.rows import RowCounts


class RowChecks(RunChecks):
    """All checkers, and the observer of rows."""

    def __init__(self) -> None:
        super().__init__((*CHECKERS.values(), RowCounts))


class WatchedSimulation(Simulation):
    """A simulation whose rows are counted."""

    checks_class: ClassVar[type[RunChecks]] = RowChecks

    def rows(self) -> dict[str, int]:
        """Return {row: times taken} so far."""
        found: Counter[str] = Counter()
        for checker in self.checks.checkers if self.checks is not None else ():
            if isinstance(checker, RowCounts):
                found.update(checker.counts)
        return dict(sorted(found.items()))
