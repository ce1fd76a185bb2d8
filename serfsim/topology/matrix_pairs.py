"""Reader of latencies between all pairs from lists of pairs, one per line.

p2psim's form, used by the King measurements, has "i,j value" after some lines of its own
('topology ...', 'failure_model ...', 'node ...'); Meridian's has "i j value", or several values measured at
different times, whose median counts. In both a negative value marks a failed measurement, and places
are numbered from 1, although a place name may be any text without spaces. A pair given in one direction
only holds for both. Lines that start with '#' are skipped.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import check_cells, place_order
from serfsim.topology.text_cells import RawMatrix, is_number, is_word, read_cell, text_lines, zero_is_missing
from serfsim.topology.topology import Floats

LIST_WORDS = ("topology", "failure_model", "node")  # p2psim's own lines before the pairs

_COMMA_PAIR = re.compile(r"\s*[^\s,]+,\s*[^\s,]+\s+[^\s,]+\s*")

Integers = NDArray[np.int64]


def is_list(lines: Sequence[tuple[int, str]]) -> bool:
    """Return True if lines of text are pairs with a latency: 'i,j value', or 'i j value' in every one.

    Three lines of three numbers are a list if each is about two of just three places, unless the diagonal
    of the alternative matrix is empty.
    """
    if not lines:
        return False
    if lines[0][1].split()[0] in LIST_WORDS or _COMMA_PAIR.fullmatch(lines[0][1]):
        return True
    # There may be millions of lines; a table is recognised by its first.
    if not all(len(line.split()) == 3 for _, line in lines):
        return False
    words = [line.split() for _, line in lines[:4]]
    if len(words) > 3:
        return not is_word(words[0][2])
    pairs = {frozenset(line[:2]) for line in words}
    places = frozenset().union(*pairs)
    if any(len(pair) < 2 for pair in pairs) or len(places) != max(2, len(words)):
        return False
    return len(words) < 3 or any(is_number(words[i][i]) and float(words[i][i]) for i in range(3))


def read_pairs(path: Path, several: bool = False) -> RawMatrix:
    """Read a list of pairs; `several`: a line may hold several values. ScenarioError names file and line."""
    lines = [(number, line) for number, line in text_lines(path) if line.split(None, 1)[0] not in LIST_WORDS]
    if not lines:
        raise ScenarioError(f"{path}: found no pairs; expected lines such as '1 2 35000'")
    numbers = np.array([number for number, _ in lines])
    read = _all_numbers([line for _, line in lines], several)
    labels, sources, targets, values = read or _with_words(path, lines, several)
    m = len(labels)
    check_cells(path, m)
    pairs, first, which = np.unique(sources * m + targets, return_index=True, return_inverse=True)
    if len(pairs) < len(numbers):
        at = int(np.flatnonzero(first[which] != np.arange(len(numbers)))[0])
        pair, before = f"{labels[sources[at]]} {labels[targets[at]]}", numbers[first[which[at]]]
        raise ScenarioError(f"{path}:{numbers[at]}: found the pair {pair} again; it is in line {before}")
    line_of = np.zeros((m, m), dtype=np.int64)
    line_of[sources, targets] = numbers
    matrix = np.full((1, m, m), np.nan)
    matrix[0, sources, targets] = values
    one_way_only = (line_of == 0) & (line_of.T > 0)
    matrix[0][one_way_only] = matrix[0].T[one_way_only]

    def where(_: int, i: int, j: int) -> str:
        line = int(line_of[i, j] or line_of[j, i])
        return f"{path}:{line}" if line else f"{path}: no line for {labels[i]} {labels[j]}"

    return RawMatrix(zero_is_missing(matrix), labels, where)


Pairs = tuple[tuple[str, ...], Integers, Integers, Floats]


def _all_numbers(lines: Sequence[str], several: bool) -> Pairs | None:
    """Parse millions of purely numeric lines quickly; return None for anything else."""
    try:
        table = np.loadtxt([line.replace(",", " ") for line in lines], ndmin=2)
    except ValueError:
        return None
    ids, measured = table[:, :2], table[:, 2:]
    width = measured.shape[1]
    if width == 0 or (width > 1 and not several) or not np.isfinite(table).all():
        return None
    if (ids < 0).any() or (ids != np.floor(ids)).any() or ids.max() > 1e15:
        return None
    known, at = np.unique(ids.astype(np.int64), return_inverse=True)
    at = at.reshape(-1, 2)
    return tuple(map(str, known.tolist())), at[:, 0], at[:, 1], _medians(measured)


def _medians(measured: Floats) -> Floats:
    """Return the median of each row without failed measurements; NaN if all failed."""
    values = np.where(measured < 0.0, np.nan, measured)
    if values.shape[1] == 1:
        return values[:, 0]
    medians = np.full(len(values), np.nan)
    some = ~np.isnan(values).all(axis=1)
    medians[some] = np.nanmedian(values[some], axis=1)
    return medians


def _with_words(path: Path, lines: Sequence[tuple[int, str]], several: bool) -> Pairs:
    """Parse lines with any names, naming the line of an error."""
    pairs: list[tuple[str, str, float]] = []
    for number, line in lines:
        cells = line.replace(",", " ").split()
        where = f"{path}:{number}"
        if len(cells) < 3 or (len(cells) > 3 and not several):
            raise ScenarioError(
                f"{where}: found {len(cells)} words; expected a pair and its latency: i j value"
            )
        measured = [_value(cell, where) for cell in cells[2:]]
        known = [value for value in measured if not math.isnan(value)]
        pairs.append((cells[0], cells[1], statistics.median(known) if known else math.nan))
    seen = {label: None for source, target, _ in pairs for label in (source, target)}
    labels = sorted(seen, key=place_order)
    index = {label: i for i, label in enumerate(labels)}
    return (
        tuple(labels),
        np.array([index[source] for source, _, _ in pairs]),
        np.array([index[target] for _, target, _ in pairs]),
        np.array([value for _, _, value in pairs]),
    )


def _value(cell: str, where: str) -> float:
    # p2psim and Meridian write -1 for a failed measurement.
    return math.nan if cell.startswith("-") and is_number(cell) else read_cell(cell, where)
