"""`serfsim list`: the scenarios shipped with serfsim."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.errors import ScenarioError
from serfsim.scenario.library import folder, shipped
from serfsim.scenario.loading import load


def list_scenarios() -> None:
    """List the shipped scenarios, each with its question."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, file in shipped().items():
        try:
            question = load(file, kept=True).question
        except ScenarioError as error:
            question = f"cannot be used: {str(error).splitlines()[0]}"
        table.add_row(escape(name), escape(question))
    if table.row_count == 0:
        raise ScenarioError("no scenarios are shipped with this installation")
    Console().print(table)
    typer.echo(f"\nThey are in {folder()}. Run one with: serfsim run NAME")
