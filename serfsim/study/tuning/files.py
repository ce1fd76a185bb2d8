"""The folder of a tuning: tuning.json, tuning.csv, tuning.md and pareto.png, each replaced when whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.atomic_files import write_each
from serfsim.base.errors import ResultError
from serfsim.results.run_result import finite

if TYPE_CHECKING:
    from serfsim.study.tuning.tuning import Tuning

SCHEMA_VERSION: Final = 1


def write(tuning: Tuning, folder: Path) -> Path:
    """Write all files. SerfsimError where the folder cannot be written."""
    from serfsim.report.saving import png_of
    from serfsim.study.tuning.words import as_markdown

    files = {
        "tuning.json": json.dumps(as_json(tuning), indent=2, allow_nan=False) + "\n",
        "tuning.csv": tuning.table.to_csv(index=False),
        "tuning.md": as_markdown(tuning),
        "pareto.png": png_of(tuning.plot),
    }
    write_each(folder, files, ResultError, "tuning")
    return folder


def as_json(tuning: Tuning) -> dict[str, Any]:
    """Everything of a tuning, in types of JSON; what is not finite is null."""
    document: dict[str, Any] = finite(
        {
            "schema_version": SCHEMA_VERSION,
            "name": tuning.name,
            "answer": tuning.answer,
            "status": tuning.status,
            "confidence": tuning.confidence,
            "judge": tuning.judge,
            "objective": {"name": tuning.objective.name, "better": tuning.objective.better},
            "constraints": [one.text for one in tuning.constraints],
            "pareto": [goal.name for goal in tuning.pareto],
            "chosen": None if tuning.chosen is None else tuning.chosen.setting.parameters,
            "near_ties": [one.setting.parameters for one in tuning.near_ties],
            "settings": tuning.table.to_dict("records"),
        }
    )
    return document
