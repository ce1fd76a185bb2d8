"""`serfsim compare BASE CANDIDATE`: compare two results or two sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.cli.confidence import confidence_of
from serfsim.cli.names import break_name

if TYPE_CHECKING:
    from serfsim.study.comparison import Comparison
    from serfsim.study.comparison.rows import Row

WIDE, SHORT = 100, 16  # columns of a wide terminal; columns of a name in a narrower one
COLOURS = {
    "worse": "bold red",
    "better": "bold blue",
    "changed": "bold yellow",
    "apart": "bold yellow",
    "same": "dim",
    "differs": "",
}


def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Folder of a result or of a sweep.")],
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE", help="Folder of the same kind.")],
    figures: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIGURES",
            help="Only these, such as detection or 'coordinates.*.p50'; may be repeated or joined by commas.",
        ),
    ] = None,
    confidence: Annotated[
        str, typer.Option(metavar="SHARE", help="Simultaneous confidence of all intervals.")
    ] = "95%",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for comparison.json, .csv, .md and .png.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON and nothing else.")
    ] = False,
) -> None:
    """Report which figures differ between two results or two sweeps, by how much, for better or worse."""
    # start-up: the help works without these
    from serfsim.study.comparison import compare as compared
    from serfsim.study.comparison.comparison import as_json_text

    wanted = [name.strip() for text in figures or () for name in text.split(",")]
    found = compared(base, candidate, figures=wanted or None, confidence=confidence_of(confidence), out=out)
    if json:
        typer.echo(as_json_text(found), nl=False)
        return
    print_comparison(found)
    if out is not None:
        typer.echo(f"result: {out}")


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print the conclusion, then for each setting a table of the figures that are not equal."""
    # start-up: the help works without it
    from serfsim.study.comparison.describe import notable_rows

    console = console or Console()
    first, *others = comparison.verdict.splitlines()
    console.print(f"[bold]{escape(first)}[/bold]")
    for line in others:
        console.print(escape(line))
    for setting in comparison.settings:
        rows = notable_rows(comparison, setting)
        if rows:
            console.print()
            console.print(_table(rows, setting, SHORT if console.width < WIDE else WIDE))


def _table(rows: Sequence[Row], setting: str, width: int) -> Table:
    """Build a table with one line per figure, grouped by family."""
    # start-up: the help works without it
    from serfsim.study.comparison.describe import HEADINGS, cells, label_text

    table = Table(box=None, pad_edge=False, header_style="bold", title=escape(setting) or None)
    for heading in HEADINGS:
        justify: Literal["left", "right"] = "right" if heading in ("base", "candidate") else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=heading != "figure")
    for family, members in groupby(rows, key=lambda row: row.family):
        table.add_row(f"[bold]{escape(family)}[/bold]")
        for row in members:
            others = [escape(cell) for cell in cells(row)[1:]]
            label = break_name(label_text(row), width).replace("\n", "\n  ")
            table.add_row(f"  {escape(label)}", *others, style=COLOURS[row.verdict])
    return table
