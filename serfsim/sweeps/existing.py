"""Runs that are there already, in whatever form they are handed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim.errors import SweepError
from serfsim.scenario.problems import sentence
from serfsim.sweeps.folder import MANIFEST, Sweep, open_sweep

if TYPE_CHECKING:
    import pandas as pd


def existing_runs(what: Any) -> tuple[str, pd.DataFrame, list[str]] | None:
    """(name, table, parameters) of a sweep's folder, an opened `Sweep` or a tidy table; None for others.

    A folder that has a sweep's folder `sweep` in it, as that of a tuning has, stands for it.
    """
    if hasattr(what, "columns"):
        return "sweep", what, parameters_of(what)
    if isinstance(what, (str, Path)) and Path(what).is_dir():
        inner = Path(what) / "sweep"
        what = open_sweep(inner if (inner / MANIFEST).is_file() else what)
    if isinstance(what, Sweep):
        return what.name, what.table, what.parameters
    return None


def parameters_of(table: pd.DataFrame) -> list[str]:
    """The columns before the seed. SweepError where the table has no seed."""
    columns = [str(column) for column in table.columns]
    if "seed" not in columns:
        expected = "a sweep's table, with the parameters, then seed, then the figures"
        raise SweepError(sentence("a table without a column 'seed'", expected))
    return columns[: columns.index("seed")]
