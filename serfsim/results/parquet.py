"""Read and write tables as parquet files.

The files carry the metadata by which pandas restores a frame's types, as `DataFrame.to_parquet` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from serfsim.results.columns import NULLABLE, Coded, Column, Columns, Masked
from serfsim.results.scoring.intervals import Booleans


class ParquetParts:
    """A table written part by part, each a row group, compressed with zstd. Methods raise OSError.

    All parts have the same columns and code names. The file is created with the first. `varied`: columns of
    integers that hardly repeat. With `split` the bytes of floats are written in separate streams, which takes
    less time and space where times have many digits.
    """

    def __init__(self, path: Path, *, varied: Collection[str] = (), split: bool = False) -> None:
        self._path = path
        self._varied = varied
        self._split = split
        self._writer: pq.ParquetWriter | None = None

    def write(self, columns: Columns) -> None:
        """Append a part."""
        arrays = [_array(column) for column in columns.values()]
        note = {"pandas": json.dumps(_note(columns))}
        table = pa.Table.from_arrays(arrays, names=list(columns), metadata=note)
        if self._writer is None:
            # Floats hardly ever repeat, and minima and maxima of names are of no use.
            floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
            varied = {*floats, *self._varied}
            self._writer = pq.ParquetWriter(
                self._path,
                table.schema,
                compression="zstd",
                use_dictionary=[name for name in table.column_names if name not in varied],
                write_statistics=floats,
                use_byte_stream_split=floats if self._split else False,
            )
        if len(table):
            self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file; further calls do nothing."""
        if self._writer is not None:
            self._writer.close()


def write_parquet(parts: Iterable[Columns], path: Path) -> None:
    """Write a table of one or more parts, possibly empty (`ParquetParts`). Raises OSError on failure."""
    whole = ParquetParts(path)
    try:
        for columns in parts:
            whole.write(columns)
    finally:
        whole.close()


def read_parquet(path: Path) -> Columns:
    """Read the columns of a file of serfsim or pandas. Raises OSError or ValueError if it is not parquet."""
    with pq.ParquetFile(path) as file:  # read_table would import pandas
        table = file.read()
    note = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    own = {about["name"]: about["numpy_type"] for about in note.get("columns", ())}
    return {
        name: _column(table.column(name), own.get(name) in NULLABLE.values()) for name in table.column_names
    }


def _array(column: Column) -> pa.Array:
    """Build the Arrow array from buffers, because `pyarrow.array` imports pandas."""
    if isinstance(column, Coded):
        codes = np.where(column.codes < 0, 0, column.codes).astype(np.int32)
        return pa.DictionaryArray.from_arrays(_plain(codes, column.codes < 0), _texts(column.names))
    if isinstance(column, Masked):
        return _plain(column.values, column.missing)
    return _texts(column.tolist()) if column.dtype == np.object_ else _plain(column)


def _plain(values: NDArray[Any], missing: Booleans | None = None) -> pa.Array:
    """Build an array of numbers or booleans."""
    valid = None if missing is None or not missing.any() else _bits(~missing)
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(pa.bool_(), len(values), [valid, _bits(values)])
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [valid, data])


def _bits(values: Booleans) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little").tobytes())


def _texts(texts: list[str]) -> pa.Array:
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)


def _note(columns: Columns) -> dict[str, Any]:
    """Return pandas' metadata for a frame without an index ("pandas metadata" in its documentation)."""

    def about(name: str, column: Column) -> dict[str, Any]:
        details = None
        if isinstance(column, Coded):
            kind, own = "categorical", "int32"
            details = {"num_categories": len(column.names), "ordered": False}
        elif isinstance(column, Masked):
            kind = str(column.values.dtype)
            own = NULLABLE[kind]
        elif column.dtype == np.object_:
            kind, own = "unicode", "str"
        else:
            kind = own = str(column.dtype)
        return {
            "name": name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": own,
            "metadata": details,
        }

    return {
        "index_columns": [],
        "column_indexes": [],
        "columns": [about(name, column) for name, column in columns.items()],
        "creator": {"library": "serfsim", "version": "1"},
        "pandas_version": "2.1.0",
    }


def _column(chunks: pa.ChunkedArray, nullable: bool) -> Column:
    """Reverse `_array`, from buffers for the same reason."""
    array = (
        pa.concat_arrays(chunks.unify_dictionaries().chunks)
        if chunks.num_chunks
        else pa.nulls(0, type=chunks.type)
    )
    if pa.types.is_dictionary(array.type):
        codes, missing = _values(array.indices)
        return Coded(np.where(missing, codes.dtype.type(-1), codes), array.dictionary.to_pylist())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return np.array(array.to_pylist(), dtype=np.object_)
    values, missing = _values(array)
    if values.dtype.kind == "f":
        return np.where(missing, np.nan, values)
    return Masked(values, missing) if nullable or missing.any() else values


def _values(array: pa.Array) -> tuple[NDArray[Any], Booleans]:
    """Return numbers or booleans and the mask of missing ones. Raises ValueError for other types."""
    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"found a column of {kind}; expected numbers, booleans or names")
    rows = slice(array.offset, array.offset + len(array))
    valid, data = array.buffers()

    def bits(buffer: pa.Buffer) -> Booleans:
        return np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")[rows].astype(np.bool_)

    missing = np.zeros(len(array), dtype=np.bool_) if valid is None else ~bits(valid)
    if pa.types.is_boolean(kind):
        return bits(data), missing
    return np.frombuffer(data, kind.to_pandas_dtype())[rows], missing
