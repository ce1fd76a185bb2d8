"""`serfsim info RESULT`: the output of `serf info` in a finished run."""

from __future__ import annotations

import typer

from serfsim.cli.result_options import Folder, Format, Node, Time, check_format, past_of


def info(result: Folder, node: Node = None, at: Time = None, format: Format = "text") -> None:
    """Print the statistics of a node's agent at a time, as `serf info` does.

    A result does not record clocks and queues, so the run is repeated up to that time.
    """
    # start-up: the help works without it
    from serfsim.live.views import info_json, info_text

    check_format(format)
    past = past_of(result)
    stats = past.stats(past.number(node, "--as"), past.time(at))
    typer.echo(info_json(stats) if format == "json" else info_text(stats))
