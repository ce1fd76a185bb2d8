"""`serfsim branch RESULT --at T --seeds N`: how the outcome spreads from the run's state at T."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.atomic_folders import write_each
from serfsim.base.errors import SweepError
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode
from serfsim.cli.result_options import Folder
from serfsim.scenario.problems import ScenarioProblems, found_expected, quoted
from serfsim.scenario.units import read_duration

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult
    from serfsim.study.branching import Branched

PICTURE = "branches.png"
SHARES = "shares.csv"
FORM = "a time such as 63.2s, several as 10s,20s, or a range such as 10s..120s/5s"
MOST_SHOWN = 40  # times in the terminal; shares.csv has all


def branch(
    result: Folder,
    at: Annotated[
        str, typer.Option(metavar="T", help="When branches leave the run: 63.2s, 10s,20s or 10s..120s/5s.")
    ],
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Branches at each time.")] = 200,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLAIM",
            help="Such as 'detection.false_positives == 0'; may be repeated. Default: the scenario's.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Branches; default: RESULT-branches.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Branches at once; default: one per processor.")
    ] = None,
    allow_code: AllowCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Continue a run from its state at T, N times with fresh random streams.

    Shows the share of branches in which each claim holds, over T: when did the
    run's outcome become inevitable? Branch 0 is the run itself, with its digest.

    DIR gets runs.parquet and runs.csv with a row for each branch, as a sweep's,
    shares.csv and branches.png. The same command resumes where it stopped.

    Example: serfsim branch results/crash --at 10s..120s/5s --seeds 200

    Exit code 0: all branches are done; 1: some have failed; 130: interrupted.
    """
    # start-up: the help works without these
    from serfsim.results.run_result import RunResult
    from serfsim.study.branching import run_branches
    from serfsim.study.sweeps.sweeping import SweepInterrupted

    opened = RunResult.open(result)
    folder = result.with_name(f"{result.name}-branches") if out is None else out
    try:
        branched = run_branches(
            opened,
            read_times(at),
            seeds,
            claims=claim or (),
            folder=folder,
            workers=workers,
            quiet=quiet,
            allow_code=allow_code,
        )
    except SweepInterrupted as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(codes.INTERRUPTED) from None
    for failed in branched.failed[:1]:
        typer.echo(f"{len(branched.failed)} branches failed, the first with: {failed.error}", err=True)
    _write(branched, opened, folder)
    _show(branched, quiet)
    typer.echo(f"result: {folder}")
    raise typer.Exit(codes.RUN_FAILED if branched.failed else codes.FINE)


def read_times(text: str) -> list[float]:
    """Read the times of `--at`, in seconds.

    Raises SweepError for another text, and for a range with too many times.
    """
    try:
        return [at for part in text.split(",") for at in _read_range(part.strip())]
    except (ValueError, ScenarioProblems):
        raise SweepError(f"--at: {found_expected(quoted(text), FORM)}") from None


def _read_range(text: str) -> list[float]:
    if ".." not in text:
        return [read_duration(text)]
    bounds, slash, step_text = text.partition("/")
    low, high = (read_duration(bound.strip()) for bound in bounds.split("..", 1))
    step = read_duration(step_text.strip()) if slash else 0.0
    if not (step > 0.0 and low <= high and (high - low) / step < 1e6):
        raise ValueError(text)
    return [round(low + number * step, 9) for number in range(math.floor((high - low) / step + 1e-9) + 1)]


def _write(branched: Branched, result: RunResult, folder: Path) -> None:
    # start-up: they import matplotlib and pandas
    import pandas as pd

    from serfsim.report.figures import png_of
    from serfsim.study.branching.plot import draw

    shares = pd.DataFrame(
        {
            "claim": one.claim,
            "at": one.at,
            "share": one.held.estimate,
            "low": one.held.low,
            "high": one.held.high,
            "branches": one.held.n,
            "in_run": one.in_run,
        }
        for one in branched.shares
    )
    picture = png_of(lambda ax: draw(branched.name, branched.shares, result.truth, ax))
    write_each(folder, {SHARES: shares.to_csv(index=False), PICTURE: picture}, SweepError)


def _show(branched: Branched, quiet: bool) -> None:
    # start-up: rich is slow to import
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from serfsim.study.branching.shares import conclusion

    claims = list(dict.fromkeys(one.claim for one in branched.shares))
    if not quiet:
        console = Console()
        for claim in claims:
            own = [one for one in branched.shares if one.claim == claim]
            console.print(escape(claim), style="bold")
            table = Table(box=None, pad_edge=False, header_style="dim")
            for heading in ("at", "holds in", "95 % interval", "branches"):
                table.add_column(heading, justify="right")
            for one in own[:MOST_SHOWN]:
                held = one.held
                table.add_row(
                    f"{one.at:g} s", f"{held.estimate:.1%}", f"{held.low:.1%} to {held.high:.1%}", str(held.n)
                )
            console.print(table)
            if len(own) > MOST_SHOWN:
                console.print(f"[dim]{len(own) - MOST_SHOWN} more times in {SHARES}[/dim]")
            console.print()
    for claim in claims:
        typer.echo(conclusion(branched.shares, claim))
