"""`serfsim versions`: the releases of Serf and memberlist, products, and the rules that each has."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from serfsim.manual.releases import as_data, as_markdown, as_text


def versions(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the tables of the manual's page of releases.")
    ] = False,
) -> None:
    """List releases of Serf and memberlist, the products that run them, and the rules of each."""
    if as_json:
        typer.echo(json.dumps(as_data(), indent=2))
    else:
        typer.echo(as_markdown() if markdown else as_text())
