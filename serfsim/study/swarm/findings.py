"""An examination of a scenario under all checks: its findings, and what it exercised.

A finding is a violated invariant, a scenario that was drawn but is not valid, an exception, or a run that
does not end. Its `rule` says which, and shrinking keeps it.
"""

from __future__ import annotations

import time
import traceback
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from serfsim.base.errors import ScenarioError, SerfsimError, SerfsimWarning
from serfsim.scenario.model import Scenario
from serfsim.study.swarm.drawing import Sections

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Recording

INVALID: Final = "invalid scenario"
ENDLESS: Final = "run does not end"
ERROR: Final = "error"
DIED: Final = "worker died"
FORMS: Final = "forms differ"
BUDGET_S: Final = 300.0  # CPU seconds of one run


class Finding(NamedTuple):
    """A violated `rule`, with a text; `known`: the documented behaviour of the real library that it is."""

    rule: str
    text: str
    member: str = ""
    at: float | None = None
    known: str = ""


class Examined(NamedTuple):
    """The outcome of a run. `coverage`: {kind: {name: count}}."""

    findings: tuple[Finding, ...]
    coverage: Mapping[str, Mapping[str, int]]
    digest: str = ""
    events: int = 0

    @property
    def rules(self) -> frozenset[str]:
        """The rules that were violated, other than by a known behaviour."""
        return frozenset(one.rule for one in self.findings if not one.known)


class _Endless(Exception):
    pass


def read(sections: Sections) -> Scenario:
    """Read drawn sections. Raises ScenarioError where they are not valid."""
    return Scenario(**sections)


def examine(sections: Sections, budget_s: float = BUDGET_S) -> Examined:
    """Run a scenario with all checks."""
    try:
        scenario = read(sections)
    except ScenarioError as error:
        return Examined((Finding(INVALID, str(error)),), {})
    try:
        return _run(scenario, budget_s)
    except _Endless:
        return Examined((Finding(ENDLESS, f"more than {budget_s:g} s of CPU time"),), _drawn(scenario))
    except SerfsimError as error:
        return Examined((Finding(f"{ERROR}: {type(error).__name__}", str(error)),), _drawn(scenario))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('serfsim/')[2]}, {place.name}"
        rule = f"{ERROR}: {type(error).__name__} in {where}"
        return Examined((Finding(rule, f"{error} (line {place.lineno})"),), _drawn(scenario))


def _run(scenario: Scenario, budget_s: float) -> Examined:
    # start-up: it imports numpy and simpy
    from serfsim.study.swarm.watching import WatchedSimulation

    began = time.process_time()

    def watch(share: float) -> None:
        if time.process_time() - began > budget_s:
            raise _Endless

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SerfsimWarning)
        simulation = WatchedSimulation(scenario, check=True)
        result = simulation.run_whole(watch)
    found = tuple(
        Finding(one.rule, str(one), one.member, one.at, one.known or "") for one in result.violations
    )
    assert result.recording is not None
    coverage = {**_drawn(scenario), "message": _messages(result.recording)}
    coverage["row"] = simulation.rows()
    return Examined(found, coverage, result.summary["digest"], result.summary["events_processed"])


def _drawn(scenario: Scenario) -> dict[str, dict[str, int]]:
    """Count what a scenario has: verbs and releases."""
    members = scenario.roster().members
    return {
        "fault": dict(Counter(fault.verb for fault in scenario.faults)),
        "workload": dict(Counter(work.verb for work in scenario.workload)),
        "release": dict(Counter(member.version for member in members)),
    }


def _messages(recording: Recording) -> dict[str, int]:
    """Count the messages sent, by transport and type, from the first start on."""
    # start-up: it imports numpy
    from serfsim.results.scoring.traffic import is_type

    table = recording.traffic_counts
    sums = zip(table.columns, table.values.sum(axis=0).tolist(), strict=True)
    return {column: count for column, count in sums if count and is_type(column)}
