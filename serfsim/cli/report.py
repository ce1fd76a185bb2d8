"""`serfsim report RESULT`: one self-contained HTML page of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.errors import ResultError

PAGES = (".html", ".htm")  # what may be written over


def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; report.html in the result folder unless given."),
    ] = None,
) -> None:
    """Write the page of a result: its question and answer, claims, figures and tables."""
    from serfsim.report.folder import PAGE
    from serfsim.report.page import write_page
    from serfsim.result import open_result
    from serfsim.sweeps.folder import CSV, MANIFEST

    if (result / MANIFEST).is_file():
        raise ResultError(
            f"{result}: found a sweep; expected a result folder (of a sweep, {CSV} has every run,"
            " and `serfsim compare` and `serfsim tune` show what differs)"
        )
    opened = open_result(result)
    path = result / PAGE if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and path.suffix.lower() not in PAGES:
        raise ResultError(f"--out: found {path}, which is no page; expected a new name, or one in .html")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_page(opened, path)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    typer.echo(str(path))
