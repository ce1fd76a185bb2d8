"""Reader of latencies between all pairs from text tables.

A table (CSV with comma, semicolon or tab, or whitespace) has a row for each source and a column for
each target, with or without labels on either side. Labelled rows and columns may differ in order; they
are matched by label. Lines that start with '#' are skipped. With semicolons as separators, a comma
may be the decimal point. Lists of pairs: `matrix_pairs`.

A cell that is not a number is refused here, with file, line and column. An empty cell, NaN, or 0 between
two different places is a missing measurement: it becomes NaN, and `matrix` decides.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import check_cells
from serfsim.topology.matrix_pairs import is_list, read_pairs
from serfsim.topology.measurements import is_list_of_measurements, matrix_of_rows
from serfsim.topology.text_cells import (
    RawMatrix,
    is_number,
    is_word,
    read_cell,
    read_text,
    text_lines,
    zero_is_missing,
)
from serfsim.topology.topology import Floats

_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")

_DASHES = re.compile(r"\s*:?-+:?\s*")
_ADORNED = re.compile(r"(?P<mark>\*{1,3}|_{1,3}|`)(?P<text>.*?)(?P=mark)")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")

Row = tuple[int, list[str]]  # line number, cells


def read_csv(path: Path, key: str | None = None) -> RawMatrix:
    """Read a table with separators, or a list of measurements, recognised by its header (`measurements`)."""
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                rows.append((reader.line_num, [_plain(_strip_markdown(cell), separator) for cell in cells]))
    except csv.Error as error:
        raise ScenarioError(f"{path}:{reader.line_num}: found broken CSV ({error})") from None
    if rows and is_list_of_measurements(rows, key):
        return matrix_of_rows(path, rows, key)
    return _table(path, rows)


def read_markdown(path: Path) -> RawMatrix:
    """Read the first Markdown table of a file, with `|` between cells and a line of dashes."""
    rows: list[Row] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if is_markdown(line):
            cells = [_strip_markdown(cell) for cell in line.strip().strip("|").split("|")]
            if not all(_DASHES.fullmatch(cell) for cell in cells):
                rows.append((number, cells))
        elif rows:
            break
    return _table(path, rows)


def is_markdown(line: str) -> bool:
    """Return True for a row of a Markdown table."""
    return line.lstrip().startswith("|") and line.count("|") > 1


def _strip_markdown(cell: str) -> str:
    """Strip Markdown's bold, italics, code and link brackets from a cell."""
    match = _ADORNED.fullmatch(cell.strip())
    text = match["text"] if match else cell.strip()
    link = _LINK.fullmatch(text)
    return link[1] if link else text


def _plain(cell: str, separator: str) -> str:
    """Replace the decimal comma of spreadsheets by a point if semicolons separate."""
    return cell.replace(",", ".") if separator == ";" and _DECIMAL_COMMA.fullmatch(cell) else cell


def read_whitespace(path: Path) -> RawMatrix:
    """Read a table separated by whitespace, or a list of pairs, recognised by its form; else CSV."""
    lines = text_lines(path)
    if lines and is_markdown(lines[0][1]):
        return read_markdown(path)
    if is_list(lines):
        return read_pairs(path)
    if lines and 0 < lines[0][1].count(",") >= len(lines[0][1].split()) - 1:
        return read_csv(path)
    return _table(path, [(number, line.split()) for number, line in lines])


def _table(path: Path, rows: list[Row]) -> RawMatrix:
    """Build a matrix from rows of cells, with or without labels."""
    if not rows:
        raise ScenarioError(f"{path}: found nothing; expected a matrix of latencies")
    header, body = _header(rows)
    if not body:
        raise ScenarioError(f"{path}: found a header only; expected a matrix of latencies")
    width = len(body[0][1])
    for number, cells in body:
        if len(cells) != width:
            raise ScenarioError(
                f"{path}:{number}: found {len(cells)} cells; expected {width} as in line {body[0][0]}"
            )
    labelled = _has_row_labels(header, body)
    row_labels = [cells[0] for _, cells in body] if labelled else None
    first = 1 if labelled else 0
    column_labels = None
    if header is not None:
        column_labels = header[1][first:] if len(header[1]) == width else header[1]
        if len(column_labels) != width - first:
            found = f"found {len(header[1])} cells in the header and {width} in line {body[0][0]}"
            raise ScenarioError(f"{path}:{header[0]}: {found}; expected a label for every column")
    values = np.array([_numbers(cells[first:], first, f"{path}:{number}") for number, cells in body])
    row_labels, column_labels = row_labels or column_labels, column_labels or row_labels
    if row_labels is None or column_labels is None:
        row_labels = [str(i) for i in range(len(body))]
        column_labels = [str(i) for i in range(width)]
    for labels in (row_labels, column_labels):
        _check_labels(path, labels)
    fits = len(row_labels) == len(body) and len(column_labels) == width - first
    if not fits or (set(row_labels) != set(column_labels) and not (labelled and header)):
        raise ScenarioError(
            f"{path}: found {len(body)} rows of {width - first} latencies; expected a square matrix"
        )
    return _by_label(path, values, row_labels, column_labels, [number for number, _ in body], first)


