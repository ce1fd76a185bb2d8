"""`serfsim run FILE`: one run of one scenario."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from warnings import catch_warnings, simplefilter

import typer

from serfsim.base.english import format_count
from serfsim.base.errors import ResultError, SerfsimWarning
from serfsim.base.progress import bar
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode, AllowLarge
from serfsim.cli.interruption import STOPPED, interruptible
from serfsim.report.answer import UNSETTLED
from serfsim.report.plots import DRAWN
from serfsim.results.folder import check_replaceable, lock_folder, unfinished_capture
from serfsim.scenario.checks import warnings
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.sections import LARGEST_SEED

if TYPE_CHECKING:
    from serfsim.report.runs import Result


def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scenario file, or the name of a shipped scenario.")
    ],
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed to use instead of the scenario's.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the file; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Result folder; default: results/NAME.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bar, no table, no figures; warnings stay.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print summary.json and nothing else; no figures.")
    ] = False,
    figures: Annotated[
        bool | None,
        typer.Option(
            "--figures/--no-figures",
            help="Draw plots and page now, or later with serfsim plot and serfsim report.",
            show_default="drawn, unless --quiet or --json",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Check the invariants of the protocol meanwhile; exit 1 where one is violated."
        ),
    ] = False,
    allow_large: AllowLarge = False,
    allow_code: AllowCode = False,
) -> None:
    """Run a scenario, print its figures, and write a result folder."""
    scenario = load(file, settings or (), allow_code=allow_code)
    if seed is not None:
        scenario = scenario.with_settings({"seed": seed})
    refuse_large(scenario, file, allowed=allow_large)
    folder = Path("results") / scenario.name if out is None else out
    check_replaceable(folder, DRAWN)
    for warning in warnings(scenario):
        typer.echo(f"warning: {warning}", err=True)
    with lock_folder(folder):
        result = _simulate(scenario, quiet, folder, check)
        for warning in after_warnings(result.summary):
            typer.echo(f"warning: {warning}", err=True)
        _print_result(result, quiet, json)  # before writing: a full disk must not lose it
        if figures is None:
            # After an interruption nobody wants to wait for figures.
            figures = not (quiet or json) and bool(result.summary["complete"])
        # start-up: the help works without it
        from serfsim.engine.environment import no_garbage_collection

        # The garbage collector would scan all imported modules for each of a figure's thousands of artists.
        with activity("writing the results", quiet), no_garbage_collection():
            place = _save(result, folder, figures=figures)
    if not json:
        typer.echo(f"result: {place}")
    if place != folder:
        typer.echo(f"the complete result in {folder} was kept", err=True)
    raise typer.Exit(_verdict(result, quiet=quiet or json))


def after_warnings(summary: Mapping[str, Any]) -> list[str]:
    """Return the warnings that only the end of a run shows."""
    # start-up: the help works without it
    from serfsim.report.runs import own_warnings

    unsettled = [UNSETTLED] if summary.get("warm_up_settled") is False else []
    return [*unsettled, *own_warnings(summary)]


def _print_result(result: Result, quiet: bool, json: bool) -> None:
    if json:
        typer.echo(dumps(result.summary, indent=2, allow_nan=False))
        return
    if not quiet:
        # start-up: the help works without it
        from serfsim.cli.summary import print_summary

        print_summary(result.summary)
    typer.echo(f"seed: {result.summary['seed']}")
    typer.echo(f"digest: {result.summary['digest']}")
    for name, pool in result.pools.items():
        typer.echo(f"digest of pool {name}: {pool.summary['digest']}")


def _simulate(scenario: Scenario, quiet: bool, folder: Path, check: bool) -> Result:
    """Run the scenario.

    An interruption ends the run early, and the result is marked partial.
    """
    # start-up: the help works without it
    from serfsim.report import runs

    with bar(scenario.name, quiet) as report, interruptible() as interruption, catch_warnings():
        simplefilter("ignore", SerfsimWarning)  # already reported before the run
        result = runs.run(
            scenario,
            seed=scenario.seed,
            progress=interruption.follow(report),
            capture=unfinished_capture(folder),
            check=check or None,
            allow_large=True,
        )
        if interruption.pressed:
            result.summary["complete"] = False
        return result


def _save(result: Result, folder: Path, *, figures: bool) -> Path:
    """Save the result and return its folder.

    An interruption while writing keeps everything except the figures, marked partial. Raises
    KeyboardInterrupt at a second interruption; nothing is kept then.
    """
    try:
        try:
            return result.save(folder, figures=figures)
        except KeyboardInterrupt:
            if not result.summary["complete"]:
                raise
            typer.echo(STOPPED, err=True)
            result.summary["complete"] = False
            return result.save(folder, figures=False)
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _verdict(result: Result, quiet: bool) -> int:
    """Return the exit code, and report failed claims even where the table is not shown."""
    failed = [claim for claim in result.summary["claims"] if not claim["holds"]]
    if quiet:
        for claim in failed:
            value = "no value" if claim["value"] is None else f"{claim['value']:g}"
            typer.echo(f"claim failed: {claim['claim']} (found {value})", err=True)
    if not result.summary["complete"]:
        typer.echo("interrupted: the result is partial; serfsim report draws its figures", err=True)
        return codes.INTERRUPTED
    if result.is_checked:
        _print_violations(result)
    return codes.CLAIM_FAILED if failed or result.violations else codes.FINE


def _print_violations(result: Result) -> None:
    """Print each violation of an invariant, and how many there are."""
    for violation in result.violations:
        typer.echo(f"violation: {violation}", err=True)
    if result.violations:
        typer.echo(f"{format_count(len(result.violations), 'violation')} of invariants", err=True)


@contextmanager
def activity(text: str, quiet: bool = False) -> Iterator[None]:
    """Show a spinner on standard error, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
    else:
        # start-up: rich is slow to import
        from rich.console import Console

        with Console(stderr=True).status(text):
            yield
