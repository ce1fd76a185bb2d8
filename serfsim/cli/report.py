"""`serfsim report RESULT`: one self-contained HTML page of a result or of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from serfsim.errors import ResultError

PAGES = (".html", ".htm")  # what may be written over


def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder, or that of a sweep.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; report.html in the folder unless given."),
    ] = None,
) -> None:
    """Write the page of a result or of a sweep: its question and answer, claims, figures and tables."""
    from serfsim.report.folder import PAGE

    write = writer(result)
    path = result / PAGE if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and path.suffix.lower() not in PAGES:
        raise ResultError(f"--out: found {path}, which is no page; expected a new name, or one in .html")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    typer.echo(str(path))


def writer(folder: Path) -> Callable[[Path], None]:
    """What writes the page of a result, or of a sweep, once it is known to be one."""
    from serfsim.sweeps.folder import MANIFEST, open_sweep

    if (folder / MANIFEST).is_file():
        from serfsim.report.sweep_page import write_sweep_page

        return partial(write_sweep_page, open_sweep(folder))
    from serfsim.report.page import write_page
    from serfsim.result import open_result

    return partial(write_page, open_result(folder))
