"""What a person wants to see first of a sweep: a few figures at every point of its grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.scenario.model import Scenario
from serfsim.sweeps.grid import as_text
from serfsim.sweeps.overview import figures_of, summary
from serfsim.sweeps.table import parameters_of

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS: Final = 30  # a longer table is for a file
GAP: Final = 2  # between columns

# Shown unless others are asked for, after those of the scenario's claims: what most sweeps are about.
HEADLINES: Final = (
    "detection.first_s.p50",
    "detection.full_s.p99",
    "detection.false_positives",
    "detection.flaps_per_node_hour",
    "coordinates.relative_error.p50",
    "dissemination.events.p99_s",
    "traffic.bytes_per_node_s",
)


def print_points(
    table: pd.DataFrame,
    scenario: Scenario,
    figures: Sequence[str],
    confidence: float | None,
    statistic: str,
    console: Console | None = None,
) -> None:
    """A line for each point of the grid; the figures asked for, or as many headlines as there is room."""
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


def headlines(table: pd.DataFrame, scenario: Scenario) -> list[str]:
    """The figures of claims, then HEADLINES, of those that have a value; what never changes comes last."""
    wanted = dict.fromkeys([*(claim.figure for claim in scenario.claims), *HEADLINES])
    known = set(figures_of(table))
    there = [name for name in wanted if name in known and table[name].notna().any()]
    return sorted(there, key=lambda name: table[name].nunique() < 2)


Column = tuple[str, list[str]]


def columns_of(points: pd.DataFrame, parameters: Sequence[str]) -> list[Column]:
    """(title, cells) of each: parameters, runs, figures."""
    rows = points.to_dict("records")
    names = [name for name in points.columns[len(parameters) + 2 :] if not name.endswith((".low", ".high"))]
    titles = short_titles(parameters)
    return [
        *((titles[path], [as_text(row[path]) for row in rows]) for path in parameters),
        ("runs", [runs_text(row["runs"], row["failed"]) for row in rows]),
        *((name.replace(".", ".\n", 1), [figure_text(row, name) for row in rows]) for name in names),
    ]


def runs_text(done: int, failed: int) -> str:
    return f"{done} (+{failed} failed)" if failed else str(done)


def short_titles(parameters: Sequence[str]) -> dict[str, str]:
    """The last part of each path where that tells them apart, else the path."""
    last = {path: path.rpartition(".")[2] for path in parameters}
    alike = list(last.values())
    return {path: title if alike.count(title) == 1 else path for path, title in last.items()}


def fitting(columns: Sequence[Column], width: int, fewest: int) -> list[Column]:
    """As many of the first columns as there is room for."""
    taken: list[Column] = []
    for title, cells in columns:
        width -= GAP + max(len(text) for text in [*title.split("\n"), *cells])
        if width < -GAP and len(taken) >= fewest:
            break
        taken.append((title, cells))
    return taken


def figure_text(point: Mapping[Any, Any], name: str) -> str:
    """'3.21', or '3.21 (2.9 to 3.5)'."""
    value = point[name]
    if math.isnan(value):
        return "-"
    if f"{name}.low" not in point:
        return f"{value:.4g}"
    low, high = point[f"{name}.low"], point[f"{name}.high"]
    return f"{value:.4g} ({low:.3g} to {high:.3g})".replace("inf", "∞")
