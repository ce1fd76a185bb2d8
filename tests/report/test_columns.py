"""Tables as columns, as parquet files and as pandas frames: each the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serfsim.results.columns import Coded, Columns, Masked, concatenate_tables, frame_of
from serfsim.results.parquet import read_parquet, write_parquet

TABLE: Columns = {
    "t_s": np.array([0.5, np.nan, 2.5]),
    "node": Coded(np.array([1, -1, 0]), ["a", "beta"]),
    "name": np.array(["", "grün", "x y"], dtype=np.object_),
    "count": np.array([1, 2**62, -3]),
    "up": np.array([True, False, True]),
    "reachable": Masked(np.array([True, False, False]), np.array([False, False, True])),
    "confirmations": Masked(np.array([4, 0, 7], dtype=np.int32), np.array([False, True, False])),
    "known": Masked(np.array([1, 2, 3], dtype=np.int32), np.zeros(3, dtype=np.bool_)),
}


def test_pandas_reads_the_file_as_the_frame_that_was_meant(tmp_path: Path) -> None:
    write_parquet([TABLE], tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), frame_of(TABLE))


@pytest.mark.parametrize("by_pandas", [True, False])
def test_what_is_read_gives_the_same_frame(tmp_path: Path, by_pandas: bool) -> None:
    file = tmp_path / "t.parquet"
    if by_pandas:
        frame_of(TABLE).to_parquet(file, index=False, row_group_size=2)
    else:
        write_parquet([TABLE], file)
    found = read_parquet(file)
    pd.testing.assert_frame_equal(frame_of(found), frame_of(TABLE))
    node = found["node"]
    assert isinstance(node, Coded)
    assert node.values() == ["beta", None, "a"]


def test_parts_are_read_back_as_the_one_table_that_they_make(tmp_path: Path) -> None:
    def part(rows: slice) -> Columns:
        return {
            name: Coded(column.codes[rows], column.names)
            if isinstance(column, Coded)
            else Masked(column.values[rows], column.missing[rows])
            if isinstance(column, Masked)
            else column[rows]
            for name, column in TABLE.items()
        }

    parts = [part(slice(0, 0)), part(slice(0, 2)), part(slice(2, 2)), part(slice(2, 3))]
    pd.testing.assert_frame_equal(frame_of(concatenate_tables(parts)), frame_of(TABLE))
    write_parquet(iter(parts), tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(frame_of(read_parquet(tmp_path / "t.parquet")), frame_of(TABLE))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), frame_of(TABLE))


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    empty: Columns = {"t_s": np.zeros(0), "node": Coded(np.zeros(0, dtype=np.int64), ["a"])}
    write_parquet([empty], tmp_path / "t.parquet")
    found = read_parquet(tmp_path / "t.parquet")
    assert list(found) == ["t_s", "node"]
    assert len(frame_of(found)) == 0


def test_a_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"t": [[1], [2]]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="found a column of list"):
        read_parquet(tmp_path / "t.parquet")
