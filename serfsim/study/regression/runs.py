"""The runs of one scenario as a baseline keeps them: digest and figures of each seed.

Figures are rounded to DIGITS significant digits: enough for any comparison of distributions, and small files.
New runs are rounded the same way, so a run compares equal to itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from serfsim.scenario.figures import BY_TYPE, FIGURES
from serfsim.study.sweeps.execution import run_all
from serfsim.study.sweeps.worker import DONE, Job

if TYPE_CHECKING:
    from serfsim.scenario.model import Scenario
    from serfsim.study.sweeps.execution import OnDone
    from serfsim.study.sweeps.store import Store
    from serfsim.study.sweeps.worker import Outcome

Floats = NDArray[np.float64]
DIGITS: Final = 6
SEEDS: Final = "1-30"  # where nobody names any
CLAIMS_FAILED: Final = "claims_failed"


@dataclass(frozen=True)
class Runs:
    """Runs by ascending seed.

    `figures`: {name: (runs,)}, NaN where a run lacks the figure. `failed_claims`: {claim: number of runs it
    failed in}; a baseline keeps only the count per run, as the figure claims_failed.
    """

    seeds: tuple[int, ...]
    digests: tuple[str, ...]
    figures: Mapping[str, Floats]
    failed_claims: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest_of(self) -> dict[int, str]:
        """The digest of each seed."""
        return dict(zip(self.seeds, self.digests, strict=True))

    def values(self, name: str) -> Floats:
        """Return the values of a figure; a message type that no run sent has zeros."""
        if name in self.figures:
            return self.figures[name]
        return np.full(len(self.seeds), 0.0 if name.startswith(BY_TYPE) else math.nan)


@dataclass(frozen=True)
class Failure:
    """A run that failed, and its error."""

    scenario: str
    seed: int
    error: str


def runs_from(rows: Iterable[tuple[int, str, Mapping[str, float]]]) -> Runs:
    """Build runs from (seed, digest, {figure: value}) in any order."""
    ordered = sorted(rows, key=lambda row: row[0])
    known = {name for _, _, figures in ordered for name in figures}
    names = [name for name in (CLAIMS_FAILED, *FIGURES) if name in known]
    names += sorted(known - set(names))
    columns = {name: np.array([_round_figure(name, row) for _, _, row in ordered]) for name in names}
    return Runs(tuple(seed for seed, _, _ in ordered), tuple(digest for _, digest, _ in ordered), columns)


def _round_figure(name: str, figures: Mapping[str, float]) -> float:
    return float(f"{figures.get(name, 0.0 if name.startswith(BY_TYPE) else math.nan):.{DIGITS}g}")


def run_scenarios(
    scenarios: Mapping[str, Scenario],
    seeds: Mapping[str, Sequence[int]],
    workers: int | None = None,
    on_done: OnDone | None = None,
    store: Store | None = None,
) -> tuple[dict[str, Runs], list[Failure]]:
    """Run each scenario with its seeds, and return the runs and the failures; see `run_all`."""
    jobs = [Job(scenario, seed) for name, scenario in scenarios.items() for seed in seeds[name]]
    outcomes = run_all(jobs, workers=workers, store=store, on_done=on_done)
    names = [name for name in scenarios for _ in seeds[name]]
    rows: dict[str, list[tuple[int, str, Mapping[str, float]]]] = {name: [] for name in scenarios}
    failed: dict[str, Counter[str]] = {name: Counter() for name in scenarios}
    failures = []
    for name, outcome in zip(names, outcomes, strict=True):
        if outcome.status == DONE:
            rows[name].append(_row(outcome))
            failed[name].update(claim["claim"] for claim in outcome.claims if not claim["holds"])
        else:
            failures.append(Failure(name, outcome.job.seed, outcome.error))
    found = {name: runs_from(those) for name, those in rows.items()}
    return {name: replace(runs, failed_claims=failed[name]) for name, runs in found.items()}, failures


def _row(outcome: Outcome) -> tuple[int, str, dict[str, Any]]:
    return outcome.job.seed, outcome.digest, {CLAIMS_FAILED: float(outcome.claims_failed), **outcome.row}
