"""Slices of a paper's grid: the values of some factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.scenario.problems import found_expected, listed, quoted, unknown_name
from serfsim.study.reproduction.cell import Cell, Value, value_text


def read_slice(texts: Iterable[str]) -> dict[str, list[str]]:
    """Read the command line's K=V; a value may be a list, V1,V2, and a factor may be repeated.

    Raises SerfsimError for a text of another form.
    """
    chosen: dict[str, list[str]] = {}
    for text in texts:
        factor, equals, values = text.partition("=")
        if not (factor and equals and values):
            raise SerfsimError(f"--slice: {found_expected(quoted(text), 'FACTOR=VALUE, such as C=16')}")
        chosen.setdefault(factor.strip(), []).append(values.strip())
    return chosen


def factors_of(cells: Sequence[Cell]) -> dict[str, list[Value]]:
    """Return {factor: its values} in the order of the cells."""
    found: dict[str, dict[str, Value]] = {}
    for cell in cells:
        for factor, value in cell.items():
            found.setdefault(factor, {}).setdefault(value_text(value), value)
    return {factor: list(values.values()) for factor, values in found.items()}


def check_slice(wanted: Mapping[str, Any] | None, cells: Sequence[Cell]) -> dict[str, tuple[Value, ...]]:
    """Return {factor: values of the grid} of a slice such as {"C": 16} or {"C": ["8", "16"]}.

    Raises SerfsimError for a factor or a value that the grid has not, and names those it has.
    """
    factors = factors_of(cells)
    chosen: dict[str, tuple[Value, ...]] = {}
    for factor, given in (wanted or {}).items():
        if factor not in factors:
            raise SerfsimError(f"slice: {unknown_name(str(factor), 'a factor', list(factors))}")
        known = {value_text(value): value for value in factors[factor]}
        listed_values = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        values = [one for value in listed_values for one in split_value(value, known)]
        for value in values:
            if value_text(value) not in known:
                message = found_expected(
                    quoted(value), listed(known), nearest(value_text(value), known) if known else None
                )
                raise SerfsimError(f"slice {factor}: {message}")
        chosen[factor] = tuple(known[text] for text in dict.fromkeys(map(value_text, values)))
    return chosen


def split_value(value: Any, known: Mapping[str, Value]) -> list[Any]:
    """Split a text V1,V2 at commas, but for those within a value of the grid such as 'Lifeguard 2,2'."""
    if not isinstance(value, str) or value in known or "," not in value:
        return [value]
    parts = value.split(",")
    for cut in range(len(parts) - 1, 0, -1):
        first = ",".join(parts[:cut]).strip()
        if first in known or cut == 1:
            return [first, *split_value(",".join(parts[cut:]).strip(), known)]
    return [value]


def cells_of(cells: Sequence[Cell], chosen: Mapping[str, tuple[Value, ...]]) -> list[Cell]:
    """Return the cells of a slice.

    Raises SerfsimError where there is none.
    """
    found = [
        cell
        for cell in cells
        if all(factor in cell and cell[factor] in values for factor, values in chosen.items())
    ]
    if not found:
        raise SerfsimError(f"slice: found no cell with {slice_text(chosen)}; expected at least one")
    return found


def slice_text(chosen: Mapping[str, tuple[Value, ...]]) -> str:
    """Format a slice: 'C=8,16 D=2048'; 'the whole grid' for an empty one."""
    words = [f"{factor}={','.join(map(value_text, values))}" for factor, values in chosen.items()]
    return " ".join(words) or "the whole grid"
