"""`serfsim situations`: the check of the library's answers over seeds, its table and its figures."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import SerfsimError
from serfsim.base.progress import runs_bar
from serfsim.cli import codes
from serfsim.cli.sweep import Workers

if TYPE_CHECKING:
    from serfsim.study.situations import Checked, Planned

KEPT = Path("results/situations")


def situations(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Situations to check; default: all.")
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only those of this kind.")] = None,
    small: Annotated[
        bool, typer.Option("--small", help="At reduced size, with the few seeds that each file names.")
    ] = False,
    seeds: Annotated[str, typer.Option(metavar="SEEDS", help="Such as 1-20 or 1,2,5-9.")] = "1-20",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Renew the table and the figures in this folder.")
    ] = None,
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")
    ] = False,
) -> None:
    """Check over many seeds that the answers of the library hold.

    Every finished run is kept in results/situations: the same command resumes
    where it stopped. With --out DIR, DIR/situations.md, .csv and .json get what
    was found beside what they say of other situations, and DIR/images/situations
    a figure of each.

    Exit code 0: every answer holds in the promised share of seeds; 1: one does
    not, or a run failed; 130: interrupted.
    """
    # start-up: the help works without these
    from serfsim.study.situations.planning import chosen, plan
    from serfsim.study.sweeps.grid import read_seeds

    if small and out is not None:
        raise SerfsimError("--out: cannot be combined with --small: the table has the full size")
    numbers = read_seeds(seeds)
    planned = [plan(name, numbers, small=small) for name in chosen(names or (), kind)]
    checked = _check(planned, workers, quiet or json, keep=not small)
    if out is not None:
        _write(checked, out)
    if json:
        # start-up: the help works without it
        from serfsim.study.situations.table import found

        typer.echo(json_module.dumps([found(one) for one in checked], indent=1, ensure_ascii=False))
    elif not quiet:
        _print(checked)
    _say_what_failed(checked)
    raise typer.Exit(codes.FINE if all(one.is_kept for one in checked) else codes.CLAIM_FAILED)


def _check(planned: list[Planned], workers: int | None, quiet: bool, *, keep: bool) -> list[Checked]:
    # start-up: the help works without these
    from serfsim.study.situations import check
    from serfsim.study.sweeps.store import Store
    from serfsim.study.sweeps.worker import FAILED

    total = sum(len(one.points) * len(one.seeds) for one in planned)
    with TemporaryDirectory() as scratch, runs_bar("situations", total, quiet, lines=True) as tell:
        store = Store(KEPT if keep else scratch)
        try:
            return check(
                planned,
                workers,
                store,
                lambda outcome: tell(failed=outcome.status == FAILED, found=outcome.found),
            )
        except KeyboardInterrupt:
            kept = f"; finished runs are kept in {KEPT}" if keep else ""
            raise KeyboardInterrupt(f"interrupted{kept}") from None


def _write(checked: list[Checked], out: Path) -> None:
    # start-up: matplotlib is slow to import
    from serfsim.study.situations.drawing import save_figure
    from serfsim.study.situations.table import IMAGES, renew

    renew(out, checked)
    for one in checked:
        save_figure(one, out / IMAGES)


def _print(checked: list[Checked]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("situation", "seeds that hold", "promised", "runs", "CPU"):
        table.add_column(heading, justify="left" if heading == "situation" else "right")
    for one in checked:
        count = len(one.planned.seeds)
        runs = count * len(one.planned.points)
        promised = f"{100 * one.planned.situation.holds:.0f} %"
        style = "" if one.is_kept else "bold red"
        cells = (
            one.planned.name,
            f"{len(one.holding)} of {count}",
            promised,
            str(runs),
            f"{one.cpu_s:.1f} s",
        )
        table.add_row(*map(escape, cells), style=style)
    Console().print(table)


def _say_what_failed(checked: list[Checked]) -> None:
    """Name on standard error each claim that fails in some seed, and each run that failed."""
    for one in checked:
        count = len(one.planned.seeds)
        for claim in one.failing:
            at = f" at {claim.at}" if claim.at else ""
            typer.echo(f"{one.planned.name}: {claim.claim}{at}: holds in {claim.holds} of {count}", err=True)
        for error in one.errors:
            typer.echo(f"{one.planned.name}: {error}", err=True)
