"""Tables as columns of arrays, from which both parquet files (`parquet`) and pandas frames are made.

To write a result and its page needs no pandas, whose import takes longer than a small run.
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
    """A column of names, shape (m,): `codes` are places in `names`, -1 where the value is missing."""

    codes: Integers
    names: list[str]

    def values(self) -> list[str | None]:
        """The names themselves."""
        known = [*self.names, None]
        return [known[code] for code in self.codes.tolist()]


class Masked(NamedTuple):
    """A column of which some values are missing; all arrays (m,)."""

    values: NDArray[Any]
    missing: Booleans


Column: TypeAlias = NDArray[Any] | Coded | Masked
Columns: TypeAlias = dict[str, Column]
# pandas' own types for integers and truth values that may be missing, by the type of the values.
NULLABLE: Final = {"bool": "boolean", "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64"}


def frame_of(columns: Columns) -> pd.DataFrame:
    """The same as a pandas frame: names are categories, missing values `pd.NA`."""
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


def joined(parts: Sequence[Columns]) -> Columns:
    """The rows of tables of the same columns, of which there is one at least, in one."""

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
