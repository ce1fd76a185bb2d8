"""`serfsim plot RESULT`: redraw the figures of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base import manifest
from serfsim.base.atomic_folders import check_own
from serfsim.base.errors import ResultError
from serfsim.report.plots import FIGURES
from serfsim.results.folder import renew
from serfsim.scenario.problems import unknown_name


def plot(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")],
    figures: Annotated[
        list[str] | None, typer.Option("--figure", metavar="NAME", help="Only this figure; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Output folder; default: plots in the result folder."),
    ] = None,
) -> None:
    """Draw the figures of a result folder."""
    # start-up: the help works without these
    from serfsim.report.figures import save_figures
    from serfsim.report.runs import open_result

    for name in figures or ():
        if name not in FIGURES:
            raise ResultError(f"--figure: {unknown_name(name, 'a figure', FIGURES)}")
    opened = open_result(result)
    folder = result / "plots" if out is None else out
    names = tuple(figures or FIGURES)
    if out is not None:
        check_own(folder, [f"{name}.png" for name in names], ResultError)
    try:
        saved = save_figures(opened, folder, names)
        if out is None:
            renew(result, saved)
        else:
            manifest.renew(folder, "plots", [path.name for path in saved])
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from None
    for path in saved:
        typer.echo(str(path))
