"""`serfsim replay RESULT`: one self-contained HTML page that plays a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.cli.report import is_a_page_of_ours
from serfsim.results.folder import renew

PAGE = "replay.html"
MOST_FLAPS = 5
MOST_LINES = 10_000  # searched for a situation


def replay(
    result: Annotated[Path | None, typer.Argument(metavar="RESULT", help="A result folder.")] = None,
    beside: Annotated[
        Path | None,
        typer.Option("--with", metavar="RESULT", help="A second result folder, shown beside the first."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file; default: replay.html in the folder, or here."),
    ] = None,
    logs: Annotated[
        list[Path] | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="Log of a real Serf or Consul agent, instead of RESULT; may be repeated.",
        ),
    ] = None,
) -> None:
    """Write a page that plays a run recorded with `record: {replay: true}`, packet by packet.

    With `--log` it plays what agents of a real cluster logged: their events and views.
    """
    if (result is None) == (not logs):
        found = "no result" if result is None else "a result and --log"
        raise ResultError(
            f"replay: found {found}; expected a result folder, or logs of agents with --log FILE"
        )
    if logs and beside is not None:
        raise ResultError("--with: found a result beside logs; expected it beside a result")
    path = (Path(PAGE) if result is None else result / PAGE) if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and not is_a_page_of_ours(path):
        raise ResultError(f"--out: found {path}, which serfsim did not write; expected a new name")
    if result is None:
        _replay_logs(logs or [], path)
        return
    # start-up: the help works without it
    from serfsim.replays import replay as write

    write(result, path, beside)
    renew(result, [path])
    typer.echo(str(path))


def _replay_logs(files: list[Path], path: Path) -> None:
    """Write the page of some agents' logs; say what they tell, and the situation that it looks like."""
    # start-up: the help works without these
    from serfsim.replays import read_agent_logs, replay_logs
    from serfsim.study.situations.search import search

    read = read_agent_logs(files)
    replay_logs(read, path)
    for what, count in read.counts().items():
        typer.echo(f"{count:6d}  {what}")
    for (observer, subject), count in read.flaps().most_common(MOST_FLAPS):
        typer.echo(f"{count:6d}  {observer} sees {subject} flap")
    near = search("\n".join(text for _, _, text in read.lines[-MOST_LINES:])).near
    if near:
        entry = near[0].entry
        typer.echo(f"looks like {entry.name}: {entry.question} (serfsim answer {entry.name})")
    typer.echo(str(path))
