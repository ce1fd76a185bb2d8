"""The runs of a paper: one for each cell and seed, kept and resumed as those of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.atomic_files import create_folder
from serfsim.base.errors import SerfsimError
from serfsim.base.locking import hold_lock
from serfsim.base.progress import runs_bar
from serfsim.study.reproduction.cell import Cell, cell_of
from serfsim.study.reproduction.paper import Paper
from serfsim.study.reproduction.shelf import find_paper, paper_digest
from serfsim.study.sweeps.execution import check_workers, find_finished, run_all
from serfsim.study.sweeps.store import PARTS, Store
from serfsim.study.sweeps.worker import DONE, FAILED, Job, Outcome, Work

if TYPE_CHECKING:
    import pandas as pd

LOCK: Final = ".lock"
FUNCTION: Final = f"{__name__}:run_cell"
VARIED: Final = ("assumption", "alternative")  # columns of the sensitivity's rows


class Interrupted(KeyboardInterrupt):
    """A reproduction that was interrupted; `ended`: its finished runs."""

    def __init__(self, ended: list[Outcome], total: int, folder: Path | None) -> None:
        self.ended = ended
        done = sum(outcome.status == DONE for outcome in ended)
        kept = f"kept in {folder}; the same command resumes" if folder else "lost: no folder was given"
        super().__init__(f"interrupted: {done} of {total} runs are done and {kept}")


def run_cell(arguments: Mapping[str, Any], seed: int) -> Mapping[str, float]:
    """Carry out one run in a worker.

    Raises SerfsimError where the worker has another version of the paper.
    """
    name = arguments["paper"]
    if paper_digest(name) != arguments["code"]:
        raise SerfsimError(
            f"a worker has another version of the paper {name}: install the same on every worker"
        )
    return find_paper(name).run(cell_of(arguments["cell"]), seed)


def jobs_of(paper: Paper, cells: Sequence[Cell], seeds: Sequence[int]) -> list[Job]:
    """Return the runs in order: the first seed of all cells, then the next."""
    code = paper_digest(paper.name)
    work = {
        cell: Work(FUNCTION, {"paper": paper.name, "cell": cell.as_data(), "code": code}) for cell in cells
    }
    return [
        Job(work[cell], seed, parameters(cell))
        for number, seed in enumerate(seeds)
        for cell in cells
        if cell.most_seeds is None or number < cell.most_seeds
    ]


def parameters(cell: Cell) -> dict[str, Any]:
    """Return the factors of a cell and what it varies."""
    varied = cell.sensitivity or ("", "")
    return {**cell, **dict(zip(VARIED, varied, strict=True))}


def carry_out(
    name: str,
    jobs: Sequence[Job],
    folder: Path | None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
    lines: bool = False,
) -> list[Outcome]:
    """Carry out runs, see `run_all`; `folder` keeps each as it ends.

    Raises Interrupted with the finished runs.
    """
    check_workers(workers)
    if folder is not None:
        create_folder(folder)
    doing = "is carrying out a reproduction in it"
    with hold_lock(folder / LOCK, folder, doing) if folder is not None else nullcontext():
        store = None if folder is None else Store(folder)
        ended: list[Outcome] = []
        try:
            with runs_bar(name, len(jobs), quiet, lines) as tell:

                def on_done(outcome: Outcome) -> None:
                    ended.append(outcome)
                    tell(failed=outcome.status == FAILED, found=outcome.found)

                return run_all(jobs, workers=workers, scheduler=scheduler, store=store, on_done=on_done)
        except KeyboardInterrupt:
            raise Interrupted(ended, len(jobs), folder) from None


def finished(jobs: Sequence[Job], folder: Path) -> list[Outcome]:
    """Return the outcomes of the runs that a folder has, and carry out none.

    Raises SerfsimError where it has none of them.
    """
    kept = find_finished(jobs, Store(folder)) if (folder / PARTS).is_dir() else []
    if not kept:
        raise SerfsimError(f"{folder}: found no finished run of these; expected at least one")
    return kept


def rows_of(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return a row for each finished run: factors, VARIED, seed, cpu_s, then the figures."""
    # start-up: pandas is slow to import
    import pandas as pd

    done = [outcome for outcome in outcomes if outcome.status == DONE]
    factors = dict.fromkeys(name for one in done for name in one.job.parameters if name not in VARIED)
    figures = dict.fromkeys(name for one in done for name in one.row)
    if both := sorted(set(figures) & {*factors, *VARIED, "seed", "cpu_s"}):
        raise SerfsimError(f"a paper's run: found the figure '{both[0]}'; expected no name of a factor")
    columns: dict[str, Any] = {}
    for name in (*factors, *VARIED):
        columns[name] = [one.job.parameters.get(name) for one in done]
    columns["seed"] = [one.job.seed for one in done]
    columns["cpu_s"] = [one.cpu_s for one in done]
    for name in figures:
        columns[name] = pd.Series([one.row.get(name) for one in done], dtype="float64")
    return pd.DataFrame(columns)
