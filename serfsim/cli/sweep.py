"""`serfsim sweep FILE`: a scenario at every point of a grid, with every seed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base import manifest
from serfsim.base.atomic_files import write_whole
from serfsim.base.atomic_folders import check_own
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode, AllowLarge
from serfsim.cli.confidence import confidence_of
from serfsim.scenario.checks import warnings
from serfsim.scenario.library import find
from serfsim.scenario.loading import load

if TYPE_CHECKING:
    from serfsim.scenario.model import Scenario
    from serfsim.study.sweeps.sweeping import Ended

SUMMARY = "summary.csv"
MOST_FAILURES = 10  # failures listed; the table has all

Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Processes; default: one per processor."),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler instead.")
]


def sweep(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scenario file, or the name of a shipped scenario.")
    ],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=V1,V2,...",
            help="Values to try; several give all combinations. Default: those of the scenario's own study.",
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="SEEDS", help="Such as 1-20 or 1,2,5-9.")] = "1-20",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Sweep folder; default: results/NAME-sweep.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the file; may be repeated."),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    figures: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Figures to print; default: a few headline figures."),
    ] = None,
    statistic: Annotated[
        str, typer.Option(metavar="NAME", help="Statistic over the seeds: median, mean, p90 ...")
    ] = "median",
    confidence: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Such as 95%: print intervals, and write DIR/summary.csv."),
    ] = None,
    allow_large: AllowLarge = False,
    allow_code: AllowCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Run a scenario over a grid of values and seeds.

    Every finished run is kept in DIR: the same command resumes where it stopped,
    and one with more values or seeds makes only the new runs. DIR/runs.parquet and
    DIR/runs.csv have a row for each run.

    Example: serfsim sweep crash --grid cluster.config.suspicion_mult=2,4,6

    Exit code 0: all runs are done; 1: some have failed; 130: interrupted.
    """
    # start-up: the help works without these
    from serfsim.cli.sweep_options import read_figures, read_statistic
    from serfsim.study.sweeps.grid import grid_of, read_grid, read_seeds
    from serfsim.study.sweeps.sweeping import run_sweep

    scenario = load(file, settings or (), allow_code=allow_code)
    folder = Path("results") / f"{scenario.name}-sweep" if out is None else out
    names, statistic = read_figures(figures, None if grid else scenario), read_statistic(statistic)
    share = None if confidence is None else confidence_of(confidence)
    if not quiet:
        _warn(scenario)
    ended = run_sweep(
        scenario,
        grid_of(scenario, read_grid(grid or (), allow_code=allow_code)),
        read_seeds(seeds),
        folder,
        files_from=find(file).parent,
        workers=workers,
        scheduler=scheduler,
        quiet=quiet,
        lines=True,
        allow_large=allow_large,
    )
    _say_what_went_wrong(ended)
    if not quiet:
        # start-up: the help works without it
        from serfsim.cli.sweep_table import print_points

        print_points(ended.table, scenario, names, share, statistic)
    if share is not None:
        _write_summary(ended, share, statistic, folder)
    _say_how_many(ended, scenario, folder)
    raise typer.Exit(codes.RUN_FAILED if ended.failed else codes.FINE)


def _warn(scenario: Scenario) -> None:
    for warning in warnings(scenario):
        typer.echo(f"warning: {warning}", err=True)


def _write_summary(ended: Ended, confidence: float, statistic: str, folder: Path) -> None:
    # start-up: the help works without it
    from serfsim.study.sweeps import summary

    check_own(folder, [SUMMARY])
    write_whole(folder / SUMMARY, summary(ended.table, confidence, statistic).to_csv(index=False))
    manifest.renew(folder, "sweep", [SUMMARY])


def _say_what_went_wrong(ended: Ended) -> None:
    """Report damaged parts and failed runs on standard error."""
    if ended.damaged:
        typer.echo(f"{len(ended.damaged)} parts were damaged; their runs were repeated", err=True)
    for outcome in ended.failed[:MOST_FAILURES]:
        values = "".join(f"{path}={value} " for path, value in outcome.job.parameters.items())
        typer.echo(f"failed: {values}seed {outcome.job.seed}: {outcome.error}", err=True)
    if len(ended.failed) > MOST_FAILURES:
        typer.echo(f"failed: {len(ended.failed) - MOST_FAILURES} more, see the table", err=True)


def _say_how_many(ended: Ended, scenario: Scenario, folder: Path) -> None:
    earlier = sum(outcome.found for outcome in ended.outcomes)
    done = len(ended.outcomes) - len(ended.failed)
    typer.echo(f"result: {folder}")
    typer.echo(f"runs: {done} done ({earlier} of them earlier), {len(ended.failed)} failed")
    if scenario.claims:
        against = sum(outcome.claims_failed > 0 for outcome in ended.outcomes)
        typer.echo(f"claims: failed in {against} of {done} runs")
