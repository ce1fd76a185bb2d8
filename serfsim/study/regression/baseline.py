"""The baseline: the figures of every scenario, in a folder committed with the code.

| file | content |
|---|---|
| `manifest.json` | scenarios, the paths of their files, the last acceptance and its reason |
| `NAME.csv` | one row per seed: digest, number of failed claims, and every figure |
| `NAME.yaml` | the complete scenario, with every default filled in |

All files are text, so that changes show in a diff. The folder is written under another name and renamed.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from serfsim.base.atomic_folders import Owned, replacing, restore
from serfsim.base.errors import BaselineError
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.regression.runs import DIGITS, Runs

SCHEMA_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
OWN_CODE: Final = "own_code"
_ACCEPT: Final = "create one with serfsim regress --accept"


@dataclass(frozen=True)
class Entry:
    """One scenario of a baseline.

    `source`: the name of a shipped scenario, or its file's path relative to the baseline's folder. `given`:
    see `comparable_fields`. `claims`: those of its runs, as text. `complete`: its YAML with all defaults.
    `code`, `commit`, `date`: the code that produced these runs, and the date of acceptance. `own_code`:
    {import path: digest of its module} of the user's own code.
    """

    name: str
    source: str
    given: Mapping[str, Any]
    claims: tuple[str, ...]
    complete: str
    runs: Runs
    code: str
    commit: str
    date: str
    own_code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Acceptance:
    """The last accepted change.

    `moved`: runs of unchanged scenarios differ.
    """

    date: str
    commit: str
    code: str
    because: str
    moved: bool


@dataclass(frozen=True)
class Baseline:
    """All entries by name, in order of name."""

    folder: Path
    entries: Mapping[str, Entry]
    last: Acceptance | None = None


def read_baseline(folder: Path) -> Baseline:
    """Read a baseline.

    Raises BaselineError where there is none or it cannot be read.
    """
    manifest = _manifest(folder)
    entries = {}
    for name, about in sorted(manifest["scenarios"].items()):
        try:
            complete = (folder / f"{name}.yaml").read_text(encoding="utf-8")
            table = (folder / f"{name}.csv").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BaselineError(f"{folder}: the files of {name} cannot be read: {reason}") from None
        runs = _read_runs(table, folder / f"{name}.csv")
        told = _about(about, name, folder / MANIFEST)
        entries[name] = Entry(name=name, complete=complete, runs=runs, **told)
    last = manifest.get("last")
    try:
        return Baseline(folder, entries, Acceptance(**last) if last else None)
    except TypeError:
        expected = "date, commit, code, because and moved"
        raise BaselineError(f"{folder / MANIFEST}: last: {found_expected(quoted(last), expected)}") from None


def _about(about: Any, name: str, path: Path) -> dict[str, Any]:
    """Return the manifest's record of a scenario."""
    kinds = {"source": str, "given": dict, "claims": list, "code": str, "commit": str, "date": str}
    for key, kind in kinds.items():
        if not isinstance(about, dict) or not isinstance(about.get(key), kind):
            found = quoted(about.get(key) if isinstance(about, dict) else about)
            raise BaselineError(f"{path}: {name}: {key}: {found_expected(found, 'the value serfsim writes')}")
    told = {key: tuple(about[key]) if kind is list else about[key] for key, kind in kinds.items()}
    own = about.get(OWN_CODE, {})
    if not isinstance(own, dict) or not all(isinstance(digest, str) for digest in own.values()):
        found = found_expected(quoted(own), "the value serfsim writes")
        raise BaselineError(f"{path}: {name}: {OWN_CODE}: {found}")
    return {**told, OWN_CODE: own}


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        restore(folder)
    except OSError as error:
        raise BaselineError(f"{folder}: cannot be read: {error.strerror or error}") from None
    if not folder.is_dir():
        raise BaselineError(f"{folder}: no such baseline; {_ACCEPT}")
    if not path.is_file():
        raise BaselineError(f"{folder}: not a baseline: no {MANIFEST}; {_ACCEPT}")
    try:
        manifest: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        expected = f"schema_version {SCHEMA_VERSION} (was it written by another version of serfsim?)"
        raise BaselineError(f"{path}: {found_expected(f'schema_version {quoted(version)}', expected)}")
    if not isinstance(manifest.get("scenarios"), dict):
        raise BaselineError(f"{path}: {found_expected('no scenarios', 'a mapping of scenarios')}")
    return dict(manifest)


