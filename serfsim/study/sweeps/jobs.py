"""A run that is to be carried out, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from serfsim.scenario.model import Scenario

DONE: Final = "done"
FAILED: Final = "failed"


@dataclass(frozen=True)
class Job:
    """One run: a scenario and a seed. `parameters`: how the scenario came about, {path: value}."""

    scenario: Scenario
    seed: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    `run` is its key. `status` is "done", or "failed" with the one-line `error`; a failed run has no
    figures. `row` is {figure: value}, see `flat_figures`. `claims`: {claim, holds, value} each.
    `found`: a store had it from an earlier call.
    """

    job: Job
    run: str
    status: str
    error: str = ""
    row: Mapping[str, float] = field(default_factory=dict)
    digest: str = ""
    complete: bool = False
    claims: tuple[Mapping[str, Any], ...] = ()
    cpu_s: float = float("nan")
    wall_s: float = float("nan")
    found: bool = False

    @property
    def claims_failed(self) -> int:
        return sum(not claim["holds"] for claim in self.claims)
