"""`serfsim.sweep(...)`: grid times seeds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim.base.errors import SweepError
from serfsim.base.progress import runs_bar
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.library import find
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.own_code import code_given
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.sweeps.execution import check_workers, processes, run_all
from serfsim.study.sweeps.folder import begin, lock_folder, make_folder, write_tables
from serfsim.study.sweeps.grid import check_grid, check_seeds, check_topologies, grid_of, scenarios
from serfsim.study.sweeps.keys import own_code_of
from serfsim.study.sweeps.store import Store
from serfsim.study.sweeps.table import table_of
from serfsim.study.sweeps.worker import DONE, FAILED, Job, Outcome

if TYPE_CHECKING:
    import pandas as pd


def sweep(
    scenario: Scenario | str | Path,
    grid: Mapping[str, Iterable[Any]] | None = None,
    seeds: Iterable[int] | str = range(1, 21),
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
    allow_large: bool = False,
    allow_code: bool = False,
    parts: Mapping[str, type | str] | None = None,
    node_class: type | str | None = None,
    faults: Iterable[type | str] = (),
    figures: Iterable[Callable[[Any], Any] | str] = (),
) -> pd.DataFrame:
    """Run a scenario at every point of a grid with every seed.

    `scenario`: a Scenario, or the name of a file. `grid`: {path: values} as in a scenario file, such as
    {"cluster.config.suspicion_mult": [2, 4, 6]}; by default that of the scenario's own study. `out`: a folder
    that keeps every finished run; the same call resumes from it after an interruption. Without it nothing is
    kept. `workers`: processes, by default one per processor; 1 is this process itself. `scheduler`: the
    address of a Dask scheduler that has workers. `allow_large`: permit runs with an estimate above the
    budget.

    `parts`, `node_class`, `faults` and `figures`: code of your own, by object or by import path
    `"module:Name"`, added to the `code` of the scenario; a file that has a `code` needs `allow_code`. Workers
    get the text of the modules and need no file of them. Classes and functions of a script or a notebook are
    refused, since they have no module to import.

    Returns a row for each run, see `serfsim.study.sweeps.table`; a failed run has `status` "failed" and its
    `error`. Raises SerfsimError before anything runs where scenario, grid or seeds are invalid.
    """
    if not isinstance(scenario, (Scenario, str, Path)):
        raise SweepError(f"scenario: {found_expected(quoted(scenario), 'a Scenario, or the name of a file')}")
    code = code_given(parts, node_class, faults, figures)
    if isinstance(scenario, Scenario):
        given, files_from = scenario.with_code(code), Path()
    else:
        given, files_from = load(scenario, allow_code=allow_code, code=code), find(scenario).parent
    ended = run_sweep(
        given,
        check_grid(grid) if grid is not None else grid_of(given, {}),
        check_seeds(seeds),
        None if out is None else Path(out),
        files_from=files_from,
        workers=workers,
        scheduler=scheduler,
        quiet=not progress,
        allow_large=allow_large,
    )
    if ended.failed:
        first = ended.failed[0].error
        warnings.warn(
            f"{len(ended.failed)} of {len(ended.outcomes)} runs failed, the first with: {first}", stacklevel=2
        )
    return ended.table


@dataclass(frozen=True)
class Ended:
    """A finished sweep.

    `damaged`: damaged parts, whose runs were repeated.
    """

    table: pd.DataFrame
    outcomes: list[Outcome]
    damaged: list[Path]

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status == FAILED]


class SweepInterrupted(KeyboardInterrupt):
    """A sweep interrupted after `ended` of `total` runs; str() says how to resume."""

    def __init__(self, ended: int, total: int, folder: Path | None) -> None:
        self.ended, self.total = ended, total
        kept = f"kept in {folder}; the same command resumes" if folder else "lost: no folder was given"
        super().__init__(f"interrupted: {ended} of {total} runs are done and {kept}")


def run_sweep(
    scenario: Scenario,
    grid: Mapping[str, list[Any]],
    seeds: list[int],
    folder: Path | None,
    *,
    files_from: Path = Path(),
    workers: int | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
    lines: bool = False,
    allow_large: bool = False,
) -> Ended:
    """Run a complete sweep.

    `files_from`: the folder to which files in the grid are relative. Raises SweepInterrupted; the tables then
    hold the finished runs.
    """
    check_workers(workers)
    own_code_of([scenario])  # which a scenario that was only read to be looked at refuses
    planned = scenarios(scenario, grid, files_from)
    at_once = 1 if scheduler is not None else processes(workers, len(planned) * len(seeds))
    for point, at in planned:
        values = ", ".join(f"{path}={value}" for path, value in point.items())
        refuse_large(at, values or at.name, allowed=allow_large, at_once=at_once)
    check_topologies(planned, seeds[0])
    jobs = [Job(at, seed, point) for point, at in planned for seed in seeds]
    if folder is not None:
        make_folder(folder)
    with lock_folder(folder) if folder is not None else nullcontext():
        kept = None if folder is None else begin(folder, scenario, grid, seeds, [at for _, at in planned])
        store = None if kept is None else Store(kept.folder)
        ended: list[Outcome] = []
        try:
            with runs_bar(scenario.name, len(jobs), quiet, lines) as tell:

                def on_done(outcome: Outcome) -> None:
                    ended.append(outcome)
                    tell(failed=outcome.status == FAILED, found=outcome.found)

                outcomes = run_all(jobs, workers=workers, scheduler=scheduler, store=store, on_done=on_done)
        except BaseException as error:
            if kept is not None:
                write_tables(kept, _in_order(jobs, ended))
            if isinstance(error, KeyboardInterrupt):
                done = sum(outcome.status == DONE for outcome in ended)
                raise SweepInterrupted(done, len(jobs), folder) from None
            raise
        table = table_of(outcomes, list(grid)) if kept is None else write_tables(kept, outcomes)
    return Ended(table, outcomes, [] if store is None else store.damaged)


def _in_order(jobs: list[Job], ended: list[Outcome]) -> list[Outcome]:
    place = {id(job): number for number, job in enumerate(jobs)}
    return sorted(ended, key=lambda outcome: place[id(outcome.job)])
