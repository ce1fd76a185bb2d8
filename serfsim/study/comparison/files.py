"""The folder of a comparison: comparison.json, .csv, .md and .png, each replaced only when whole."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.atomic_files import write_each
from serfsim.base.errors import ResultError
from serfsim.results.run_result import finite

if TYPE_CHECKING:
    from serfsim.study.comparison.comparison import Comparison

SCHEMA_VERSION: Final = 1


def write(comparison: Comparison, folder: Path) -> Path:
    """Write all files. SerfsimError where the folder cannot be written."""
    from serfsim.report.saving import png_of
    from serfsim.study.comparison.plot import draw, forest_size
    from serfsim.study.comparison.words import as_markdown

    files = {
        "comparison.json": as_json_text(comparison),
        "comparison.csv": comparison.table.to_csv(index=False),
        "comparison.md": as_markdown(comparison),
        "comparison.png": png_of(partial(draw, comparison), forest_size(comparison)),
    }
    write_each(folder, files, ResultError, "comparison")
    return folder


def as_json_text(comparison: Comparison) -> str:
    """Everything of a comparison; what is not finite is null."""
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
