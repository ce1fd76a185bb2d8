"""`reproduce`: a paper's grid, or a slice of it, beside its published figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from serfsim.base.errors import SerfsimError
from serfsim.scenario.problems import found_expected, listed, quoted
from serfsim.study.reproduction.paper import RULES, Options, data_file
from serfsim.study.reproduction.result import Reproduction, write_folder, write_rows
from serfsim.study.reproduction.running import Interrupted, carry_out, finished, jobs_of, rows_of
from serfsim.study.reproduction.shelf import find_paper
from serfsim.study.reproduction.slices import cells_of, check_slice
from serfsim.study.sweeps.grid import check_seeds
from serfsim.topology.datasets import DATA_SETS, local_path


def reproduce(
    name: str,
    slice: Mapping[str, Any] | None = None,
    seeds: Iterable[int] | str | None = None,
    *,
    rules: str = "code",
    sensitivity: bool = False,
    run: bool = True,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
    lines: bool = False,
) -> Reproduction:
    """Run a paper's experiment and judge its claims.

    `slice`: {factor: value or values}, such as {"C": 16}; all by default. `seeds`: the paper's own by
    default. `rules`: "code" or "paper", as memberlist's code has it or as the paper describes it.
    `sensitivity`: run the alternatives of each assumption too. `run`: False to judge the runs that `out` has
    and carry out no other. `out`: a folder that keeps every finished run;
    the same call resumes from it. `workers`, `scheduler` and `progress` as in `sweep`.

    Raises SerfsimError before anything runs for an unknown paper, factor, value or rule, invalid seeds, and
    missing data.
    """
    paper = find_paper(name)
    if rules not in RULES:
        raise SerfsimError(f"rules: {found_expected(quoted(rules), listed(RULES))}")
    numbers = tuple(check_seeds(paper.seeds if seeds is None else seeds))
    every = paper.cells(Options(rules, seeds=numbers))
    chosen = check_slice(slice, every)
    options = Options(rules, chosen, numbers)
    cells = [cell for cell in cells_of(every, chosen) if sensitivity or cell.sensitivity is None]
    folder = None if out is None else Path(out)
    jobs = jobs_of(paper, cells, numbers)
    try:
        if run:
            check_data(paper.data)
            outcomes = carry_out(
                name,
                jobs,
                folder,
                workers=workers,
                scheduler=scheduler,
                quiet=not progress,
                lines=lines,
            )
        else:
            outcomes = finished(jobs, folder or Path())
    except Interrupted as interrupted:
        if folder is not None and interrupted.ended:
            write_rows(rows_of(interrupted.ended), folder)
        raise
    found = Reproduction(paper, options, rows_of(outcomes), outcomes)
    if folder is not None:
        write_rows(found.all_rows, folder)
        write_folder(found, folder)
    return found


def check_data(names: Iterable[str]) -> None:
    """Raise SerfsimError where a paper's data are missing: data sets by name, other files in SERFSIM_DATA."""
    for name in names:
        if name in DATA_SETS:
            if local_path(DATA_SETS[name]) is None:
                data_file(DATA_SETS[name].file)
        else:
            data_file(name)
