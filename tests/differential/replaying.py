"""One sequence of the real library's, replayed step by step until something differs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"
ENDING = ".jsonl.gz"

Vector = Any  # a line of a file of vectors, as JSON


@dataclass(frozen=True)
class Outcome:
    """The number of steps compared, and the first that differs, in words."""

    steps: int
    difference: str = ""


@dataclass(frozen=True)
class Replay:
    """A kind of vectors: `play` gives serfsim what the real library was given, and compares.

    `play` takes a vector and its number in the file. `a_step` says what is counted.
    """

    name: str
    what: str
    a_step: str
    play: Callable[[Vector, int], Outcome]


@dataclass
class Count:
    """What a file of vectors came to."""

    vectors: int = 0
    steps: int = 0
    different: int = 0

    def add(self, outcome: Outcome) -> None:
        self.vectors += 1
        self.steps += outcome.steps
        self.different += bool(outcome.difference)


def read(file: Path) -> Iterator[Vector]:
    """Yield the vectors of a file, which may be compressed."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        for line in lines:
            yield json.loads(line)


def find(folder: Path, name: str) -> Path | None:
    """Return the file of a kind of vectors in a folder, compressed or plain."""
    for ending in (ENDING, ".jsonl"):
        file = folder / f"{name}{ending}"
        if file.exists():
            return file
    return None


def replay(
    kind: Replay, file: Path, most: int | None = None, differs: Callable[[str], None] = print
) -> Count:
    """Replay a file, or its first `most` vectors, and report what differs."""
    count = Count()
    for number, vector in enumerate(islice(read(file), most)):
        outcome = kind.play(vector, number)
        count.add(outcome)
        if outcome.difference:
            differs(f"{kind.name} {number}, step {outcome.steps}: {outcome.difference}")
    return count


def compare(real: dict[str, Any], simulated: dict[str, Any]) -> str:
    """Name what differs between two states of the same keys."""
    parts = [
        f"{key}: real {real[key]}, simulated {simulated[key]}" for key in real if real[key] != simulated[key]
    ]
    return "; ".join(parts)
