"""Reader of latencies from lists of measurements, one record each: source, target, latency.

CSV, TSV, JSON records ([{"source": "a", "target": "b", "rtt_ms": 5.1}, ...], bare or under a key `data`) and
JSON lines. Columns are found by their names, in any order, and others are skipped: the ends of a pair
(`SOURCES`, `TARGETS`), the latency (`VALUES`, with its unit behind it where it has one: rtt_ms, latency_us),
and the time (`TIMES`), by which measurements fall into slices. A table without a header has three columns:
source, target, latency.

The median counts for a pair measured several times within a slice; a pair measured in one direction only
holds for both. An empty cell or a negative number is a failed measurement. A slice ends when a later time
measures a pair again, so rounds that share a time and rounds that take a while are both slices.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import check_cells, place_order
from serfsim.topology.matrix_pairs import Integers
from serfsim.topology.text_cells import RawMatrix, is_number, is_word, read_cell, zero_is_missing
from serfsim.topology.topology import Floats
from serfsim.topology.units import quote_value

SOURCES = ("source", "src", "from", "origin", "observer", "client", "node_a", "host_a", "host1", "a", "i")
TARGETS = (
    "target",
    "dst",
    "dest",
    "destination",
    "to",
    "subject",
    "server",
    "node_b",
    "host_b",
    "host2",
    "b",
    "j",
)
VALUES = ("rtt", "latency", "delay", "ping", "one_way", "owd", "median", "p50", "mean", "avg", "value")
TIMES = ("time", "timestamp", "datetime", "date", "ts", "t", "slice", "round", "epoch")

_UNIT_BEHIND = re.compile(r"(.+?)(?:_|_?\()(ns|us|µs|μs|ms|s)\)?_?")

Row = tuple[int, Sequence[Any]]  # line or number of the record, cells


@dataclass(frozen=True)
class Columns:
    """Positions of a table's columns; `unit` is the suffix of the latency's name."""

    source: int
    target: int
    value: int
    time: int | None = None
    unit: str | None = None


def columns_of(names: Sequence[str], key: str | None = None) -> Columns | None:
    """Return the columns of a list of measurements by name; None if the names are not those of one.

    `key` names the column of latencies if there are several.
    """
    plain = [re.sub(r"[^a-z0-9µμ()]+", "_", name.strip().lower()).strip("_") for name in names]
    source, target = _first(plain, SOURCES), _first(plain, TARGETS)
    if source is None or target is None:
        return None
    times = [_without_unit(name)[0] for name in plain]
    time = _first(times, TIMES)
    values = {i: _without_unit(name) for i, name in enumerate(plain) if i not in (source, target, time)}
    if key is not None:
        at = list(names).index(key) if key in names else None
    else:
        at = next(
            (i for word in VALUES for i, (name, _) in values.items() if name.split("_")[0] == word), None
        )
        at = next((i for word in VALUES for i, (name, _) in values.items() if name == word), at)
    if at is None:
        return None
    return Columns(source, target, at, time, _without_unit(plain[at])[1])


def _first(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _without_unit(name: str) -> tuple[str, str | None]:
    """Split a column's name: 'rtt_ms' is ('rtt', 'ms')."""
    match = _UNIT_BEHIND.fullmatch(name)
    return (match[1], match[2]) if match else (name, None)


def is_list_of_measurements(rows: Sequence[tuple[int, Sequence[str]]], key: str | None = None) -> bool:
    """Recognise a list by its header, or by rows of two names and a latency each."""
    if columns_of(rows[0][1], key) is not None:
        return True
    return len(rows) > 1 and all(
        len(cells) == 3 and is_word(cells[0]) and is_word(cells[1]) and (is_number(cells[2]) or not cells[2])
        for _, cells in rows
    )


def matrix_of_rows(
    path: Path, rows: Sequence[tuple[int, Sequence[str]]], key: str | None = None
) -> RawMatrix:
    """Build the matrix of a table that `is_list_of_measurements`. ScenarioError names file and line."""
    columns = columns_of(rows[0][1], key)
    if columns is None:
        return _matrix(path, "", rows, Columns(0, 1, 2))
    width = len(rows[0][1])
    for line, cells in rows[1:]:
        if len(cells) != width:
            raise ScenarioError(f"{path}:{line}: found {len(cells)} cells; expected {width} as in the header")
    return _matrix(path, "", rows[1:], columns)


def records_of(table: Any) -> list[dict[str, Any]] | None:
    """Return the records of parsed JSON, bare or under a key `data`; None without any."""
    if isinstance(table, Mapping) and isinstance(table.get("data"), list):
        table = table["data"]
    if not isinstance(table, list) or not table or not all(isinstance(record, dict) for record in table):
        return None
    return table


