"""`serfsim.branch(...)`: a run continued from its state at a time, again and again, with fresh chance."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import SerfsimError, SweepError
from serfsim.base.progress import runs_bar
from serfsim.results.run_result import RunResult, StoredScenario
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.speed import PURE, is_compiled
from serfsim.study.branching.shares import AT, Share, shares_of
from serfsim.study.sweeps.execution import check_workers, outcome_of, processes
from serfsim.study.sweeps.folder import begin, lock_folder, make_folder, write_tables
from serfsim.study.sweeps.keys import run_key, scenario_text
from serfsim.study.sweeps.pools import ONE_THREAD
from serfsim.study.sweeps.store import Store
from serfsim.study.sweeps.sweeping import SweepInterrupted
from serfsim.study.sweeps.table import table_of
from serfsim.study.sweeps.worker import FAILED, Job, Outcome

if TYPE_CHECKING:
    import pandas as pd

MOST_TIMES: Final = 10_000
USUAL_CLAIM: Final = "detection.false_positives == 0"  # of a scenario without claims


@dataclass(frozen=True)
class Branched:
    """Branches of one run. `table` has a row for each, `shares` the claims at each time."""

    name: str
    table: pd.DataFrame
    outcomes: list[Outcome]
    shares: list[Share]

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status == FAILED]


def branch(
    result: RunResult | str | Path,
    at: float | Iterable[float],
    seeds: int = 200,
    *,
    claims: Iterable[str] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
    allow_code: bool = False,
) -> pd.DataFrame:
    """Continue a run from its state at one or more times, `seeds` times with fresh random streams.

    `result`: a result or its folder. `at`: seconds since the end of the warm-up, within the run. `out`: a
    folder that keeps every finished branch; the same call resumes from it. `workers`: branches at once, by
    default one per processor.

    Returns a sweep's table, a row for each branch: `at`, then `seed`, the branch's number. Branch 0 is the
    run itself and has its digest. `branching.shares_of` has the shares of the claims. Raises SerfsimError for
    a time outside the run, for a result that this version does not reproduce, and where the system cannot
    fork processes.
    """
    opened = result if isinstance(result, RunResult) else RunResult.open(result)
    times = [at] if isinstance(at, (int, float)) else list(at)
    folder = None if out is None else Path(out)
    return run_branches(
        opened,
        times,
        seeds,
        claims=claims,
        folder=folder,
        workers=workers,
        quiet=not progress,
        allow_code=allow_code,
    ).table


def run_branches(
    result: RunResult,
    times: Sequence[float],
    seeds: int,
    *,
    claims: Iterable[str] = (),
    folder: Path | None = None,
    workers: int | None = None,
    quiet: bool = False,
    allow_code: bool = False,
    confidence: float = 0.95,
) -> Branched:
    """Carry out `branch`, and return the shares of the claims too.

    `claims`: those asked about, by default the scenario's own. Raises SweepInterrupted.
    """
    if not hasattr(os, "fork"):
        raise SweepError("a branch needs a system that forks processes: Linux or macOS")
    check_workers(workers)
    scenario = _scenario(result, allow_code)
    texts = list(claims) or [claim.text for claim in scenario.claims] or [USUAL_CLAIM]
    asked = scenario.with_settings({"claims": texts}).claims
    times = _times(times, scenario.duration)
    if not isinstance(seeds, Integral) or seeds < 1:
        raise SweepError(f"seeds: {found_expected(quoted(seeds), 'a number of branches, at least 1')}")
    jobs = [Job(scenario, number, {AT: at}) for at in times for number in range(seeds + 1)]
    if folder is not None:
        make_folder(folder)
    with lock_folder(folder) if folder is not None else nullcontext():
        kept = None
        if folder is not None:
            _refuse_another_seed(folder, scenario)
            kept = begin(folder, scenario, {AT: times}, list(range(seeds + 1)))
        store = None if kept is None else Store(kept.folder)
        ended: dict[tuple[float, int], Outcome] = {}
        with runs_bar(f"{scenario.name}, branches", len(jobs), quiet, lines=True) as tell:

            def on_done(outcome: Outcome) -> None:
                ended[outcome.job.parameters[AT], outcome.job.seed] = outcome
                tell(failed=outcome.status == FAILED, found=outcome.found)

            try:
                _carry_out(
                    scenario, jobs, store, on_done, processes(workers, len(jobs)), result.summary["digest"]
                )
            except KeyboardInterrupt:
                if kept is not None:
                    write_tables(kept, [ended[job] for job in _places(jobs) if job in ended])
                raise SweepInterrupted(len(ended), len(jobs), folder) from None
        outcomes = [ended[place] for place in _places(jobs)]
        table = table_of(outcomes, [AT]) if kept is None else write_tables(kept, outcomes)
    return Branched(scenario.name, table, outcomes, shares_of(outcomes, asked, confidence))


def _places(jobs: Iterable[Job]) -> Iterator[tuple[float, int]]:
    return ((job.parameters[AT], job.seed) for job in jobs)


def _scenario(result: RunResult, allow_code: bool) -> Scenario:
    """Return the scenario of the run, with the run's seed."""
    stored = result.scenario
    scenario = loads(stored.text, allow_code=allow_code) if isinstance(stored, StoredScenario) else stored
    if not result.summary["complete"]:
        raise SweepError(f"{scenario.name}: the run was interrupted; branches need a whole run")
    own = result.summary["versions"].keys() & {"node_class", "parts"}
    if own and scenario.code is None:
        raise SweepError(
            f"{scenario.name}: the run used code given from Python ({', '.join(sorted(own))}); name it in the"
            " scenario's `code`, so that other processes find it"
        )
    return scenario.with_settings({"seed": result.summary["seed"]})


