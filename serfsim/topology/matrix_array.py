"""Reader of latencies between all pairs from numpy's files: .npy, or .npz with one or several arrays.

An array of shape (m, m) is one matrix, row = source; of shape (k, m, m), k slices over time. An .npz
may also hold `labels` (or `names`), one text per place. NaN, or 0 between two different places, is a
missing measurement and becomes NaN.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import MOST_CELLS, MOST_MEMBERS
from serfsim.topology.text_cells import RawMatrix
from serfsim.topology.topology import Floats

LABEL_KEYS = ("labels", "names")
MAGIC = b"\x93NUMPY"
LARGEST_ARRAYS = 8 * MOST_CELLS  # bytes of all arrays of a file


def read_array(path: Path, key: str | None = None) -> RawMatrix:
    """Return the array `key`, or the only one of the right shape. Raises ScenarioError if there is none."""
    arrays = _load(path)
    labels = next((arrays.pop(name) for name in LABEL_KEYS if name in arrays), None)
    fitting = {name: array for name, array in arrays.items() if _is_square(array)}
    if key is not None:
        if key not in arrays:
            raise ScenarioError(f"{path}: found {_names(arrays)}; expected an array called '{key}'")
        fitting = {key: arrays[key]}
    if len(fitting) > 1:
        raise ScenarioError(f"{path}: found {_names(fitting)}; expected key: with one of them")
    if not fitting:
        shapes = ", ".join(_describe_array(name, array) for name, array in arrays.items())
        raise ScenarioError(
            f"{path}: found {shapes or 'no array'}; expected numbers of shape (m, m) or (k, m, m)"
        )
    name, array = next(iter(fitting.items()))
    if not _is_square(array):
        raise ScenarioError(
            f"{path}: found {_describe_array(name, array)}; expected numbers of shape (m, m) or (k, m, m)"
        )
    values = np.array(array, dtype=np.float64).reshape(-1, array.shape[-1], array.shape[-1])
    _check(path, values)
    m = values.shape[1]
    texts = tuple(str(i) for i in range(m)) if labels is None else _texts(labels)
    if labels is not None and (labels.shape != (m,) or len(set(texts)) != m):
        raise ScenarioError(f"{path}: found labels of shape {labels.shape}; expected {m} different ones")
    apart = ~np.eye(m, dtype=bool)
    return RawMatrix(np.where((values == 0.0) & apart, np.nan, values), texts, _where(path, len(values)))


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return {"array": _array(path, file, path.stat().st_size)}
        return _members(path)
    except ScenarioError:
        raise
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # numpy, zipfile and their decoders raise many kinds
        # Object arrays are pickles, which can run code when read.
        found = "an array of Python objects" if "Object arrays" in str(error) else "something else"
        raise ScenarioError(f"{path}: found {found}; expected numpy's .npz or .npy, of numbers") from None


def _members(path: Path) -> dict[str, Any]:
    """Return the arrays of an .npz, ignoring members that are not arrays."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise ScenarioError(f"{path}: found {len(members)} arrays; expected at most {MOST_MEMBERS}")
        room = LARGEST_ARRAYS
        for member in members:
            with archive.open(member) as file:
                if member.filename.endswith(".npy") and file.read(len(MAGIC)) == MAGIC:
                    with archive.open(member) as again:
                        array = _array(path, again, room)
                    room -= array.nbytes
                    found[member.filename.removesuffix(".npy")] = array
    return found


def _array(path: Path, file: Any, room: int) -> Any:
    """Read an array after its header shows that it fits in `room` bytes."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, in_columns, kind = read(file)
    count = math.prod(shape)
    if kind.hasobject:
        raise ValueError("Object arrays cannot be read")
    if count > MOST_CELLS or count * kind.itemsize > min(room, LARGEST_ARRAYS):
        size = f"an array of shape {shape}, {count * kind.itemsize} bytes"
        expected = f"at most {MOST_CELLS} numbers, and no more than the file holds"
        raise ScenarioError(f"{path}: found {size}; expected {expected}")
    data = file.read(count * kind.itemsize)
    array = np.frombuffer(data, dtype=kind, count=count)
    return array.reshape(shape[::-1]).T if in_columns else array.reshape(shape)


def _is_square(array: Any) -> bool:
    return (
        array.ndim in (2, 3)
        and array.shape[-1] == array.shape[-2]
        and array.size > 0
        and array.dtype.kind in "fiu"
    )


def _texts(labels: Any) -> tuple[str, ...]:
    """Return labels as text; some files store bytes."""
    flat = labels.ravel().tolist()
    return tuple(text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in flat)


def _describe_array(name: str, array: Any) -> str:
    kind = "" if array.dtype.kind in "fiu" else f" of type {array.dtype}"
    return f"'{name}' of shape {array.shape}{kind}"


def _names(arrays: dict[str, Any]) -> str:
    return "the arrays " + ", ".join(f"'{name}'" for name in arrays) if arrays else "no array"


def _check(path: Path, values: Floats) -> None:
    bad = np.argwhere((values < 0.0) | np.isinf(values))
    if len(bad):
        k, i, j = (int(index) for index in bad[0])
        found = f"found {values[k, i, j]:g}; expected a finite latency of at least 0"
        raise ScenarioError(f"{_where(path, len(values))(k, i, j)}: {found}")


def _where(path: Path, slices: int) -> Any:
    def where(k: int, i: int, j: int) -> str:
        slice_text = f"slice {k}, " if slices > 1 else ""
        return f"{path}: {slice_text}row {i}, column {j} (counted from 0)"

    return where
