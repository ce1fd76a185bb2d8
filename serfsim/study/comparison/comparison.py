"""What came of a comparison: a row for every figure, and the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from serfsim.study.comparison.rows import Row

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Comparison:
    """A candidate beside a base.

    `rows`: one for each setting and figure. `names` and `seeds` (of results the seed, of sweeps how
    many) are those of base and candidate. `paired`: pairs of equal seeds, or of nodes of equal names,
    were compared. `identical`: the digests of all runs are equal. `notes`: what a reader must know
    besides.
    """

    rows: Sequence[Row]
    kind: Literal["results", "sweeps"]
    names: tuple[str, str]
    seeds: tuple[str, str]
    paired: bool
    identical: bool
    confidence: float
    notes: Sequence[str]

    @cached_property
    def verdict(self) -> str:
        """The verdict in words; its first line is the conclusion."""
        from serfsim.study.comparison.words import verdict_text

        return verdict_text(self)

    @property
    def settings(self) -> list[str]:
        """The settings compared, in their order; [''] for two results."""
        return list(dict.fromkeys(row.setting for row in self.rows))

    def of(self, *verdicts: str) -> list[Row]:
        """The rows of these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a setting and figure.

        setting, figure, base, candidate, difference, low, high (simultaneous bounds of the difference,
        in the figure's unit), relative, relative_low, relative_high (the same as a share of the base),
        n (runs or nodes), base_missing, candidate_missing (runs without the figure), verdict.
        """
        import pandas as pd

        return pd.DataFrame([_record(row) for row in self.rows])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The differences of the figures as shares of the base, with their intervals."""
        from serfsim.study.comparison.plot import draw, new_forest_axes

        return draw(self, new_forest_axes(self) if ax is None else ax)

    def save(self, folder: str | Path) -> Path:
        """Write comparison.json, comparison.csv, comparison.md and comparison.png; returns the folder."""
        from serfsim.study.comparison.files import write

        return write(self, Path(folder))

    def _repr_html_(self) -> str:
        from serfsim.study.comparison.words import as_html

        return as_html(self)

    def __repr__(self) -> str:
        return f"<Comparison {self.names[0]}, {self.names[1]}: {self.verdict.splitlines()[0]}>"


def _record(row: Row) -> dict[str, Any]:
    return {
        "setting": row.setting,
        "figure": row.figure,
        "base": row.base,
        "candidate": row.candidate,
        "difference": row.difference,
        "low": row.low,
        "high": row.high,
        "relative": row.relative(row.difference),
        "relative_low": row.relative(row.low),
        "relative_high": row.relative(row.high),
        "n": row.n,
        "base_missing": row.missing[0],
        "candidate_missing": row.missing[1],
        "verdict": row.verdict,
    }
