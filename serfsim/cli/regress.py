"""`serfsim regress`: compare with the committed baseline, or accept a change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.atomic_files import write_whole
from serfsim.base.errors import BaselineError, ScenarioError
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.units import read_share

if TYPE_CHECKING:
    from serfsim.study.regression.acceptance import Accepted
    from serfsim.study.regression.comparison import Comparison, FigureTest

BASELINE = Path("results/baseline")
OUT = Path("results/regress")
STDOUT = Path("-")


class FailOn(StrEnum):
    """The changed figures that make the exit code 1."""

    changed = "changed"
    worse = "worse"
    nothing = "nothing"


Baseline = Annotated[
    Path, typer.Option("--baseline", metavar="DIR", help="Folder of the baseline, committed with the code.")
]
Scenarios = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME|FILE,...", help="Scenarios of the baseline; default: all."),
]
Seeds = Annotated[
    str | None, typer.Option(metavar="SEEDS", help="Such as 1-20; default: those of the baseline.")
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for regress.md, regress.json and plots.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a value in all scenarios; may be repeated."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Processes; default: one per processor."),
]
Rate = Annotated[str, typer.Option(metavar="SHARE", help="False-alarm rate of the whole call.")]
Exact = Annotated[bool, typer.Option("--exact", help="Treat any differing digest as a regression.")]
NodeIdentity = Annotated[
    bool, typer.Option("--record", help="Append to the history (for CI on the main branch).")
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Make these runs the new baseline instead of comparing.")
]
Because = Annotated[
    str | None, typer.Option(metavar="TEXT", help="With --accept: the reason, for the CHANGELOG.")
]
Base = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Compare with another checkout, simulated now, instead of a baseline.",
    ),
]
Markdown = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|-", help="Also write the page, for a comment, to this file; - is standard output."
    ),
]
Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a JUnit report with a case per figure.")
]
PlotsUrl = Annotated[
    str, typer.Option("--plots-url", metavar="URL", help="URL of plots/, to show them in the page.")
]
Fails = Annotated[
    FailOn, typer.Option("--fail-on", help="Changes that make the exit code 1; failed runs always do.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only, no progress.")]


def regress(
    baseline: Baseline = BASELINE,
    scenarios: Scenarios = None,
    seeds: Seeds = None,
    out: Out = OUT,
    settings: Set = None,
    workers: Workers = None,
    family_wise_error: Rate = "1%",
    exact: Exact = False,
    record: NodeIdentity = False,
    accept: Accept = False,
    because: Because = None,
    base: Base = None,
    markdown: Markdown = None,
    junit: Junit = None,
    plots_url: PlotsUrl = "",
    fail_on: Fails = FailOn.changed,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
) -> None:
    """Compare with a baseline or another checkout; exit 1 if a figure changed without being accepted."""
    names = [name.strip() for part in scenarios or () for name in part.split(",") if name.strip()]
    if accept:
        reports = {"--markdown": markdown, "--junit": junit, "--base": base}
        _refuse_with_accept(reports, settings=settings, exact=exact, record=record)
        raise typer.Exit(_accept(baseline, names, seeds, workers, because, quiet, allow_code))
    if because is not None:
        raise BaselineError("--because: requires --accept")
    if base is not None and (record or baseline != BASELINE):
        other = "--record" if record else "--baseline"
        raise BaselineError(f"--base: {found_expected(f'{other} too', 'only one of the two')}")
    # start-up: the help works without it
    from serfsim.study.regression.check import regress as compared

    comparison = compared(
        baseline,
        scenarios=names,
        seeds=seeds,
        settings=settings or (),
        out=out,
        family_wise_error=_rate(family_wise_error),
        workers=workers,
        progress=not quiet,
        base=base,
        plots_url=plots_url,
        allow_code=allow_code,
    )
    _write_reports(comparison, out, markdown, junit, fail_on, exact)
    if markdown != STDOUT:
        _print_verdict(comparison, baseline, out, quiet)
    if record:
        _record(comparison, baseline)
    fails = bool(comparison.failures) or any(_counts(fail_on, test) for test in comparison.changed)
    wrong = fails or (exact and not comparison.is_identical)
    raise typer.Exit(codes.REGRESSION if wrong else codes.FINE)


def _counts(fail_on: FailOn, test: FigureTest) -> bool:
    """Return True for a changed figure that makes the exit code 1."""
    return fail_on == FailOn.changed or test.verdict == fail_on


def _write_reports(
    comparison: Comparison, out: Path, page: Path | None, report: Path | None, fail_on: FailOn, exact: bool
) -> None:
    # start-up: the help works without these
    from serfsim.study.regression.check import PAGE
    from serfsim.study.regression.junit import junit

    if page is not None:
        text = (out / PAGE).read_text(encoding="utf-8")
        if page == STDOUT:
            typer.echo(text, nl=False)
        else:
            write_whole(page, text, BaselineError)
    if report is not None:
        text = junit(comparison, lambda test: _counts(fail_on, test), exact=exact)
        write_whole(report, text, BaselineError)


def _rate(text: str) -> float:
    try:
        return read_share(text)
    except (ValueError, ScenarioError):
        expected = "a share such as 1% or 0.01"
        raise BaselineError(f"--family-wise-error: {found_expected(quoted(text), expected)}") from None


def _print_verdict(comparison: Comparison, baseline: Path, out: Path, quiet: bool) -> None:
    # start-up: the help works without these
    from serfsim.study.regression.check import PAGE, accept_command, history_of
    from serfsim.study.regression.describe import line_of, verdict
    from serfsim.study.regression.history import read_history

    for warning in () if comparison.base else read_history(history_of(baseline))[1]:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(verdict(comparison))
    if not quiet:
        for test in comparison.changed:
            typer.echo(f"  {line_of(test)}")
        for failure in comparison.failures:
            typer.echo(f"  failed: {failure.scenario} with seed {failure.seed}: {failure.error}")
        if (comparison.changed or comparison.differing) and not comparison.base:
            typer.echo(f"If this is intended: {accept_command(baseline)}")
    typer.echo(f"result: {out / PAGE}")


def _record(comparison: Comparison, baseline: Path) -> None:
    # start-up: the help works without these
    from serfsim.study.regression.acceptance import about_now
    from serfsim.study.regression.check import history_of
    from serfsim.study.regression.history import RECORDED, append, line_of

    runs = {scenario.name: scenario.now for scenario in comparison.scenarios}
    append(history_of(baseline), line_of(runs, {"kind": RECORDED, **about_now("")}))


def _refuse_with_accept(
    reports: Mapping[str, Path | None], *, settings: list[str] | None, exact: bool, record: bool
) -> None:
    given = {"--set": settings, "--exact": exact, "--record": record, **reports}
    for option in (option for option, value in given.items() if value):
        expected = "scenarios as their files are" if option == "--set" else "only one of the two"
        raise BaselineError(f"--accept: {found_expected(option, expected)}")


def _accept(
    baseline: Path,
    names: list[str],
    seeds: str | None,
    workers: int | None,
    because: str | None,
    quiet: bool,
    allow_code: bool,
) -> int:
    # start-up: the help works without these
    from serfsim.study.regression.acceptance import accept
    from serfsim.study.regression.baseline import MANIFEST

    if because is not None and not because.strip():
        raise BaselineError(
            f"--because: {found_expected('nothing', 'what changed and why, for the CHANGELOG')}"
        )
    if because is None and not _can_ask() and (baseline / MANIFEST).is_file():
        expected = "--because TEXT with the reason, for the CHANGELOG"
        raise BaselineError(f"--accept: {found_expected('no terminal to ask on', expected)}")
    accepted = accept(
        baseline,
        _asking(because),
        scenarios=names,
        seeds=seeds,
        workers=workers,
        quiet=quiet,
        allow_code=allow_code,
    )
    _print_accepted(accepted)
    return codes.FINE


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asking(because: str | None) -> Callable[[Sequence[str]], str]:
    def ask(names: Sequence[str]) -> str:
        if because is not None:
            return " ".join(because.split())
        typer.echo(f"Runs differ from the baseline in: {', '.join(names)}.", err=True)
        text = ""
        try:
            while not text.strip():
                text = typer.prompt("What changed, and why? (an entry of the CHANGELOG)", err=True)
        except typer.Abort:  # Ctrl-C, or the end of the input
            raise KeyboardInterrupt("interrupted: nothing was accepted") from None
        return " ".join(text.split())

    return ask


def _print_accepted(accepted: Accepted) -> None:
    for warning in accepted.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if accepted.is_nothing:
        typer.echo("Identical: all runs have the digests of the baseline; nothing to accept.")
    for words, names in (
        ("runs that differ", accepted.moved),
        ("edited scenarios", accepted.edited),
        ("renewed, with the same runs", accepted.renewed),
        ("new in the baseline", accepted.added),
        ("dropped from the baseline", accepted.dropped),
    ):
        if names:
            typer.echo(f"{words}: {', '.join(names)}")
    if accepted.line and accepted.changelog:
        typer.echo(f"{accepted.changelog}: {accepted.line}")
    elif accepted.line:
        typer.echo(f"For the CHANGELOG, under 'Results may differ':\n{accepted.line}")
    typer.echo(f"baseline: {accepted.baseline.folder}")
