"""`serfsim fmt FILE...`: brings scenario files into their canonical form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.atomic_files import write_whole
from serfsim.base.english import printable
from serfsim.base.errors import ScenarioError
from serfsim.cli import codes
from serfsim.manual.layout import formatted
from serfsim.scenario.loading import text_of


def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files.")],
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 where a file would change.")
    ] = False,
) -> None:
    """Bring scenario files into their canonical form: order of keys, indentation, short faults on one line.

    Comments stay, and so does what a scenario means.
    """
    changed, bad = [], False
    for file in files:
        try:
            before = text_of(file)
            after = formatted(before, str(file))
            if after != before:
                changed.append(file)
                if not check:
                    _replace(file, after)
        except ScenarioError as error:
            typer.echo(printable(str(error), keep="\n"), err=True)
            bad = True
    for file in changed:
        typer.echo(f"{file}: {'not in canonical form' if check else 'formatted'}")
    if bad:
        raise typer.Exit(codes.BAD_INPUT)
    if check and changed:
        raise typer.Exit(codes.DIFFERENT)


def _replace(file: Path, text: str) -> None:
    """Write the file that a name leads to, whole or not at all, with the permissions that it had."""
    target = file.resolve()
    mode = target.stat().st_mode
    write_whole(target, text, ScenarioError)
    target.chmod(mode)
