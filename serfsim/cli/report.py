"""`serfsim report RESULT`: one self-contained HTML page of a result or of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.report.plots import PAGE
from serfsim.results.folder import renew

GENERATOR = b'<meta name="generator" content="serfsim">'  # marks a page that may be overwritten


def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Folder of a result or of a sweep.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file; default: report.html in the folder."),
    ] = None,
) -> None:
    """Write the page of a result or of a sweep: question and answer, claims, figures and tables."""
    write = writer(result)
    path = result / PAGE if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and not is_a_page_of_ours(path):
        raise ResultError(f"--out: found {path}, which serfsim did not write; expected a new name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        renew(result, [path])
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    typer.echo(str(path))


def is_a_page_of_ours(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return GENERATOR in stream.read(2000)
    except OSError:
        return False


def writer(folder: Path) -> Callable[[Path], None]:
    """Return the function that writes the page of a result or of a sweep."""
    # start-up: the help works without it
    from serfsim.study.sweeps.folder import MANIFEST, open_sweep

    if (folder / MANIFEST).is_file():
        # start-up: the help works without it
        from serfsim.study.sweeps.page import write_sweep_page

        return partial(write_sweep_page, open_sweep(folder))
    # start-up: the help works without these
    from serfsim.report.page import write_page
    from serfsim.report.runs import open_result

    return partial(write_page, open_result(folder))
