"""`serfsim monitor RESULT`: the lines that `serf monitor` would have shown."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.cli.result_options import Folder, Node, past_of
from serfsim.results.folder import LOG
from serfsim.scenario.problems import unknown_name

EPOCH = 946684800.0  # the beginning of the year 2000


def monitor(
    result: Folder,
    node: Node = None,
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", help="TRACE, DEBUG, INFO, WARN or ERR.")
    ] = "INFO",
) -> None:
    """Print a node's log lines of a level and above, as `serf monitor` does.

    Lines have the date: the scenario's 0 stands for 2000/01/01 00:00:00.
    """
    # start-up: the help works without it
    from serfsim.logs.lines import LEVELS, rank, stamped

    if level.upper() not in LEVELS:
        raise ResultError(f"--level: {unknown_name(level, 'a level', LEVELS)}")
    past = past_of(result)
    beginning = f"{past.names[past.number(node, '--as')]} "
    lowest = LEVELS.index(level.upper())
    try:
        lines = (result / LOG).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ResultError(f"{result}: {LOG} cannot be read: {error.strerror or error}") from None
    goes_on = False  # a line of which more follows is one that is shown
    for line in lines:
        if line.startswith("#") or not line[13:].startswith(beginning):
            continue
        text = line[13 + len(beginning) :]
        if text.startswith("["):
            goes_on = rank(text) >= lowest
            text = stamped(EPOCH, float(line[:12]), text)
        if goes_on:
            typer.echo(text)