def _read_runs(text: str, path: Path) -> Runs:
    rows = list(csv.reader(StringIO(text)))
    if len(rows) < 2 or rows[0][:2] != ["seed", "digest"]:
        raise BaselineError(
            f"{path}: {found_expected('no table of runs', 'columns seed, digest and figures')}"
        )
    names = rows[0][2:]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            found = f"{len(row)} columns"
            raise BaselineError(f"{path}:{number}: {found_expected(found, str(len(rows[0])))}")
    try:
        seeds = tuple(int(row[0]) for row in rows[1:])
        values = np.array([[float(cell) if cell else math.nan for cell in row[2:]] for row in rows[1:]])
    except ValueError as error:
        raise BaselineError(f"{path}: found a value that is not a number: {error}") from None
    if len(set(seeds)) < len(seeds):
        raise BaselineError(f"{path}: {found_expected('a seed twice', 'one row per seed')}")
    digests = tuple(row[1] for row in rows[1:])
    return Runs(seeds, digests, {name: values[:, column] for column, name in enumerate(names)})


def files_of(baseline: Baseline) -> dict[str, str]:
    """Return {file name: text} of all files in a baseline's folder."""
    about = {
        name: {
            "source": entry.source,
            "seeds": seeds_text(entry.runs.seeds),
            "code": entry.code,
            "commit": entry.commit,
            "date": entry.date,
            "claims": list(entry.claims),
            "given": entry.given,
            **({OWN_CODE: dict(entry.own_code)} if entry.own_code else {}),
        }
        for name, entry in sorted(baseline.entries.items())
    }
    last = asdict(baseline.last) if baseline.last else None
    manifest = {"schema_version": SCHEMA_VERSION, "last": last, "scenarios": about}
    files = {MANIFEST: json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"}
    for name, entry in baseline.entries.items():
        files[f"{name}.yaml"] = entry.complete
        files[f"{name}.csv"] = _table(entry.runs)
    return files


def _table(runs: Runs) -> str:
    lines = [",".join(["seed", "digest", *runs.figures])]
    for place, (seed, digest) in enumerate(zip(runs.seeds, runs.digests, strict=True)):
        cells = (_cell(values[place]) for values in runs.figures.values())
        lines.append(",".join([str(seed), digest, *cells]))
    return "\n".join(lines) + "\n"


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.{DIGITS}g}"


def own_files(folder: Path) -> set[str]:
    """Return the files of the baseline in a folder; none where it cannot be read as a baseline."""
    try:
        entries = read_baseline(folder).entries
    except BaselineError:
        return set()
    return {MANIFEST, *(f"{name}.{ending}" for name in entries for ending in ("yaml", "csv"))}


OWNED: Final = Owned("a baseline", own_files, lambda folder: None, (MANIFEST,))


def write_baseline(baseline: Baseline) -> None:
    """Replace the folder atomically.

    Raises BaselineError where the folder holds something else or cannot be written.
    """
    with replacing(baseline.folder, OWNED, BaselineError) as partial:
        for name, text in files_of(baseline).items():
            (partial / name).write_text(text, encoding="utf-8", newline="\n")


def seeds_text(seeds: tuple[int, ...]) -> str:
    """Format ascending seeds as '1-20,25'."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][1] + 1:
            parts[-1][1] = seed
        else:
            parts.append([seed, seed])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
