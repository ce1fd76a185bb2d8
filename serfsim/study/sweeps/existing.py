"""Runs that are there already, in whatever form they are handed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from serfsim.base.errors import SweepError
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected
from serfsim.study.sweeps.folder import MANIFEST, Sweep, open_sweep
from serfsim.study.sweeps.table import parameters_of as parameters_of

if TYPE_CHECKING:
    import pandas as pd


class ExistingRuns(NamedTuple):
    """The tidy table of a sweep, the paths of its grid, and its scenario where that is known."""

    name: str
    table: pd.DataFrame
    parameters: list[str]
    scenario: Scenario | None


def existing_runs(what: Any) -> ExistingRuns | None:
    """The runs of a sweep's folder, an opened `Sweep` or a tidy table; None for anything else.

    A folder that has a sweep's folder `sweep` in it, as that of a tuning has, stands for it.
    """
    if hasattr(what, "columns"):
        return ExistingRuns("sweep", what, parameters_of(what), None)
    if isinstance(what, (str, Path)) and Path(what).is_dir():
        inner = Path(what) / "sweep"
        what = open_sweep(inner if (inner / MANIFEST).is_file() else what)
    if isinstance(what, Sweep):
        return ExistingRuns(what.name, what.table, what.parameters, what.scenario)
    return None


def require_runs(table: pd.DataFrame, name: str) -> None:
    """SweepError where a sweep has no run that is done, with the error of the first that failed."""
    if len(table) == 0:
        raise SweepError(f"{name}: {found_expected('a sweep without runs', 'at least one run')}")
    if "status" in table and (table["status"] != "done").all():
        error = table["error"].iloc[0] if "error" in table else "no reason given"
        raise SweepError(f"{name}: all {len(table)} runs failed, the first with: {error}")
