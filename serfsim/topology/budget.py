"""Size limits of data files, checked by every reader before it allocates.

The limits leave room for the largest public data sets, several times over.
"""

from __future__ import annotations

from pathlib import Path

from serfsim.base.errors import ScenarioError

MOST_CELLS = 50_000_000  # slices times pairs of places: 0.4 GB of floats
LARGEST_TEXT = 256 * 1024 * 1024  # bytes of a text file, compressed and uncompressed
LARGEST_GRAPH = 64 * 1024 * 1024  # bytes of a graph file; networkx takes ten times as many
MOST_MEMBERS = 1000  # arrays in an .npz
LONGEST_NUMBER = 18  # digits of a label that is sorted as a number


def check_cells(path: Path, places: int, slices: int = 1) -> None:
    """Raise ScenarioError if a table of all pairs of this many places would be too large."""
    if slices * places * places > MOST_CELLS:
        times = f" in {slices} slices" if slices > 1 else ""
        raise ScenarioError(
            f"{path}: found {places} places{times}, {slices * places * places} latencies between all of them;"
            f" expected at most {MOST_CELLS}"
        )


def check_bytes(path: Path, size: int, most: int = LARGEST_TEXT) -> None:
    """Raise ScenarioError for a file too large to read."""
    if size > most:
        raise ScenarioError(f"{path}: found {size >> 20} MiB or more; expected at most {most >> 20} MiB")


def place_order(label: str) -> tuple[int, int, str]:
    """Return the sort key of a label: numbers by value, then words."""
    is_number = label.isdecimal() and len(label) <= LONGEST_NUMBER
    return (0, int(label), "") if is_number else (1, 0, label)
