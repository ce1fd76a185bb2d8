"""`serfsim swarm`: random scenarios under all checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.cli import codes
from serfsim.cli.sweep import Scheduler, Workers

if TYPE_CHECKING:
    from serfsim.study.swarm import Swarm

DEFAULT_OUT = Path("results/swarm")
MOST_FAILURES = 10
MOST_NAMES = 20


def swarm(
    seeds: Annotated[str, typer.Option(metavar="SEEDS", help="Such as 1-10000 or 1,2,5-9.")] = "1-100",
    minutes: Annotated[
        float | None, typer.Option(metavar="M", min=0.0, help="Begin no further seed after this time.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="Small clusters and short runs, as continuous integration has.")
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of verdicts, failures and coverage.")
    ] = DEFAULT_OUT,
    workers: Workers = None,
    scheduler: Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no tables.")] = False,
) -> None:
    """Draw a scenario from each seed, run it with all checks, and shrink what fails.

    Each seed draws a cluster of 2 to 200 members, their releases and settings, a
    network, faults and work, then a calm. DIR/failures has a scenario of at most
    ten lines for each seed that breaks a rule: serfsim run FILE --check fails on
    it alone. DIR/coverage.csv counts what was exercised. Finished seeds are kept
    in DIR: the same command resumes where it stopped.

    Example: serfsim swarm --seeds 1-10000 --minutes 30

    Exit code 0: nothing failed but what is documented of the real library; 1:
    something else failed; 130: interrupted.
    """
    # start-up: the help works without these
    from serfsim.study.swarm import swarm as carry_out
    from serfsim.study.sweeps.grid import read_seeds

    ended = carry_out(
        read_seeds(seeds),
        minutes=minutes or None,
        out=out,
        workers=workers,
        scheduler=scheduler,
        profile="small" if small else "full",
        progress=not quiet,
        lines=True,
    )
    if not quiet:
        _print_coverage(ended)
    _say_what_failed(ended)
    raise typer.Exit(codes.RUN_FAILED if ended.failed else codes.FINE)


def _print_coverage(ended: Swarm) -> None:
    # start-up: the help works without these
    from serfsim.study.swarm.coverage import missing
    from serfsim.study.swarm.page import TITLES

    table = ended.coverage
    for kind, title in TITLES.items():
        rows = table[table["kind"] == kind]
        reached = rows[rows["count"] > 0]
        typer.echo(f"{title.lower()}: {len(reached)} of {len(rows)}, {int(rows['count'].sum())} times")
    never = missing(table)
    if never:
        names = "; ".join(one.name for one in never[:MOST_NAMES])
        more = f" and {len(never) - MOST_NAMES} more" if len(never) > MOST_NAMES else ""
        typer.echo(f"never exercised: {names}{more}")
    for name, count in ended.known.items():
        typer.echo(f"known: {name}, first found after {count} seeds")


def _say_what_failed(ended: Swarm) -> None:
    # start-up: the help works without it
    from serfsim.study.swarm.page import verdict

    for one in ended.failed[:MOST_FAILURES]:
        found = one.failures[0]
        typer.echo(f"failed: seed {one.seed}: {found.rule}: {found.text}", err=True)
    if len(ended.failed) > MOST_FAILURES:
        typer.echo(f"failed: {len(ended.failed) - MOST_FAILURES} more, see the table", err=True)
    for file in ended.files:
        typer.echo(f"file: {file}", err=True)
    typer.echo(f"result: {ended.folder}")
    typer.echo(f"swarm: {verdict(ended)}")
