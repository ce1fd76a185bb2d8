"""Text of latency files: lines, words and numbers in cells, and the matrix that a file states.

A cell that is not a number is refused here, with file, line and column. An empty cell or NaN is a missing
measurement: it becomes NaN, and `matrix` decides.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.topology.budget import LARGEST_TEXT, check_bytes
from serfsim.topology.topology import Floats
from serfsim.topology.units import quote_value, shorten_value

MISSING_WORDS = ("", "nan", "na", "n/a", "null", "none", "-", "?")
_COMMENT = re.compile(r"\s#.*")
_WITH_UNIT = re.compile(r"(?<=[0-9.])\s*(ns|us|µs|μs|ms|s)$")


@dataclass(frozen=True)
class RawMatrix:
    """A file's matrix in its own unit. values: (k, m, m) for k slices; NaN where unknown.

    `where(slice, row, column)` names the place in the file for messages. `unit` is the one that the file
    states.
    """

    values: Floats
    labels: tuple[str, ...]
    where: Callable[[int, int, int], str]
    unit: str | None = None


def read_text(path: Path, most: int = LARGEST_TEXT) -> str:
    """Return the file's text, decompressed if its name ends with .gz.

    Raises ScenarioError if it cannot be read, or has more than `most` bytes.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            content = file.read(most + 1)
        check_bytes(path, len(content), most)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"{path}: cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: found bytes that are not UTF-8 text; expected a text file") from None


def ending(path: Path) -> str:
    """Return a file's suffix in lower case without .gz: '.csv' of 'rtt.CSV.gz'."""
    unpacked = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return unpacked.suffix.lower()


def read_cell(text: str, where: str) -> float:
    """Return the number in a cell; NaN if missing."""
    text = text.strip()
    if text.lower() in MISSING_WORDS:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        unit = " without a unit, which is stated once by unit:" if _WITH_UNIT.search(text) else ""
        raise ScenarioError(f"{where}: found {quote_value(text)}; expected a number{unit}") from None
    if not 0.0 <= value < math.inf:
        raise ScenarioError(f"{where}: found {shorten_value(text)}; expected a finite latency of at least 0")
    return value


def text_lines(path: Path) -> list[tuple[int, str]]:
    """Return the numbered lines that are not empty, without comments."""
    lines = enumerate(read_text(path).splitlines(), start=1)
    uncommented = ((number, line) for number, line in lines if line.strip() and line.lstrip()[0] != "#")
    return [(number, _COMMENT.sub("", line) if "#" in line else line) for number, line in uncommented]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_word(text: str) -> bool:
    """Return True if a cell can only be a label: neither a number, with a unit or without, nor a gap."""
    number = _WITH_UNIT.sub("", text)
    return not is_number(number) and text.lower() not in MISSING_WORDS


def zero_is_missing(values: Floats) -> Floats:
    """Replace 0 between two different places by NaN."""
    apart = ~np.eye(values.shape[1], dtype=bool)
    return np.where((values == 0.0) & apart, np.nan, values)
