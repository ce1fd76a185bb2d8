"""`serfsim members RESULT`: the output of `serf members` in a finished run."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.base.expressions import is_full_match
from serfsim.cli.result_options import Folder, Format, Node, Time, check_format, past_of
from serfsim.scenario.problems import found_expected


def members(
    result: Folder,
    node: Node = None,
    at: Time = None,
    status: Annotated[str, typer.Option(metavar="REGEXP", help="Only members with this status.")] = "",
    name: Annotated[str, typer.Option(metavar="REGEXP", help="Only members with this name.")] = "",
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=REGEXP", help="Only members with this tag; may be repeated."),
    ] = None,
    detailed: Annotated[bool, typer.Option("--detailed", help="Include the Serf protocol versions.")] = False,
    format: Format = "text",
) -> None:
    """Print the members known to a node at a time, as `serf members` does.

    The filters are regular expressions that must match the whole value.
    """
    # start-up: the help works without it
    from serfsim.live.views import is_wanted, members_json, members_text

    check_format(format)
    wanted = dict(_tag(text) for text in tags or ())
    for option, expression in (
        ("--status", status),
        ("--name", name),
        *(("--tag", e) for e in wanted.values()),
    ):
        try:
            is_full_match(expression, "")
        except ValueError:
            raise ResultError(
                f"{option}: {found_expected(repr(expression), 'a regular expression')}"
            ) from None
    past = past_of(result)
    views = past.members(past.number(node, "--as"), past.time(at))
    shown = [view for view in views if is_wanted(view, wanted, status, name)]
    typer.echo(members_json(shown) if format == "json" else members_text(shown, detailed))


def _tag(text: str) -> tuple[str, str]:
    key, equals, expression = text.partition("=")
    if not equals or not key:
        raise ResultError(f"--tag: {found_expected(repr(text), 'KEY=REGEXP')}")
    return key, expression
