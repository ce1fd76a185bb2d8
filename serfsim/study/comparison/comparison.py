"""The result of a comparison: a row for every figure, and the verdict in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from serfsim.base.atomic_folders import write_each
from serfsim.base.errors import ResultError
from serfsim.results.summary import finite
from serfsim.study.comparison.describe import as_html, as_markdown, verdict_text
from serfsim.study.comparison.rows import Row

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Comparison:
    """A candidate compared with a base.

    `rows`: one for each setting and figure. `names` and `seeds` (of results the seed, of sweeps the number of
    seeds) are those of base and candidate. `paired`: equal seeds, or nodes of equal names, were paired.
    `identical`: all runs have equal digests. `notes`: remarks on the comparison.
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
        return verdict_text(self)

    @property
    def settings(self) -> list[str]:
        """The settings compared, in order; [''] for two results."""
        return list(dict.fromkeys(row.setting for row in self.rows))

    def of(self, *verdicts: str) -> list[Row]:
        """Return the rows with these verdicts."""
        return [row for row in self.rows if row.verdict in verdicts]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per setting and figure.

        setting, figure, base, candidate, difference, low, high (simultaneous bounds of the difference, in the
        figure's unit), relative, relative_low, relative_high (the same as a share of the base), n (runs or
        nodes), base_missing, candidate_missing (runs without the figure), verdict.
        """
        # start-up: pandas is slow to import
        import pandas as pd

        return pd.DataFrame([_record(row) for row in self.rows])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences of the figures as shares of the base, with their intervals."""
        # start-up: it imports matplotlib
        from serfsim.study.comparison.plot import draw, new_forest_axes

        return draw(self, new_forest_axes(self) if ax is None else ax)

    def save(self, folder: str | Path) -> Path:
        """Write comparison.json, comparison.csv, comparison.md and comparison.png; return the folder."""
        return write(self, Path(folder))

    def _repr_html_(self) -> str:
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


SCHEMA_VERSION: Final = 1


def write(comparison: Comparison, folder: Path) -> Path:
    """Write all files.

    Raises SerfsimError where the folder cannot be written.
    """
    # start-up: they import matplotlib
    from serfsim.report.figures import png_of
    from serfsim.study.comparison.plot import draw, forest_size

    files = {
        "comparison.json": as_json_text(comparison),
        "comparison.csv": comparison.table.to_csv(index=False),
        "comparison.md": as_markdown(comparison),
        "comparison.png": png_of(partial(draw, comparison), forest_size(comparison)),
    }
    write_each(folder, files, ResultError, "comparison")
    return folder


def as_json_text(comparison: Comparison) -> str:
    """Return the whole comparison as JSON; values that are not finite become null."""
    document: dict[str, Any] = finite(
        {
            "schema_version": SCHEMA_VERSION,
            "base": comparison.names[0],
            "candidate": comparison.names[1],
            "kind": comparison.kind,
            "seeds": list(comparison.seeds),
            "paired": comparison.paired,
            "identical": comparison.identical,
            "confidence": comparison.confidence,
            "verdict": comparison.verdict.splitlines(),
            "notes": list(comparison.notes),
            "figures": comparison.table.to_dict("records"),
        }
    )
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
