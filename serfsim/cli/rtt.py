"""`serfsim rtt RESULT NODE [NODE]`: the output of `serf rtt` in a finished run."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.cli.result_options import Folder, Node, Time, past_of
from serfsim.live.finished_run import NoCoordinateError
from serfsim.protocol.vivaldi.coordinate import nanoseconds
from serfsim.protocol.vivaldi.texts import estimate_text, unknown_node_text
from serfsim.results.places import system_of


def rtt(
    result: Folder,
    first: Annotated[str, typer.Argument(metavar="NODE", help="First node.")],
    second: Annotated[
        str | None, typer.Argument(metavar="[NODE]", help="Second node; default: the agent's own node.")
    ] = None,
    node: Node = None,
    at: Time = None,
) -> None:
    """Estimate the round-trip time between two nodes from their coordinates, as `serf rtt` does.

    Uses the last sample of each node's own coordinate before the time, and estimates as the run's coordinate
    system does. Exits with 1 where there is none yet.
    """
    past = past_of(result)
    t = past.time(at)
    a = past.number(first, "NODE")
    b = past.number(node, "--as") if second is None else past.number(second, "NODE")
    try:
        found = past.estimate(a, b, t)
    except NoCoordinateError as error:
        typer.echo(unknown_node_text(str(error)), err=True)
        raise typer.Exit(1) from None
    if found is None:
        system = system_of(past.result.summary).name
        text = f"no estimate: by `{system}`, {past.names[a]} knows nothing of {past.names[b]} yet"
        typer.echo(text, err=True)
        raise typer.Exit(1)
    typer.echo(estimate_text(past.names[a], past.names[b], nanoseconds(found)))
