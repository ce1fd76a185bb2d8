"""The verdicts that held: `held.json` in a paper's folder, committed.

A record is for one choice of rules and slice. A run whose verdict fails where one held before is a
regression, if its slice has at least the cells of the record, and it has at least as many seeds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from serfsim.base.atomic_files import write_whole
from serfsim.base.errors import SerfsimError
from serfsim.study.reproduction.cell import value_text
from serfsim.study.reproduction.paper import FAILS, HOLDS, NOT_JUDGED, Options, Verdict

FILE: Final = "held.json"
Record = dict[str, Any]


def read_held(folder: Path) -> list[Record]:
    """Return the records of a paper's folder.

    Raises SerfsimError where the file is damaged.
    """
    file = folder / FILE
    if not file.exists():
        return []
    try:
        records = json.loads(file.read_text(encoding="utf-8"))
        if all(
            isinstance(one["held"], list) and {"rules", "slice", "seeds"} <= one.keys() for one in records
        ):
            return list(records)
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise SerfsimError(f"{file}: cannot be read; expected a list of records, as `--accept` writes it")


def lost(records: Sequence[Record], options: Options, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that fail, and held in a record that this run can judge."""
    held = {
        name
        for one in records
        if one["rules"] == options.rules and one["seeds"] <= len(options.seeds) and _covers(options, one)
        for name in one["held"]
    }
    return [verdict for verdict in verdicts if verdict.outcome == FAILS and verdict.id in held]


def accept(folder: Path, options: Options, verdicts: Sequence[Verdict]) -> Path:
    """Record the verdicts that hold, in place of an earlier record of the same rules and slice."""
    new = {
        "rules": options.rules,
        "slice": _as_texts(options),
        "seeds": len(options.seeds),
        "held": [verdict.id for verdict in verdicts if verdict.outcome == HOLDS],
        "failed": [verdict.id for verdict in verdicts if verdict.outcome == FAILS],
        "not_judged": [verdict.id for verdict in verdicts if verdict.outcome == NOT_JUDGED],
    }
    key = (new["rules"], new["slice"])
    kept = [one for one in read_held(folder) if (one["rules"], one["slice"]) != key]
    write_whole(folder / FILE, json.dumps([*kept, new], indent=1) + "\n")
    return folder / FILE


def _as_texts(options: Options) -> dict[str, list[str]]:
    return {factor: [value_text(value) for value in values] for factor, values in options.slice.items()}


def _covers(options: Options, record: Record) -> bool:
    """Return True where the cells of a run include those of a record."""
    for factor, values in _as_texts(options).items():
        if factor not in record["slice"] or not set(record["slice"][factor]) <= set(values):
            return False
    return True
