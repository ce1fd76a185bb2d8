"""Reader of latencies between all pairs from JSON: {"a": {"b": 12.5, ...}, ...}, source first.

The mapping may be under a key `data`, as cloudping.co has it. null, or an absent pair, is a
missing measurement; so is 0 between two different places. Records of measurements: `measurements`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import check_cells
from serfsim.topology.measurements import json_lines, matrix_of_records, records_of
from serfsim.topology.text_cells import RawMatrix, read_text, zero_is_missing
from serfsim.topology.units import shorten_value

EXPECTED = "{source: {target: latency}}, or records with source, target and a latency"


def read_json(path: Path, key: str | None = None) -> RawMatrix:
    """Read a mapping of mappings, places in the order of their names; or records of measurements.

    `key` names the measured value if records hold several numbers. Raises ScenarioError.
    """
    text = read_text(path)
    try:
        # Integers as floats too: one of a thousand digits becomes infinity, and is refused.
        table = json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        records = records_of(json_lines(text))
        if records is not None:
            return matrix_of_records(path, records, key)
        raise ScenarioError(f"{path}:{error.lineno}: found broken JSON ({error.msg})") from None
    except RecursionError:
        raise ScenarioError(f"{path}: found too many brackets; expected {EXPECTED}") from None
    records = records_of(table)
    if records is not None:
        return matrix_of_records(path, records, key)
    if isinstance(table, dict) and isinstance(table.get("data"), dict):
        table = table["data"]
    if not isinstance(table, dict) or not table or not all(isinstance(row, dict) for row in table.values()):
        raise ScenarioError(f"{path}: found something else; expected {EXPECTED}")
    labels = tuple(sorted({*table, *(target for row in table.values() for target in row)}))
    check_cells(path, len(labels))
    values = np.full((1, len(labels), len(labels)), np.nan)
    at = {label: i for i, label in enumerate(labels)}
    for source, row in sorted(table.items()):
        for target, value in sorted(row.items()):
            values[0, at[source], at[target]] = (
                math.nan if value is None else _number(path, source, target, value)
            )

    def where(_: int, i: int, j: int) -> str:
        return f"{path}: '{labels[i]}'"

    return RawMatrix(zero_is_missing(values), labels, where)


def _number(path: Path, source: str, target: str, value: Any) -> float:
    if not isinstance(value, float) or not 0.0 <= value < math.inf:
        found = f"{value:g}" if isinstance(value, float) else shorten_value(repr(value))
        raise ScenarioError(
            f"{path}: '{source}' to '{target}': found {found}; expected a finite latency of at least 0"
        )
    return value
