"""`serfsim reproduce NAME`: a paper's figures beside ours, with verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import SerfsimError
from serfsim.cli import codes
from serfsim.cli.sweep import MOST_FAILURES, Scheduler, Workers

if TYPE_CHECKING:
    from serfsim.study.reproduction import Reproduction

STYLES = {"fails": "bold red"}


def reproduce(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A paper; --list names them.")] = None,
    list_papers: Annotated[
        bool, typer.Option("--list", help="List the papers, each with its question.")
    ] = False,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="K=V", help="Only cells with this value, such as C=16; may repeat."),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="SEEDS", help="Such as 1-10; default: the paper's number of runs.")
    ] = None,
    rules: Annotated[
        str, typer.Option("--as", metavar="code|paper", help="Rules of memberlist's code, or of the paper.")
    ] = "code",
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Run the alternatives of every assumption too.")
    ] = False,
    finished: Annotated[
        bool, typer.Option("--finished", help="Judge the runs that DIR has, and run nothing.")
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Result folder; default: results/NAME-reproduced.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the page as DIR/NAME.md with its images.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Record the verdicts that hold, in the paper's held.json.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Run a paper's experiments and compare its published figures with ours.

    Every finished run is kept in DIR: the same command resumes where it stopped.
    DIR has the rows of all runs, verdicts, tables, plots and a page, report.html.

    Example: serfsim reproduce lifeguard --slice C=16 --seeds 1-10

    Exit code 0: fine; 1: a verdict that held before fails, or a run failed; 130: interrupted.
    """
    # start-up: the help works without these
    from serfsim.study.reproduction.reproducing import reproduce as run
    from serfsim.study.reproduction.result import write_docs
    from serfsim.study.reproduction.slices import read_slice

    if list_papers:
        _print_papers()
        return
    if name is None:
        raise SerfsimError("NAME: found nothing; expected a paper, see: serfsim reproduce --list")
    folder = Path("results") / f"{name}-reproduced" if out is None else out
    found = run(
        name,
        read_slice(slices or ()),
        seeds,
        rules=rules,
        sensitivity=sensitivity,
        run=not finished,
        out=folder,
        workers=workers,
        scheduler=scheduler,
        progress=not quiet,
        lines=True,
    )
    if docs is not None:
        write_docs(found, docs)
    if not quiet:
        _print_verdicts(found)
    _say_what_went_wrong(found)
    earlier = sum(outcome.found for outcome in found.outcomes)
    typer.echo(f"result: {folder}")
    typer.echo(f"runs: {len(found.all_rows)} done ({earlier} of them earlier), {len(found.failed)} failed")
    raise typer.Exit(_code(found, accept))


def _code(found: Reproduction, accept: bool) -> int:
    """Return the exit code; record the verdicts that hold where that is asked for."""
    # start-up: the help works without these
    from serfsim.study.reproduction.held import accept as accept_verdicts
    from serfsim.study.reproduction.shelf import paper_folder

    if found.failed:
        return codes.RUN_FAILED
    if accept:
        typer.echo(
            f"recorded: {accept_verdicts(paper_folder(found.paper.name), found.options, found.judged)}"
        )
        return codes.FINE
    return codes.REGRESSION if found.lost else codes.FINE


def _print_papers() -> None:
    # start-up: the help works without it
    from serfsim.study.reproduction.shelf import find_paper, paper_folders

    table = Table(box=None, pad_edge=False, show_header=False)
    for name in paper_folders():
        paper = find_paper(name)
        table.add_row(escape(name), escape(paper.question), escape(paper.citation))
    Console().print(table)


def _print_verdicts(found: Reproduction) -> None:
    # start-up: the help works without it
    from serfsim.study.reproduction.words import (
        VERDICT_COLUMNS,
        answer_text,
        judged_verdicts,
        verdict_cells,
    )

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in VERDICT_COLUMNS:
        table.add_column(column)
    for one in judged_verdicts(found):  # the count of others is below, the page has the reasons
        table.add_row(*map(escape, verdict_cells(one)), style=STYLES.get(one.outcome, ""))
    Console().print(table)
    typer.echo(answer_text(found))


def _say_what_went_wrong(found: Reproduction) -> None:
    """Name on standard error failed runs and lost verdicts."""
    for outcome in found.failed[:MOST_FAILURES]:
        cell = " ".join(f"{key}={value}" for key, value in outcome.job.parameters.items() if value != "")
        typer.echo(f"failed: {cell} seed {outcome.job.seed}: {outcome.error}", err=True)
    if len(found.failed) > MOST_FAILURES:
        typer.echo(f"failed: {len(found.failed) - MOST_FAILURES} more", err=True)
    for verdict in found.lost:
        typer.echo(f"{verdict.id} held before and fails now: {verdict.claim}", err=True)
