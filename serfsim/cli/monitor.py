"""`serfsim monitor RESULT`: the output of `serf monitor` in a finished run."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.cli.result_options import Folder, Node, past_of
from serfsim.results.folder import LOG
from serfsim.scenario.problems import unknown_name

EPOCH = 946684800.0  # seconds, the start of the year 2000


def monitor(
    result: Folder,
    node: Node = None,
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="TRACE, DEBUG, INFO, WARN or ERR.")
    ] = "INFO",
) -> None:
    """Print a node's log lines at or above a level, as `serf monitor` does.

    Lines have a date by the node's own wall clock: the scenario's 0 is 2000/01/01 00:00:00.
    """
    # start-up: the help works without it
    from serfsim.live.wall_clock import WallClock
    from serfsim.logs.lines import LEVELS, format_line, rank

    if level.upper() not in LEVELS:
        raise ResultError(f"--level: {unknown_name(level, 'a level', LEVELS)}")
    past = past_of(result)
    number = past.number(node, "--as")
    beginning = f"{past.names[number]} "
    clock = WallClock(past.scenario, number)
    lowest = LEVELS.index(level.upper())
    try:
        lines = (result / LOG).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ResultError(f"{result}: {LOG} cannot be read: {error.strerror or error}") from None
    goes_on = False  # a continuation line follows the line it belongs to
    for line in lines:
        if line.startswith("#") or not line[13:].startswith(beginning):
            continue
        text = line[13 + len(beginning) :]
        if text.startswith("["):
            goes_on = rank(text) >= lowest
            t = float(line[:12])
            text = format_line(EPOCH + clock.ahead(t), t, text)
        if goes_on:
            typer.echo(text)
