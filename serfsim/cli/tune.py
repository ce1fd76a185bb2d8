"""`serfsim tune FILE|SWEEP`: the best setting that keeps given constraints."""

from __future__ import annotations

import warnings
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import SerfsimError
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode, AllowLarge
from serfsim.cli.confidence import confidence_of
from serfsim.cli.names import break_name
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario

if TYPE_CHECKING:
    from serfsim.study.tuning import Tuning


NAME, GOAL, VERDICT = 16, 12, 9  # minimum widths of the columns for names, intervals and words

Grid = Annotated[
    list[str] | None,
    typer.Option("--grid", metavar="PATH=V1,V2,...", help="Values to try; several give all combinations."),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--subject-to",
        metavar="CONSTRAINT",
        help="Such as 'detection.false_positives_at_healthy.p95 == 0', p95 over seeds; may be repeated.",
    ),
]
Judge = Annotated[
    str,
    typer.Option(
        "--judge",
        metavar="HOW",
        help="together: no setting is wrongly called satisfied, at that confidence;"
        " in-order: the grid's first values are the safest; each: every setting by itself.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the file; may be repeated."),
]


def tune(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Scenario (file or name), or folder of a sweep.")
    ],
    grid: Grid = None,
    subject_to: Constraints = None,
    minimize: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Such as detection.full_s.p99, its mean over seeds.")
    ] = None,
    maximize: Annotated[str | None, typer.Option(metavar="FIGURE", help="Instead of --minimize.")] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="SEEDS", help="Default: 1-60, or all seeds of a sweep.")
    ] = None,
    confidence: Annotated[str, typer.Option(metavar="SHARE", help="Confidence of the verdicts.")] = "95%",
    judge: Judge = "together",
    pareto: Annotated[
        str | None, typer.Option(metavar="A,B", help="Goals of the front; default: constraint and objective.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Runs and answer; default: results/NAME-tuning.")
    ] = None,
    settings: Settings = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler instead.")
    ] = None,
    allow_large: AllowLarge = False,
    allow_code: AllowCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print tuning.json and nothing else.")] = False,
) -> None:
    """Find the best setting that keeps given constraints, with a stated confidence.

    A scenario with a study of its own needs no options: grid, constraints and
    objective are then the study's, unless given.

    Every finished run is kept in DIR/sweep: the same command resumes where it
    stopped, and more seeds add to it. DIR also gets tuning.json, tuning.csv,
    tuning.md and pareto.png.

    Exit code 0: a setting was found; 1: none is shown to keep the constraints;
    130: interrupted.
    """
    # start-up: the help works without it
    from serfsim.study.sweeps.grid import read_grid

    what, folder = _read_input(file, settings, out, allow_code)
    tried = read_grid(grid or (), allow_code=allow_code)
    own = what.situation.study if isinstance(what, Scenario) and what.situation else None
    if own is not None and not (minimize or maximize):
        tried, subject_to = tried or own.grid, subject_to or list(own.subject_to)
        minimize, maximize = own.minimize, own.maximize
    tuning = _tune(
        what,
        quiet or json,
        grid=tried,
        subject_to=subject_to or (),
        minimize=minimize,
        maximize=maximize,
        seeds=seeds,
        confidence=confidence_of(confidence),
        judge=judge.replace("-", " "),
        pareto=None if pareto is None else pareto.split(","),
        out=folder,
        workers=workers,
        scheduler=scheduler,
        allow_large=allow_large,
    )
    if json:
        typer.echo((folder / "tuning.json").read_text(encoding="utf-8"), nl=False)
    else:
        if not quiet:
            print_table(tuning)
        typer.echo(tuning.answer)
        typer.echo(f"result: {folder}")
    raise typer.Exit(codes.FINE if tuning.status == "found" else codes.NO_ANSWER)


def _read_input(
    file: str, settings: list[str] | None, out: Path | None, allow_code: bool
) -> tuple[Any, Path]:
    """Return the scenario or the sweep, and the folder for the answer."""
    # start-up: the help works without it
    from serfsim.study.sweeps.folder import existing_runs

    found = existing_runs(file)
    if found is not None and settings:
        raise SerfsimError("--set: cannot be combined with an existing sweep")
    what = load(file, settings or (), allow_code=allow_code) if found is None else file
    name = what.name if isinstance(what, Scenario) else found.name if found else file
    return what, Path("results") / f"{name}-tuning" if out is None else out


def _tune(what: Any, quiet: bool, **options: Any) -> Tuning:
    """Tune, reporting failed runs and the way to resume on standard error."""
    # start-up: the help works without these
    from serfsim.study.sweeps.sweeping import SweepInterrupted
    from serfsim.study.tuning import tune as tuned

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            tuning = tuned(what, progress=not quiet, **options)
        except SweepInterrupted as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(codes.INTERRUPTED) from None
    for warning in caught:
        if warning.category is UserWarning:
            typer.echo(f"warning: {warning.message}", err=True)
    return tuning


def print_table(tuning: Tuning, console: Console | None = None) -> None:
    """Print the goals, a row for each setting, and the method.

    Letters stand for constraints, which leaves room for the values.
    """
    # start-up: the help works without it
    from serfsim.study.tuning.describe import cells, headings, method_text

    console = console or Console()
    head = headings(tuning)
    goal = len(head) - 2 - 2 * len(tuning.constraints)
    asked = head[goal + 1 : -1 : 2]
    console.print(f"goal: {escape(head[goal])}")
    for letter, text in zip(ascii_uppercase, asked, strict=False):
        console.print(f"{letter}: {escape(text)}")
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in head[:goal]:
        lines = break_name(heading, NAME)
        table.add_column(escape(lines), overflow="fold", min_width=max(map(len, lines.splitlines())))
    for heading, width in [("goal", GOAL), *((letter, VERDICT) for letter in ascii_uppercase[: len(asked)])]:
        table.add_column(heading, overflow="fold", min_width=width)
    table.add_column(head[-1], min_width=len("chosen"))
    for one in tuning.settings:
        style = "bold green" if one is tuning.chosen else "dim" if one.verdict == "violated" else ""
        row = cells(tuning, one)
        row[goal] = row[goal].replace(" [", "\n[")
        found = (f"{row[at]}\n{row[at + 1]}" for at in range(goal + 1, len(row) - 1, 2))
        table.add_row(*(escape(text) for text in (*row[: goal + 1], *found, row[-1])), style=style)
    console.print(table)
    console.print(f"[dim]{escape(method_text(tuning))}[/dim]")
    console.print()
