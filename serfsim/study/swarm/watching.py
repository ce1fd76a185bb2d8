"""A simulation under all checks that also counts the rows of transition tables that it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from serfsim.checks import CHECKERS, Checker, RunChecks
from serfsim.results.run_result import RunResult
from serfsim.simulation import Simulation
from serfsim.simulation.simulation import Progress
from serfsim.study.swarm import network_rows
from serfsim.study.swarm.rows import RowCounts, row_names


class RowChecks(RunChecks):
    """All checkers, and the observer of rows."""

    kinds: ClassVar[Sequence[type[Checker]]] = (*CHECKERS.values(), RowCounts)


class WatchedSimulation(Simulation):
    """A simulation whose rows are counted."""

    checks_class: ClassVar[type[RunChecks]] = RowChecks

    def run(self, progress: Progress | None = None) -> RunResult:
        """Run as `Simulation` does; interpreted, the network's rows are counted as well."""
        self.network_rows: Counter[str] = Counter()
        network_rows.count_into(self.network_rows if network_rows.install() else None)
        try:
            return super().run(progress)
        finally:
            network_rows.count_into(None)

    def rows(self) -> dict[str, int]:
        """Return {row: times taken} so far."""
        found = Counter(self.network_rows)
        for checker in self.checks.checkers if self.checks is not None else ():
            if isinstance(checker, RowCounts):
                found.update(checker.counts)
        known = set(row_names())
        return {row: count for row, count in sorted(found.items()) if row in known}
