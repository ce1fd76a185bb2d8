"""A cell of a paper's grid: the values of its factors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Value = str | int | float | bool


class Cell(Mapping[str, Value]):
    """A frozen mapping of factors to values, hashable, with a stable text.

    `sensitivity`: (parameter, value) of an assumption that this cell varies; such a cell is no part of the
    tables. `most_seeds`: the number of seeds it uses at most, 1 for a computation without chance.
    """

    __slots__ = ("_factors", "most_seeds", "sensitivity")

    def __init__(
        self,
        factors: Mapping[str, Value] | None = None,
        *,
        sensitivity: tuple[str, str] | None = None,
        most_seeds: int | None = None,
        **more: Value,
    ) -> None:
        self._factors = {**(factors or {}), **more}
        self.sensitivity = sensitivity
        self.most_seeds = most_seeds

    def __getitem__(self, factor: str) -> Value:
        return self._factors[factor]

    def __iter__(self) -> Iterator[str]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and self.text == other.text

    def __repr__(self) -> str:
        return f"Cell({self.text})"

    @property
    def text(self) -> str:
        """The cell in words: 'configuration=SWIM C=16', then the assumption that it varies."""
        words = [f"{factor}={value_text(value)}" for factor, value in self.items()]
        if self.sensitivity is not None:
            words.append("({}: {})".format(*self.sensitivity))
        return " ".join(words)

    def varied(self, parameter: str, value: Any, most_seeds: int | None = None) -> Cell:
        """Return this cell for the sensitivity to an assumption."""
        return Cell(self, sensitivity=(parameter, str(value)), most_seeds=most_seeds)

    def as_data(self) -> dict[str, Any]:
        """Return JSON's types, see `cell_of`."""
        varied = None if self.sensitivity is None else list(self.sensitivity)
        return {"factors": dict(self), "sensitivity": varied}


def cell_of(data: Mapping[str, Any]) -> Cell:
    """Return the cell of `Cell.as_data`."""
    varied = data["sensitivity"]
    return Cell(data["factors"], sensitivity=None if varied is None else (varied[0], varied[1]))


def value_text(value: Any) -> str:
    """Format a value as written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)
