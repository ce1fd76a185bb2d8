"""The figures of a summary as one flat row of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from serfsim.scenario.figures import BY_TYPE, FIGURES, figure_value


def flat_figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """{dotted name: value} of every figure, in the order of FIGURES and then by type of message.

    Every name of FIGURES is there; NaN where the run has no such figure.
    """
    flat = {name: _number(figure_value(summary, name)) for name in FIGURES}
    by_type = summary.get("traffic", {}).get("by_type", {})
    flat.update((BY_TYPE + name, _number(value)) for name, value in _leaves(by_type))
    return flat


def _leaves(level: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in level.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield name, value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
