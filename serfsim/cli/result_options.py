"""What the commands that ask a finished run have in common."""

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
    typer.Option("--as", metavar="NODE", help="Whose agent to ask; the first node's unless given."),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="T",
        help="When: seconds of the scenario's clock, such as 95s or -5s; the end unless given.",
    ),
]
Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")]
FORMATS = ("text", "json")


def past_of(folder: Path) -> FinishedRun:
    """The finished run of a result folder. ResultError where it is none."""
    # start-up: the help works without these
    from serfsim.live.finished_run import FinishedRun
    from serfsim.report.runs import open_result

    return FinishedRun(open_result(folder))


def check_format(name: str) -> str:
    if name not in FORMATS:
        raise ResultError(f"--format: {unknown_name(name, 'a format', FORMATS)}")
    return name