def matrix_of_records(path: Path, records: Sequence[Mapping[str, Any]], key: str | None = None) -> RawMatrix:
    """Build the matrix of JSON records. ScenarioError names file and record."""
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = columns_of(names, key)
    if columns is None:
        found = f"found records of {', '.join(map(repr, names[:8]))}"
        raise ScenarioError(
            f"{path}: {found}; expected source, target and a latency such as rtt_ms, or key: with its name"
        )
    rows = [(i, [record.get(name) for name in names]) for i, record in enumerate(records, start=1)]
    return _matrix(path, "record ", rows, columns)


def json_lines(text: str) -> list[Any] | None:
    """Return the values of a file with one JSON value per line; None for any other."""
    try:
        return [json.loads(line, parse_int=float) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _matrix(path: Path, record: str, rows: Sequence[Row], columns: Columns) -> RawMatrix:
    sources: list[str] = []
    targets: list[str] = []
    values: list[float] = []
    lines: list[int] = []
    times: list[Any] = []
    for line, cells in rows:
        where = f"{path}:{record}{line}"
        source, target = (_name(cells[at], where) for at in (columns.source, columns.target))
        if source == target:
            continue
        sources.append(source)
        targets.append(target)
        values.append(_value(cells[columns.value], where))
        lines.append(line)
        if columns.time is not None:
            times.append(cells[columns.time])
    if not values:
        raise ScenarioError(
            f"{path}: found no measurement between two places; expected source, target, latency"
        )
    labels = _in_order({*sources, *targets})
    index = {label: i for i, label in enumerate(labels)}
    i = np.array([index[label] for label in sources])
    j = np.array([index[label] for label in targets])
    slices = _slices(path, times, i * len(labels) + j)
    k, m = int(slices.max()) + 1, len(labels)
    check_cells(path, m, k)
    # start-up: pandas is slow to import
    import pandas as pd

    medians = (
        pd.DataFrame({"k": slices, "i": i, "j": j, "value": values})
        .groupby(["k", "i", "j"])["value"]
        .median()
    )
    matrix = np.full((k, m, m), np.nan)
    matrix[tuple(medians.index.get_level_values(name).to_numpy() for name in ("k", "i", "j"))] = (
        medians.to_numpy()
    )
    matrix = np.where(np.isnan(matrix), matrix.transpose(0, 2, 1), matrix)
    line_of = {}
    for line, a, b in zip(reversed(lines), i[::-1].tolist(), j[::-1].tolist(), strict=True):
        line_of[a, b] = line

    def where_is(_: int, a: int, b: int) -> str:
        line = line_of.get((a, b)) or line_of.get((b, a))
        return f"{path}:{record}{line}" if line else f"{path}: nothing about {labels[a]} and {labels[b]}"

    return RawMatrix(zero_is_missing(matrix), labels, where_is, columns.unit)


def _in_order(labels: set[str]) -> tuple[str, ...]:
    """Sort labels by name, with the numbers in them by value, so that h2 precedes h10."""
    return tuple(sorted(labels, key=lambda label: [place_order(part) for part in re.split(r"(\d+)", label)]))


def _slices(path: Path, times: Sequence[Any], pairs: Integers) -> Integers:
    """Return the slice of each measurement, counted from 0 in the order of time."""
    slices = np.zeros(len(pairs), dtype=np.int64)
    if not times:
        return slices
    moments = _moments(path, times)
    seen: dict[int, float] = {}
    current = 0
    for at in np.argsort(moments, kind="stable").tolist():
        pair, moment = int(pairs[at]), float(moments[at])
        if seen.get(pair, moment) < moment:
            current += 1
            seen = {}
        seen[pair] = moment
        slices[at] = current
    return slices


def _moments(path: Path, times: Sequence[Any]) -> Floats:
    """Return times as ascending numbers: numbers as they are, dates as seconds."""
    # start-up: pandas is slow to import
    import pandas as pd

    numbers = pd.to_numeric(pd.Series(times), errors="coerce")
    if numbers.notna().all():
        return np.asarray(numbers, dtype=np.float64)
    dates = pd.to_datetime(pd.Series(times).astype(str), errors="coerce", utc=True, format="mixed")
    if dates.isna().any():
        wrong = str(pd.Series(times)[dates.isna()].iloc[0])
        raise ScenarioError(
            f"{path}: found the time {quote_value(wrong)}; expected numbers or dates in its column"
        )
    origin = dates.min()
    return np.asarray((dates - origin).dt.total_seconds(), dtype=np.float64)


def _name(cell: Any, where: str) -> str:
    name = f"{cell:g}" if isinstance(cell, float) else str("" if cell is None else cell).strip()
    if not name:
        raise ScenarioError(f"{where}: found no place name; expected source, target and a latency")
    return name


def _value(cell: Any, where: str) -> float:
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float, type(None))):
        raise ScenarioError(f"{where}: found {quote_value(cell)}; expected a number")
    text = "" if cell is None else str(cell).strip()
    # A negative number, such as -1, marks a measurement that failed.
    return math.nan if text.startswith("-") and is_number(text) else read_cell(text, where)
