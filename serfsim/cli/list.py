"""`serfsim list`: the library of situations shipped with serfsim, by kind."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import ScenarioError
from serfsim.scenario.library import KINDS, folder
from serfsim.scenario.problems import unknown_name
from serfsim.scenario.shelf import entries


def list_scenarios(
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only those of this kind, such as udp or tuning.")
    ] = None,
) -> None:
    """List the shipped situations by kind, each with its question."""
    if kind is not None and kind not in KINDS:
        raise ScenarioError(f"--kind: {unknown_name(kind, 'a kind of situations', list(KINDS))}")
    shelf = entries(kind)
    if not shelf:
        raise ScenarioError(
            f"no scenarios {f'of the kind {kind} ' if kind else ''}are shipped with this version"
        )
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for one in dict.fromkeys(entry.kind for entry in shelf):
        if table.row_count:
            table.add_row("", "")
        table.add_row(f"[bold]{one}[/bold]", f"[dim]{escape(KINDS[one])}[/dim]")
        for entry in shelf:
            if entry.kind == one:
                text = f"cannot be used: {entry.error}" if entry.error else entry.question
                table.add_row(f"  {escape(entry.name)}", escape(text))
    Console().print(table)
    typer.echo(f"\nThey are in {folder()}. Run one with: serfsim run NAME")
