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
SHORTEST: Final = 5  # letters of a path's last part that say enough by themselves: 'udp', 'size' do not


@dataclass(frozen=True)
class Setting:
    """One point of the grid, its runs, and what it is called: 'suspicion_mult 5'."""

    parameters: dict[str, Any]
    name: str
    runs: pd.DataFrame

    @property
    def seeds(self) -> int:
        return len(self.runs)

    @property
    def failed(self) -> int:
        """Runs that were started and gave nothing."""
        return int((self.runs["status"] != "done").sum()) if "status" in self.runs else 0

    def values(self, figure: str, *, without: float, failed: float) -> Floats:
        """A figure of every run; `without` stands for a run that has none, `failed` for one that failed.

        A run without the figure (nothing crashed, or not everybody noticed) is worth what the caller
        says, so that it is never left out silently.
        """
        values: Floats = self.runs[figure].to_numpy(dtype=np.float64, copy=True)
        lost = self._lost()
        values[np.isnan(values) & ~lost] = without
        values[lost] = failed
        return values

    def missing(self, figure: str) -> int:
        """Runs that have no such figure, failed ones among them."""
        return int((self.runs[figure].isna().to_numpy() | self._lost()).sum())

    def _lost(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if "status" not in self.runs:
            return np.zeros(len(self.runs), dtype=np.bool_)
        return np.asarray(self.runs["status"] != "done", dtype=np.bool_)


def settings_of(table: pd.DataFrame, parameters: Sequence[str]) -> list[Setting]:
    """The settings in the table's order, which is the grid's."""
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
    """The last part of each path, or as much of its end as says enough and tells it from the others.

    Of 'network.loss.udp' it is 'loss.udp', of 'faults.0.for' all.
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
    """Whether an end of a path begins in an entry of a list, or with its number."""
    return first.isdigit() or before.isdigit()


def value_text(value: Any) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return as_text(value)


def _plain(value: Any) -> Any:
    """The value of a cell in types of JSON: numpy's numbers become Python's, NaN becomes nothing."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return None if isinstance(value, float) and math.isnan(value) else value
