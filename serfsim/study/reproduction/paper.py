"""A paper as data: published figures, grid, verdicts, assumptions."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from serfsim.base.errors import SerfsimError
from serfsim.study.reproduction.cell import Cell

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from serfsim.study.statistics import Interval

HOLDS: Final = "holds"
FAILS: Final = "fails"
NOT_JUDGED: Final = "not judged"
Outcome = Literal["holds", "fails", "not judged"]
RULES: Final = ("code", "paper")
NOTES: Final = "notes.md"


@dataclass(frozen=True)
class Options:
    """Options of a reproduction.

    `rules`: "code" runs the protocol as its code has it, "paper" as the paper describes it. `slice`: {factor:
    chosen values}, empty for the whole grid.
    """

    rules: str = "code"
    slice: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Published:
    """A published figure.

    `source`: its table or figure. `cell`: words that tell it from others of its quantity. `low` and `high`:
    its published bounds, NaN without any. `mark`: "read" from text or a table, or "digitised" from a figure.
    """

    id: str
    source: str
    quantity: str
    cell: str
    value: float
    low: float
    high: float
    unit: str
    mark: str


@dataclass(frozen=True)
class Verdict:
    """A published claim beside ours.

    `ours` with its interval, `low` to `high`, NaN where there is none. `tolerance`: the rule in words. `why`:
    the reason of a failure, or why nothing could be judged.
    """

    id: str
    claim: str
    published: str
    ours: float | str
    low: float
    high: float
    tolerance: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class Assumption:
    """A free parameter: the value used, the alternatives that were tried, its source, and the reason."""

    parameter: str
    value: str
    alternatives: Sequence[str]
    source: str
    why: str


class Table(NamedTuple):
    """A table of our own figures: a title, columns, and rows of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def no_tables(rows: pd.DataFrame) -> Sequence[Table]:
    """Return no table."""
    return ()


def no_figures(rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Draw nothing."""
    return {}


@dataclass(frozen=True)
class Paper:
    """A paper, or another published result.

    `folder` bears its name, and has `published.csv` (see `read_published`) and perhaps `notes.md`, its
    findings in prose. `cells(options)` returns the grid in the order in which it runs; cells with a
    `sensitivity` run only where that is asked for. `run(cell, seed)` returns {figure: number}; it is a
    function of a module, and all that it depends on is in the paper's folder or in serfsim itself.
    `verdicts(rows, options)` judges a table with a row for each finished cell and seed: a column for each
    factor, `seed`, then the figures. `ours(rows, options)` returns {id of a published figure: interval over
    seeds}, for the table of both. `headline(rows)` returns the figures by which sensitivity is measured, by
    default the mean of every column. `figures(rows, verdicts)` returns {name: matplotlib figure with one
    axes}, `tables(rows)` tables of figures that have no published ones beside them. `data`: names in
    DATA_SETS, or files in SERFSIM_DATA, that it needs. `seeds`: by default.
    """

    folder: Path
    title: str
    citation: str
    question: str
    cells: Callable[[Options], list[Cell]]
    run: Callable[[Cell, int], Mapping[str, float]]
    verdicts: Callable[[pd.DataFrame, Options], list[Verdict]]
    assumptions: Sequence[Assumption] = ()
    figures: Callable[[pd.DataFrame, Sequence[Verdict]], Mapping[str, Figure]] = no_figures
    tables: Callable[[pd.DataFrame], Sequence[Table]] = no_tables
    ours: Callable[[pd.DataFrame, Options], Mapping[str, Interval]] | None = None
    headline: Callable[[pd.DataFrame], Mapping[str, float]] | None = None
    data: Sequence[str] = ()
    seeds: str = "1-10"

    @property
    def name(self) -> str:
        """The name by which it is reproduced."""
        return self.folder.name

    @cached_property
    def published(self) -> list[Published]:
        """The published figures."""
        return read_published(self.folder)

    @property
    def notes(self) -> str:
        """Markdown for below the tables, "" without any."""
        file = self.folder / NOTES
        return file.read_text(encoding="utf-8") if file.is_file() else ""


COLUMNS: Final = ("id", "source", "quantity", "cell", "value", "low", "high", "unit", "mark")
MARKS: Final = ("read", "digitised")


def read_published(folder: Path) -> list[Published]:
    """Read `published.csv` of a paper's folder.

    Raises SerfsimError for a missing column, a value that is no number, an unknown mark, and a repeated id.
    """
    file = folder / "published.csv"
    found: dict[str, Published] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        if tuple(table.fieldnames or ()) != COLUMNS:
            raise SerfsimError(f"{file}:1: found {table.fieldnames}; expected {', '.join(COLUMNS)}")
        for row in table:
            try:
                numbers = {name: float(row[name] or "nan") for name in ("value", "low", "high")}
            except (ValueError, TypeError):
                raise SerfsimError(f"{file}:{table.line_num}: expected numbers in value, low, high") from None
            if row["mark"] not in MARKS or row["id"] in found:
                raise SerfsimError(f"{file}:{table.line_num}: expected a new id and a mark of {MARKS}")
            values: dict[str, Any] = {**row, **numbers}
            found[row["id"]] = Published(**values)
    return list(found.values())


def data_file(name: str) -> Path:
    """Return a file or folder of SERFSIM_DATA.

    Raises SerfsimError where the variable is not set, or has no such file.
    """
    folder = os.environ.get("SERFSIM_DATA", "")
    if not folder:
        raise SerfsimError(f"SERFSIM_DATA: found nothing; expected a folder that has {name}")
    place = Path(folder) / name
    if not place.exists():
        raise SerfsimError(f"SERFSIM_DATA: found {folder} without {name}; expected a folder that has it")
    return place


def new_figure(width: float = 9.6, height: float = 4.8) -> tuple[Figure, Any]:
    """Return an empty figure in the common style, and its axes; sizes in inches."""
    # start-up: matplotlib is slow to import
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    from serfsim.report.plots.style import STYLE

    with mpl.rc_context(STYLE):
        figure = NewFigure(figsize=(width, height))
        FigureCanvasAgg(figure)
        return figure, figure.add_subplot()
