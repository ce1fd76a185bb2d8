"""`serfsim rtt RESULT NODE [NODE]`: the output of `serf rtt` in a finished run."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.cli.result_options import Folder, Node, Time, past_of
from serfsim.protocol.vivaldi.texts import estimate_text, unknown_node_text


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

    Uses the last sample of each node's own coordinate before the time. Exits with 1 where there is none yet.
    """
    past = past_of(result)
    t = past.time(at)
    a = past.number(first, "NODE")
    b = past.number(node, "--as") if second is None else past.number(second, "NODE")
    places = [past.coordinate(number, t) for number in (a, b)]
    for number, place in zip((a, b), places, strict=True):
        if place is None:
            typer.echo(unknown_node_text(past.names[number]), err=True)
            raise typer.Exit(1)
    assert places[0] is not None
    assert places[1] is not None
    typer.echo(estimate_text(past.names[a], places[0], past.names[b], places[1]))
