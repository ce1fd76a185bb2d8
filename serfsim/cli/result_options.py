"""Options shared by the commands that query a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.scenario.problems import unknown_name

if TYPE_CHECKING:
    from serfsim.live.finished_run import FinishedRun

Folder = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")]
Node = Annotated[
    str | None,
    typer.Option("--as", metavar="NODE", help="Node whose agent is queried; default: the first node."),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="T",
        help="Time on the scenario's clock, such as 95s or -5s; default: the end.",
    ),
]
Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")]
FORMATS = ("text", "json")


def past_of(folder: Path) -> FinishedRun:
    """Return the finished run of a result folder.

    Raises ResultError for any other folder.
    """
    # start-up: the help works without these
    from serfsim.live.finished_run import FinishedRun
    from serfsim.report.runs import open_result

    return FinishedRun(open_result(folder))


def check_format(name: str) -> str:
    if name not in FORMATS:
        raise ResultError(f"--format: {unknown_name(name, 'a format', FORMATS)}")
    return name
