"""What of a sweep is shown first, and how: the terminal's table and the report page share it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.study.sweeps.overview import figures_of

if TYPE_CHECKING:
    import pandas as pd

    from serfsim.scenario.model import Scenario

# Shown unless others are asked for, after those of the scenario's claims: what most sweeps are about.
HEADLINES: Final = (
    "detection.first_s.p50",
    "detection.full_s.p99",
    "detection.false_positives",
    "detection.flaps_per_node_hour",
    "coordinates.relative_error.p50",
    "dissemination.events.p99_s",
    "traffic.bytes_per_node_s",
)


def headlines(table: pd.DataFrame, scenario: Scenario) -> list[str]:
    """The figures of claims, then HEADLINES, of those that have a value; what never changes comes last."""
    wanted = dict.fromkeys([*(claim.figure for claim in scenario.claims), *HEADLINES])
    known = set(figures_of(table))
    there = [name for name in wanted if name in known and table[name].notna().any()]
    return sorted(there, key=lambda name: table[name].nunique() < 2)


def runs_text(done: int, failed: int) -> str:
    return f"{done} (+{failed} failed)" if failed else str(done)


def short_titles(parameters: Sequence[str]) -> dict[str, str]:
    """The last part of each path where that tells them apart, else the path."""
    last = {path: path.rpartition(".")[2] for path in parameters}
    alike = list(last.values())
    return {path: title if alike.count(title) == 1 else path for path, title in last.items()}


def figure_text(point: Mapping[Any, Any], name: str) -> str:
    """'3.21', or '3.21 (2.9 to 3.5)'."""
    value = point[name]
    if math.isnan(value):
        return "-"
    if f"{name}.low" not in point:
        return f"{value:.4g}"
    low, high = point[f"{name}.low"], point[f"{name}.high"]
    return f"{value:.4g} ({low:.3g} to {high:.3g})".replace("inf", "∞")