def _numbers(cells: Sequence[str], first: int, where: str) -> Floats:
    """Parse the cells of a line: all at once if all are latencies, else one by one."""
    try:
        row = np.array(cells, dtype=np.float64)
    except ValueError:
        row = np.array([-1.0])
    if ((row >= 0.0) & (row < math.inf) | np.isnan(row)).all():
        return row
    return np.array([read_cell(cell, f"{where}: column {c}") for c, cell in enumerate(cells, first + 1)])


def _header(rows: list[Row]) -> tuple[Row | None, list[Row]]:
    """Return the line of column labels, if there is one, and the rest."""
    cells = rows[0][1]
    corner, others = cells[0], cells[1:]
    has_words = any(is_word(cell) for cell in others)
    # With a blank or textual corner, numbers can be labels too: then they count from 0 or 1.
    counting = [[str(i) for i in range(start, start + len(others))] for start in (0, 1)]
    counts = bool(others) and others in counting and not is_number(corner)
    if has_words or (counts and len(rows) == len(cells)) or _numbers_on_both_sides(rows):
        return rows[0], rows[1:]
    return None, rows


def _numbers_on_both_sides(rows: list[Row]) -> bool:
    """Return True if the first row and column hold the same numbers, each once: then they are labels.

    Symmetric latencies with an empty diagonal do so too; with a blank corner, the next cell of the diagonal
    must therefore not be blank.
    """
    corner, others = rows[0][1][0], rows[0][1][1:]
    column = [cells[0] for _, cells in rows[1:]]
    if is_number(corner) or sorted(column) != sorted(others) or len(set(others)) < len(others):
        return False
    return bool(others) and (is_word(corner) or is_number(rows[1][1][1]))


def _has_row_labels(header: Row | None, body: list[Row]) -> bool:
    width = len(body[0][1])
    if any(is_word(cells[0]) for _, cells in body):
        return True
    return header is not None and width == len(body) + 1


def _check_labels(path: Path, labels: Sequence[str]) -> None:
    seen: set[str] = set()
    for label in labels:
        if label == "" or label in seen:
            found = "an empty label" if label == "" else f"the label '{label}' twice"
            raise ScenarioError(f"{path}: found {found}; expected each row and column to have its own")
        seen.add(label)


def _by_label(
    path: Path, values: Floats, rows: Sequence[str], columns: Sequence[str], lines: Sequence[int], first: int
) -> RawMatrix:
    """Return the columns in the order of the rows. A label on one side only leaves the other side missing."""
    known = set(rows)
    labels = [*rows, *(label for label in columns if label not in known)]
    check_cells(path, len(labels))
    row_at = {label: i for i, label in enumerate(rows)}
    column_at = {label: i for i, label in enumerate(columns)}
    ordered = np.full((1, len(labels), len(labels)), np.nan)
    at = [i for i, label in enumerate(labels) if label in column_at]
    taken = [column_at[labels[i]] for i in at]
    ordered[0, : len(rows), at] = values[:, taken].T

    def where(_: int, i: int, j: int) -> str:
        if labels[i] not in row_at:
            return f"{path}: no row for '{labels[i]}'"
        line = f"{path}:{lines[i]}"
        if labels[j] not in column_at:
            return f"{line}: no column for '{labels[j]}'"
        return f"{line}: column {column_at[labels[j]] + first + 1}"

    return RawMatrix(zero_is_missing(ordered), tuple(labels), where)
