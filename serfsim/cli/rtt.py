"""`serfsim rtt RESULT NODE [NODE]`: what `serf rtt` would have printed."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.cli.result_options import Folder, Node, Time, past_of
from serfsim.protocol.vivaldi.texts import estimate_text, unknown_node_text


def rtt(
    result: Folder,
    first: Annotated[str, typer.Argument(metavar="NODE", help="From here.")],
    second: Annotated[
        str | None, typer.Argument(metavar="[NODE]", help="To there; to the agent's own node unless given.")
    ] = None,
    node: Node = None,
    at: Time = None,
) -> None:
    """Estimate the round-trip time between two nodes from their coordinates at a time, as `serf rtt` does.

    Taken are the last samples of both nodes' own coordinates. Where there is none yet, exit code 1.
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
