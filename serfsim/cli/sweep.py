"""`serfsim sweep FILE`: a scenario at every point of a grid, with every seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.cli import codes
from serfsim.scenario.loading import load


def sweep(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scenario file, or the name of a shipped scenario.")
    ],
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=V1,V2,...", help="Values to try; may be repeated: all combinations."),
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="SEEDS", help="Such as 1-20 or 1,2,5-9.")] = "1-20",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where runs are kept; results/NAME-sweep unless given.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the file; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes; as many as there are processors unless given."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers run instead.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Run a scenario over a grid of values and seeds; the same command goes on where it stopped."""
    from serfsim.sweeps.grid import read_grid
    from serfsim.sweeps.jobs import FAILED
    from serfsim.sweeps.seeds import read_seeds
    from serfsim.sweeps.sweeping import carried_out

    scenario = load(file, settings or ())
    folder = Path("results") / f"{scenario.name}-sweep" if out is None else out
    _, outcomes = carried_out(
        scenario,
        read_grid(grid or ()),
        read_seeds(seeds),
        folder,
        workers=workers,
        scheduler=scheduler,
        quiet=quiet,
    )
    failed = [outcome for outcome in outcomes if outcome.status == FAILED]
    for outcome in failed:
        typer.echo(f"failed: seed {outcome.job.seed}: {outcome.error}", err=True)
    typer.echo(f"result: {folder}")
    typer.echo(f"runs: {len(outcomes) - len(failed)} done, {len(failed)} failed")
    raise typer.Exit(codes.RUN_FAILED if failed else codes.FINE)
