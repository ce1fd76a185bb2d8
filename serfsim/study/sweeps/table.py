"""The tidy table of a sweep: a row for each run, in the order of the grid, then of the seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import SweepError
from serfsim.scenario.figures import FIGURES
from serfsim.scenario.problems import found_expected
from serfsim.scenario.units import read_bandwidth, read_duration, read_share, read_size
from serfsim.study.sweeps.grid import as_text
from serfsim.study.sweeps.worker import Outcome

if TYPE_CHECKING:
    import pandas as pd


# Columns between a run's parameters and its figures.
ABOUT: Final = ("seed", "run", "status", "error", "digest", "complete", "claims_failed", "cpu_s", "wall_s")


# Suffixes of column names by unit: seconds, shares of 1, bytes, bits per second.
QUANTITIES: Final[Mapping[str, Callable[[object], float]]] = {
    "s": read_duration,
    "share": read_share,
    "bytes": read_size,
    "bit_per_s": read_bandwidth,
}


def table_of(outcomes: Iterable[Outcome], parameters: Sequence[str]) -> pd.DataFrame:
    """Return the table: the grid's paths, then ABOUT, then the figures (float, NaN where missing).

    Quantities of the grid follow the seed as numbers, each in a column whose name ends with the unit.
    """
    # start-up: pandas is slow to import
    import pandas as pd

    rows = list(outcomes)
    columns: dict[str, Any] = {
        path: parameter_column([row.job.parameters[path] for row in rows]) for path in parameters
    }
    columns["seed"] = [row.job.seed for row in rows]
    for path in parameters:
        columns |= quantity_column(path, columns[path])
    for name in ABOUT[1:]:
        columns[name] = [getattr(row, name) for row in rows]
    for name in figure_names(rows):
        columns[name] = pd.Series([row.row.get(name, math.nan) for row in rows], dtype="float64")
    return pd.DataFrame(columns)


def parameters_of(table: pd.DataFrame) -> list[str]:
    """Return the grid's paths: the columns before the seed.

    Raises SweepError where the table has no seed.
    """
    columns = [str(column) for column in table.columns]
    if ABOUT[0] not in columns:
        expected = "a sweep's table, with the parameters, then seed, then the figures"
        raise SweepError(found_expected("a table without a column 'seed'", expected))
    return columns[: columns.index(ABOUT[0])]


def figure_names(rows: Iterable[Outcome]) -> list[str]:
    """Return those of FIGURES, then the runs' other figures by name."""
    others = {name for row in rows for name in row.row} - FIGURES.keys()
    return [*FIGURES, *sorted(others)]


def quantity_column(path: str, values: Sequence[Any]) -> dict[str, list[float]]:
    """Convert texts with units to numbers: `path` of 500ms and 1s gives `path_s` of 0.5 and 1.

    Empty where a value is not such a text.
    """
    if not all(isinstance(value, str) for value in values):
        return {}
    for unit, read in QUANTITIES.items():
        with suppress(ValueError):
            return {f"{path}_{unit}": [float(read(value)) for value in values]}
    return {}


def parameter_column(values: Sequence[Any]) -> list[Any]:
    """Keep all-number and all-switch columns, and turn other values into YAML text.

    A column of one type can be grouped by and stored in any file.
    """
    if all(isinstance(value, bool) for value in values):
        return list(values)
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return list(values)
    return [as_text(value) for value in values]
