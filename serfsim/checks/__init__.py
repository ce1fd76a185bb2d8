"""Invariants of a run: rules that hold whatever the scenario does, checked while it runs.

    result = serfsim.run(scenario, check=True)
    result.violations                       # a list of Violation; empty where all rules held

`CHECKERS` has a class for each rule by its name, one file for each concern. `RunChecks` shows them what
passes through a run's network, journal and machines (`taps`) without changing any of it: the digest of
a run is the same with and without checks. A run without checks has no taps.
"""

from serfsim.checks.calm import settle_time
from serfsim.checks.monitor import RunChecks, observe
from serfsim.checks.online import Checker, Observed
from serfsim.checks.rules import CHECKERS
from serfsim.results.violations import Violation, unexplained

__all__ = [
    "CHECKERS",
    "Checker",
    "Observed",
    "RunChecks",
    "Violation",
    "observe",
    "settle_time",
    "unexplained",
]
