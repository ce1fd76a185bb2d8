"""The settings of a sweep: the runs of each point of its grid, read from the tidy table."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from serfsim.study.statistics.intervals import Floats
from serfsim.study.sweeps.grid import as_text

if TYPE_CHECKING:
    import pandas as pd


AS_IT_IS: Final = "the scenario as it is"
SHORTEST: Final = 5  # shortest last part of a path that is clear by itself: 'udp', 'size' are not


@dataclass(frozen=True)
class Setting:
    """One point of the grid, its runs and its name: 'suspicion_mult 5'."""

    parameters: dict[str, Any]
    name: str
    runs: pd.DataFrame

    @property
    def seeds(self) -> int:
        return len(self.runs)

    @property
    def failed(self) -> int:
        """Runs that failed."""
        return int((self.runs["status"] != "done").sum()) if "status" in self.runs else 0

    def values(self, figure: str, *, without: float, failed: float) -> Floats:
        """Return a figure of every run; `without` stands for a missing value, `failed` for a failed run.

        The caller decides the value of a run without the figure (nothing crashed, or not everybody noticed),
        so that none is dropped silently.
        """
        values: Floats = self.runs[figure].to_numpy(dtype=np.float64, copy=True)
        lost = self._lost()
        values[np.isnan(values) & ~lost] = without
        values[lost] = failed
        return values

    def missing(self, figure: str) -> int:
        """Return the number of runs without the figure, including failed ones."""
        return int((self.runs[figure].isna().to_numpy() | self._lost()).sum())

    def _lost(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if "status" not in self.runs:
            return np.zeros(len(self.runs), dtype=np.bool_)
        return np.asarray(self.runs["status"] != "done", dtype=np.bool_)


def settings_of(table: pd.DataFrame, parameters: Sequence[str]) -> list[Setting]:
    """Return the settings in the order of the table, which is that of the grid."""
    keys = [
        json.dumps([_plain(value) for value in row])
        for row in table[list(parameters)].itertuples(index=False)
    ]
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    short = short_names(parameters)
    settings = []
    for rows in places.values():
        runs = table.iloc[rows]
        point = {path: _plain(runs[path].iloc[0]) for path in parameters}
        name = ", ".join(f"{short[path]} {value_text(value)}" for path, value in point.items())
        settings.append(Setting(point, name or AS_IT_IS, runs))
    return settings


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the shortest clear and distinct end of each path.

    'network.loss.udp' gives 'loss.udp', 'faults.0.for' stays whole.
    """
    names = {}
    for path in paths:
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            end = ".".join(parts[-count:])
            if count < len(parts) and (
                len(end) < SHORTEST or _is_index(parts[-count:][0], parts[-count - 1])
            ):
                continue
            if sum(other == end or other.endswith("." + end) for other in paths) == 1:
                break
        names[path] = end
    return names


def _is_index(first: str, before: str) -> bool:
    """Return True if the end of a path would start inside a list entry or with its index."""
    return first.isdigit() or before.isdigit()


def value_text(value: Any) -> str:
    """Format a value as written on the command line."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return as_text(value)


def _plain(value: Any) -> Any:
    """Convert a cell to a type of JSON: numpy numbers become Python's, NaN becomes None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return None if isinstance(value, float) and math.isnan(value) else value