def _times(times: Iterable[float], duration: float) -> list[float]:
    found = sorted({float(at) for at in times})
    if not found or len(found) > MOST_TIMES:
        raise SweepError(f"at: {found_expected(f'{len(found)} times', f'1 to {MOST_TIMES:,} times')}")
    expected = f"a time within the run, from 0 to less than {duration:g} s"
    for at in found:
        if not (math.isfinite(at) and 0.0 <= at < duration):
            raise SweepError(f"at: {found_expected(f'{at:g} s', expected)}")
    return found


def _refuse_another_seed(folder: Path, scenario: Scenario) -> None:
    """Refuse a folder with the branches of another run of the same scenario."""
    file = folder / "scenario.yaml"
    if not file.is_file():
        return
    kept = loads(file.read_text(encoding="utf-8"), kept=True)
    if kept.seed != scenario.seed:
        raise SweepError(
            f"{folder}: its branches are of the run with seed {kept.seed}, this run has {scenario.seed};"
            " choose another folder"
        )


def _carry_out(
    scenario: Scenario,
    jobs: Sequence[Job],
    store: Store | None,
    on_done: Callable[[Outcome], None],
    at_once: int,
    digest: str,
) -> None:
    text, seed = scenario_text(scenario), scenario.seed
    waiting: dict[tuple[float, int], tuple[Job, str]] = {}
    for job, place in zip(jobs, _places(jobs), strict=True):
        key = run_key(text, job.seed, {**job.parameters, "of": seed})
        found = None if store is None else store.find(job, key)
        if found is None:
            waiting[place] = (job, key)
        else:
            on_done(found)
    if not waiting:
        return
    plan: dict[float, list[int]] = {}
    for at, number in waiting:
        plan.setdefault(at, []).append(number)
    request = {"text": text, "seed": seed, "plan": list(plan.items()), "at_once": at_once}
    with _trunk(request) as lines:
        for line in lines:
            read = json.loads(line)
            if AT not in read:
                raise SerfsimError(read["answer"]["error"])
            job, key = waiting.pop((read[AT], read["branch"]))
            outcome = outcome_of(job, key, read["answer"])
            if job.seed == 0 and outcome.digest != digest and outcome.status != FAILED:
                raise SweepError(
                    f"{scenario.name}: this version of serfsim makes another run of it (digest"
                    f" {outcome.digest[:12]}, stored {digest[:12]}); run it anew"
                )
            if store is not None:
                store.keep(outcome)
            on_done(outcome)
    for job, key in waiting.values():
        on_done(Outcome(job, key, FAILED, "the process that simulates the run died"))


@contextmanager
def _trunk(request: Mapping[str, Any]) -> Iterator[Iterator[str]]:
    """Start the process of `trunk` with a request, and yield the lines of its answers."""
    form = {} if is_compiled() else {PURE: "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "serfsim.study.branching.trunk"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD, **form},
        start_new_session=True,  # Ctrl-C comes to this process alone, which ends the other
        text=True,
        encoding="utf-8",
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        yield iter(process.stdout)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()
