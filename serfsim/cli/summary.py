"""The summary of a run as a table in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.base.english import printable
from serfsim.report.releases import nodes_text
from serfsim.report.tables import Row, claim_rows, summary_rows

WIDE = 100  # columns needed to show explanations
COLOURS = {"holds": "green", "FAILS": "bold red"}


def print_summary(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Print question, claims, figures and speed, by default to standard output."""
    console = console or Console()
    console.print(f"[bold]{escape(printable(summary['name']))}[/bold]")
    if summary.get("question"):
        console.print(escape(printable(summary["question"])))
    claims = claim_rows(summary)
    if claims:
        console.print(figures_table(claims))
    console.print(figures_table(summary_rows(summary), explained=console.width >= WIDE))
    console.print()
    console.print(escape(speed_line(summary)))


def figures_table(rows: list[Row], explained: bool = True) -> Table:
    """Build the table of figures by section; claims show the value found instead of a meaning."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(overflow="fold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    for section, members in groupby(rows, key=lambda row: row.section):
        table.add_row("")
        table.add_row(f"[bold]{escape(section)}[/bold]")
        for row in members:
            value = escape(f"{row.value} {row.unit}".rstrip())
            colour = COLOURS.get(row.value)
            value = f"[{colour}]{value}[/{colour}]" if colour else value
            meaning = escape(row.meaning) if explained else ""
            table.add_row(f"  {escape(printable(row.label))}", value, meaning)
    return table


def speed_line(summary: Mapping[str, Any]) -> str:
    """Format the amount simulated and the speed."""
    simulated = summary["warm_up_s"] + summary["duration_s"]
    if not summary["complete"] and summary.get("interrupted_at_s") is not None:
        simulated = summary["warm_up_s"] + summary["interrupted_at_s"]
    wall = summary["wall_s"]
    parts = [f"{nodes_text(summary)}, {simulated:,.0f} s simulated in {wall:.2f} s"]
    if wall > 0:
        rate = summary["events_processed"] / wall
        parts.append(f"{simulated / wall:,.0f} times real time, {rate:,.0f} events/s")
    parts.append("compiled" if summary["versions"]["compiled"] else "interpreted")
    return ", ".join(parts)
