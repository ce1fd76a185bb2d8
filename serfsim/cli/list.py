"""`serfsim list`: the library of situations shipped with serfsim, by kind."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import ScenarioError
from serfsim.scenario.library import KINDS, folder, of_kind
from serfsim.scenario.loading import load
from serfsim.scenario.problems import unknown_name


def list_scenarios(
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only those of this kind, such as udp or tuning.")
    ] = None,
) -> None:
    """List the shipped situations by kind, each with its question."""
    if kind is not None and kind not in KINDS:
        raise ScenarioError(f"--kind: {unknown_name(kind, 'a kind of situations', list(KINDS))}")
    wanted = {one: of_kind(one) for one in ([kind] if kind else KINDS)}
    if not any(wanted.values()):
        raise ScenarioError("no scenarios are shipped with this installation")
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for one, files in wanted.items():
        if not files:
            continue
        if table.row_count:
            table.add_row("", "")
        table.add_row(f"[bold]{one}[/bold]", f"[dim]{escape(KINDS[one])}[/dim]")
        for file in files:
            try:
                question = load(file, kept=True).question
            except ScenarioError as error:
                question = f"cannot be used: {str(error).splitlines()[0]}"
            table.add_row(f"  {escape(file.stem)}", escape(question))
    Console().print(table)
    typer.echo(f"\nThey are in {folder()}. Run one with: serfsim run NAME")
