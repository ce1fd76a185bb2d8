"""The tables of the comparison: a row for each detector in each situation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from serfsim.papers.rivals.coordinates import coordinate_tables
from serfsim.papers.rivals.grid import DETECTORS, LARGE, NETWORKS, SITUATIONS, SMALL
from serfsim.report.tables import NONE, format_number
from serfsim.study.reproduction import Table, values_of
from serfsim.study.statistics import interval

if TYPE_CHECKING:
    import pandas as pd

# Figure, its column, and the factor from its unit to the column's.
FIGURES: Final = (
    ("first_s", "first, s"),
    ("full_s", "full, s"),
    ("missed", "missed"),
    ("mistakes", "mistakes"),
    ("about_struck", "about struck"),
    ("wrong", "wrong at the end"),
    ("packets", "packets/s"),
    ("bytes", "B/s"),
    ("cpu_us", "CPU, us/s"),
)
COLUMNS: Final = ("situation", "detector", *(words for _, words in FIGURES), "runs")


def tables(rows: pd.DataFrame) -> list[Table]:
    """Return a table for each network and size that was run, of the default settings."""
    found = []
    for network in NETWORKS:
        for members in (SMALL, LARGE):
            chosen = rows[(rows["network"] == network) & (rows["N"] == members)]
            if len(chosen):
                found.append(Table(f"{network}, {members} members", COLUMNS, list(_rows(chosen))))
    return [*found, *coordinate_tables(rows, interval_text)]


def _rows(rows: pd.DataFrame) -> Sequence[tuple[str, ...]]:
    found = []
    # All intervals of a table hold together with 95 %.
    confidence = 1.0 - 0.05 / (len(SITUATIONS) * len(DETECTORS) * len(FIGURES))
    for situation in SITUATIONS:
        for name, detector in DETECTORS.items():
            factors = {"situation": situation, "detector": name, "setting": str(detector.default)}
            count = len(values_of(rows, "mistakes", **factors))
            if count:
                cells = (
                    interval_text(values_of(rows, figure, **factors), confidence) for figure, _ in FIGURES
                )
                found.append((situation, name, *cells, str(count)))
    return found


def interval_text(values: Sequence[float], confidence: float) -> str:
    """Return the mean, with bounds where it has any and they differ from it."""
    if not len(values):
        return NONE
    ours = interval(values, confidence=confidence)
    low, mean, high = (format_number(one) for one in (ours.low, ours.estimate, ours.high))
    return mean if low == mean == high or "inf" in low or "inf" in high else f"{mean} ({low} to {high})"
