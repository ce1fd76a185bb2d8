"""`serfsim replay RESULT`: one self-contained HTML page that plays a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.cli.report import is_a_page_of_ours
from serfsim.results.folder import renew

PAGE = "replay.html"


def replay(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")],
    beside: Annotated[
        Path | None,
        typer.Option("--with", metavar="RESULT", help="A second result folder, shown beside the first."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file; default: replay.html in the folder."),
    ] = None,
) -> None:
    """Write a page that plays a run recorded with `record: {replay: true}`, packet by packet."""
    # start-up: the help works without it
    from serfsim.replays import replay as write

    path = result / PAGE if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and not is_a_page_of_ours(path):
        raise ResultError(f"--out: found {path}, which serfsim did not write; expected a new name")
    write(result, path, beside)
    renew(result, [path])
    typer.echo(str(path))
