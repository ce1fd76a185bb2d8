"""The table of a sweep in the terminal: a few figures at every point of its grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.scenario.model import Scenario
from serfsim.study.sweeps.grid import as_text
from serfsim.study.sweeps.overview import figure_text, headlines, runs_text, short_titles, summary
from serfsim.study.sweeps.table import parameters_of

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS: Final = 30  # longer tables are not printed
GAP: Final = 2  # between columns


def print_points(
    table: pd.DataFrame,
    scenario: Scenario,
    figures: Sequence[str],
    confidence: float | None,
    statistic: str,
    console: Console | None = None,
) -> None:
    """Print a line for each point of the grid, with the requested figures or as many headlines as fit."""
    console = console or Console()
    points = summary(table, confidence, statistic, list(figures) or headlines(table, scenario))
    if len(points) > MOST_POINTS:
        console.print(f"{len(points)} points of the grid, too many to show here")
        return
    bounds = "" if confidence is None else f", in brackets its {100 * confidence:g} % interval"
    console.print(f"{statistic} over the seeds{bounds}", style="dim")
    columns = columns_of(points, parameters_of(table))
    if not figures:
        columns = fitting(columns, console.width, fewest=len(parameters_of(table)) + 2)
    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for title, _ in columns:
        shown.add_column(escape(title), justify="right", overflow="fold")
    for cells in zip(*(cells for _, cells in columns), strict=True):
        shown.add_row(*(escape(cell) for cell in cells))
    console.print(shown)


Column = tuple[str, list[str]]


def columns_of(points: pd.DataFrame, parameters: Sequence[str]) -> list[Column]:
    """Return (title, cells) of each column: parameters, runs, figures."""
    rows = points.to_dict("records")
    names = [name for name in points.columns[len(parameters) + 2 :] if not name.endswith((".low", ".high"))]
    titles = short_titles(parameters)
    return [
        *((titles[path], [as_text(row[path]) for row in rows]) for path in parameters),
        ("runs", [runs_text(row["runs"], row["failed"]) for row in rows]),
        *((name.replace(".", ".\n", 1), [figure_text(row, name) for row in rows]) for name in names),
    ]


def fitting(columns: Sequence[Column], width: int, fewest: int) -> list[Column]:
    """Return as many of the first columns as fit."""
    taken: list[Column] = []
    for title, cells in columns:
        width -= GAP + max(len(text) for text in [*title.split("\n"), *cells])
        if width < -GAP and len(taken) >= fewest:
            break
        taken.append((title, cells))
    return taken
