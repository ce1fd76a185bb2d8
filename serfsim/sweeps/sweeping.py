"""`serfsim.sweep(...)`: grid times seeds."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim.progress import runs_bar
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.sweeps.execution import run_all
from serfsim.sweeps.folder import begin, make_folder, write_tables
from serfsim.sweeps.grid import checked_grid, scenarios
from serfsim.sweeps.jobs import FAILED, Job, Outcome
from serfsim.sweeps.lock import locked
from serfsim.sweeps.seeds import checked_seeds
from serfsim.sweeps.store import Store
from serfsim.sweeps.table import table_of

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
) -> pd.DataFrame:
    """Run a scenario at every point of a grid with every seed.

    `scenario`: one in hand, or the name of a file. `grid`: {path: values} in the words of a scenario
    file, such as {"cluster.config.suspicion_mult": [2, 4, 6]}. `out`: a folder that keeps every finished
    run, in which the same call goes on after an interruption; without it nothing is kept. `workers`:
    processes, as many as there are processors unless given; 1 is this process itself. `scheduler`: the
    address of a Dask scheduler that has workers.

    Returns a row for each run, see `serfsim.sweeps.table`; a run that failed has `status` "failed" and
    its `error`. Raises SerfsimError before anything runs where scenario, grid or seeds cannot be used.
    """
    table, outcomes = carried_out(
        scenario if isinstance(scenario, Scenario) else load(scenario),
        checked_grid(grid),
        checked_seeds(seeds),
        None if out is None else Path(out),
        workers=workers,
        scheduler=scheduler,
        quiet=not progress,
    )
    failed = [outcome for outcome in outcomes if outcome.status == FAILED]
    if failed:
        warnings.warn(
            f"{len(failed)} of {len(outcomes)} runs failed, the first with: {failed[0].error}", stacklevel=2
        )
    return table


def carried_out(
    scenario: Scenario,
    grid: Mapping[str, list[Any]],
    seeds: list[int],
    folder: Path | None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
    lines: bool = False,
) -> tuple[pd.DataFrame, list[Outcome]]:
    """The table and what came of each run."""
    jobs = [Job(at, seed, point) for point, at in scenarios(scenario, grid) for seed in seeds]
    if folder is not None:
        make_folder(folder)
    with locked(folder) if folder is not None else nullcontext():
        kept = None if folder is None else begin(folder, scenario, grid, seeds)
        store = None if kept is None else Store(kept.folder)
        with runs_bar(scenario.name, len(jobs), quiet, lines) as tell:
            outcomes = run_all(
                jobs,
                workers=workers,
                scheduler=scheduler,
                store=store,
                on_done=lambda outcome: tell(failed=outcome.status == FAILED, found=outcome.found),
            )
        table = table_of(outcomes, list(grid)) if kept is None else write_tables(kept, outcomes)
    return table, outcomes
