"""Tables as columns of arrays, the source of both parquet files (`parquet`) and pandas frames.

Writing a result and its page does not need pandas, whose import takes longer than a small run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import Integers

if TYPE_CHECKING:
    import pandas as pd


class Coded(NamedTuple):
    """A column of names, shape (m,): `codes` index `names`, -1 marks a missing value."""

    codes: Integers
    names: list[str]

    def values(self) -> list[str | None]:
        """Return the names, None where missing."""
        known = [*self.names, None]
        return [known[code] for code in self.codes.tolist()]


class Masked(NamedTuple):
    """A column with missing values; both arrays have shape (m,)."""

    values: NDArray[Any]
    missing: Booleans


Column: TypeAlias = NDArray[Any] | Coded | Masked
Columns: TypeAlias = dict[str, Column]
# pandas' nullable types for integers and booleans, by numpy type.
NULLABLE: Final = {"bool": "boolean", "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64"}


def frame_of(columns: Columns) -> pd.DataFrame:
    """Convert columns to a pandas frame: names become categories, missing values `pd.NA`."""
    # start-up: pandas is slow to import
    import pandas as pd

    def series(column: Column) -> Any:
        if isinstance(column, Coded):
            return pd.Categorical.from_codes(column.codes, categories=column.names)
        if isinstance(column, Masked):
            is_truth = column.values.dtype == np.bool_
            array = pd.arrays.BooleanArray if is_truth else pd.arrays.IntegerArray
            return array(column.values, column.missing)
        return pd.Series(column, dtype="str") if column.dtype == np.object_ else column

    return pd.DataFrame({name: series(column) for name, column in columns.items()})


def concatenate_tables(parts: Sequence[Columns]) -> Columns:
    """Concatenate one or more tables that have the same columns."""

    def column(name: str) -> Column:
        those = [part[name] for part in parts]
        first = those[0]
        if isinstance(first, Coded):
            return Coded(np.concatenate([one.codes for one in those if isinstance(one, Coded)]), first.names)
        if isinstance(first, Masked):
            masked = [one for one in those if isinstance(one, Masked)]
            return Masked(*(np.concatenate(both) for both in zip(*masked, strict=True)))
        return np.concatenate([one for one in those if isinstance(one, np.ndarray)])

    return parts[0] if len(parts) == 1 else {name: column(name) for name in parts[0]}
