"""The folder of a sweep: writing, resuming and reading.

| file | content |
|---|---|
| `sweep.json` | schema_version, name, code version, grid, seeds, digests of topology files and own code |
| `scenario.yaml` | the scenario, before the grid's values are applied |
| `parts/` | one file per finished run, see `store` |
| `runs.parquet`, `runs.csv` | the table |

Runs belong to one scenario, one set of paths and one version of the code; values and seeds may be added
or left out by a later sweep into the same folder, and what is finished is found again.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from serfsim.base import locking, manifest
from serfsim.base.atomic_files import cannot_write, write_whole
from serfsim.base.errors import ScenarioError, SweepError
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.sweeps.grid import points
from serfsim.study.sweeps.keys import code_version, content_digest, own_code_of
from serfsim.study.sweeps.overview import summary
from serfsim.study.sweeps.store import PARTS, SCHEMA_VERSION, all_parts, outcome_of_part
from serfsim.study.sweeps.table import parameters_of, table_of
from serfsim.study.sweeps.worker import Job, Outcome

if TYPE_CHECKING:
    import pandas as pd

MANIFEST: Final = "sweep.json"
SCENARIO: Final = "scenario.yaml"
PARQUET: Final = "runs.parquet"
CSV: Final = "runs.csv"
# Fields of sweep.json besides its version, and the names of their types in messages.
FIELDS: Final[Mapping[str, type]] = {
    "name": str,
    "code": str,
    "grid": dict,
    "seeds": list,
    "files": dict,
    "own_code": dict,
}
WORDS: Final[Mapping[type, str]] = {str: "text", dict: "mapping", list: "list"}


@dataclass(frozen=True)
class Sweep:
    """A sweep stored in `folder`.

    `grid`: {path: [values]}. `code`: see `code_version`. `files`: {topology file, relative to the folder:
    digest of its content}. `own_code`: {import path of a class or function of the user's own: digest of its
    module}.
    """

    folder: Path
    name: str
    code: str
    grid: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    files: Mapping[str, str] = field(default_factory=dict)
    own_code: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> list[str]:
        """The paths of the grid."""
        return list(self.grid)

    @cached_property
    def scenario(self) -> Scenario:
        """To look at: code of the user's own that it names is not imported."""
        return load(self.folder / SCENARIO, kept=True)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of the runs so far, in order of the grid, then of the seeds."""
        found = {_place(part["parameters"], part["seed"]): part for part in all_parts(self.folder)}
        return [
            outcome_of_part(Job(self.scenario, seed, point), found[_place(point, seed)])
            for point in points(self.grid)
            for seed in self.seeds
            if _place(point, seed) in found
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The tidy table, a row for each run that has ended."""
        if not (self.folder / PARTS).is_dir() and (self.folder / PARQUET).is_file():
            manifest.require_unaltered(self.folder)
            return _read_parquet(self.folder / PARQUET)  # only the tables were kept, not the parts
        return table_of(self.outcomes, self.parameters)

    def summary(
        self,
        confidence: float | None = 0.95,
        statistic: str = "mean",
        figures: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return a row for each point of the grid, with intervals over the seeds: see `overview.summary`."""
        return summary(self.table, confidence, statistic, figures)


def _read_parquet(file: Path) -> pd.DataFrame:
    # start-up: pandas is slow to import
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise SweepError(f"{file}: cannot be read: {error}") from None


def _place(parameters: Mapping[str, Any], seed: int) -> str:
    return json.dumps([dict(parameters), seed])


def open_sweep(folder: str | Path) -> Sweep:
    """Open the folder of a sweep, finished or not.

    Raises SweepError where it is not one.
    """
    place = Path(folder)
    if not place.is_dir():
        raise SweepError(f"{place}: no such sweep folder")
    try:
        read = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SweepError(f"{place}: not a sweep folder: no {MANIFEST}") from None
    except (OSError, ValueError) as error:
        raise SweepError(f"{place / MANIFEST}: cannot be read: {error}") from None
    if not isinstance(read, dict) or read.get("schema_version") != SCHEMA_VERSION:
        version = read.get("schema_version") if isinstance(read, dict) else None
        raise SweepError(
            f"{place / MANIFEST}: found schema_version {quoted(version)}; expected {SCHEMA_VERSION}:"
            " another version of serfsim wrote it"
        )
    return Sweep(place, **{name: _field(read, name, kind, place / MANIFEST) for name, kind in FIELDS.items()})


def _field(read: Mapping[str, Any], name: str, kind: type, file: Path) -> Any:
    """Return a field of sweep.json.

    Raises SweepError where it is missing or of the wrong type.
    """
    value = read.get(name, {} if name in ("files", "own_code") else None)  # of earlier versions
    if not isinstance(value, kind):
        raise SweepError(f"{file}: {name}: {found_expected(quoted(value), f'a {WORDS[kind]}')}")
    return value


def begin(
    folder: Path,
    scenario: Scenario,
    grid: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    points: Iterable[Scenario] = (),
) -> Sweep:
    """Prepare the folder for a new or resumed sweep.

    `points`: the scenarios of the grid, for their topology files. Raises SweepError where the folder cannot
    hold the sweep.
    """
    points = list(points)
    sweep = Sweep(
        folder,
        scenario.name,
        code_version(),
        grid,
        seeds,
        _files(folder, points),
        own_code_of([scenario, *points]),
    )
    if (folder / MANIFEST).exists():
        kept = open_sweep(folder)
        _refuse_other(kept, sweep, scenario)
        sweep = replace(
            sweep,
            files={**kept.files, **sweep.files},
            own_code={**kept.own_code, **sweep.own_code},
        )
    else:
        _refuse_foreign_scenario(folder / SCENARIO, scenario.to_yaml(folder))
        write_whole(folder / SCENARIO, scenario.to_yaml(folder), SweepError, on_disk=True)
    write_whole(folder / MANIFEST, _manifest(sweep), SweepError, on_disk=True)
    return sweep


def _refuse_foreign_scenario(file: Path, text: str) -> None:
    """Refuse to overwrite a scenario.yaml without sweep.json unless it is the one to be written."""
    try:
        if not file.exists() or file.read_bytes() == text.encode():
            return
    except OSError as error:
        raise cannot_write(file, error, SweepError) from None
    raise SweepError(f"{file}: this file is not from a sweep; move it, or choose another folder")


def _files(folder: Path, scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return {topology file, relative to `folder`: digest of its content}."""
    named = {getattr(scenario.network.topology, "file", None) for scenario in scenarios}
    files = sorted(Path(file) for file in named if file is not None)
    return {
        Path(os.path.relpath(file, folder)).as_posix(): content_digest(file)
        for file in files
        if file.is_file()
    }


def make_folder(folder: Path) -> None:
    """Create the folder.

    Raises SweepError where something else exists there or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = {MANIFEST, SCENARIO, PARTS, LOCK}
        strangers = [entry.name for entry in folder.iterdir() if entry.name not in own]
    except (FileExistsError, NotADirectoryError):
        raise SweepError(f"{folder}: found a file; expected a folder") from None
    except OSError as error:
        raise cannot_write(folder, error, SweepError) from None
    check_tables(folder)
    if not (folder / MANIFEST).exists() and [name for name in strangers if not name.endswith(".partial")]:
        raise SweepError(
            f"{folder}: found other files; expected a new or empty folder, or that of an earlier sweep"
        )


def _manifest(sweep: Sweep) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": sweep.name,
        "code": sweep.code,
        "grid": dict(sweep.grid),
        "seeds": list(sweep.seeds),
        "files": dict(sweep.files),
        **({"own_code": dict(sweep.own_code)} if sweep.own_code else {}),
    }
    return json.dumps(document, indent=2) + "\n"


def _refuse_other(kept: Sweep, wanted: Sweep, scenario: Scenario) -> None:
    """Refuse to resume a sweep of other paths, code, files or scenario."""
    remedy = "nothing was changed: choose another folder, or remove this one"
    if kept.code != wanted.code:
        raise SweepError(
            f"{kept.folder}: its runs were made by serfsim {kept.code}, this is {wanted.code}; {remedy}"
        )
    for path, digest in wanted.own_code.items():
        before = kept.own_code.get(path, digest)
        if before != digest:
            raise SweepError(
                f"{kept.folder}: its runs are those of {path} {before}, this is {digest}, since the source of"
                f" its module changed; {remedy}"
            )
    if kept.parameters != wanted.parameters:
        has, asked = (", ".join(sweep.parameters) or "no paths" for sweep in (kept, wanted))
        raise SweepError(f"{kept.folder}: the folder has a sweep over {has}; found {asked}; {remedy}")
    for file, content in wanted.files.items():
        if kept.files.get(file, content) != content:
            raise SweepError(f"{kept.folder}: {file} has changed since this sweep ran; {remedy}")
    try:
        then = kept.scenario.complete()
    except ScenarioError as error:
        raise SweepError(f"{kept.folder}: {error}; {remedy}") from None
    now = scenario.complete()
    changes = [
        f"{path}: {quoted(old)} there, {quoted(new)} here"
        for path, old, new in differences(then, now)
        if path != "seed"
    ]
    if changes:
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        raise SweepError(
            f"{kept.folder}: the folder has a sweep of another scenario ({changes[0]}{more}); {remedy}"
        )


def differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, before, now) for every difference between two scenarios written out."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            inner = f"{path}.{key}" if path else key
            yield from differences(before.get(key), now.get(key), inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{path}[{number}]")
    elif before != now:
        yield path, before, now


def write_tables(sweep: Sweep, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Write runs.parquet and runs.csv atomically, and return the table."""
    check_tables(sweep.folder)
    table = table_of(outcomes, sweep.parameters)
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False, compression="zstd")
    write_whole(sweep.folder / PARQUET, parquet.getvalue(), SweepError)
    write_whole(sweep.folder / CSV, table.to_csv(index=False), SweepError)
    manifest.renew(sweep.folder, "sweep", (PARQUET, CSV))
    return table


def check_tables(folder: Path) -> None:
    """Raise SweepError where a table was edited since it was written, to protect the user's work."""
    kept = manifest.read(folder)
    changed = [] if kept is None else manifest.altered_files(folder, kept)
    if changed:
        raise SweepError(f"{folder / changed[0]}: edited since the sweep wrote it; move it first")


LOCK: Final = ".lock"


def lock_folder(folder: Path) -> AbstractContextManager[None]:
    """Lock the folder.

    Raises SweepError where another sweep holds it.
    """
    return locking.hold_lock(folder / LOCK, folder, "is carrying out a sweep in it", SweepError)


class ExistingRuns(NamedTuple):
    """The tidy table of a sweep, the paths of its grid, and its scenario where known."""

    name: str
    table: pd.DataFrame
    parameters: list[str]
    scenario: Scenario | None


def existing_runs(what: Any) -> ExistingRuns | None:
    """Return the runs of a sweep's folder, an opened `Sweep` or a tidy table; None for anything else.

    A folder with a sweep in its subfolder `sweep`, such as that of a tuning, counts as the sweep.
    """
    if hasattr(what, "columns"):
        return ExistingRuns("sweep", what, parameters_of(what), None)
    if isinstance(what, (str, Path)) and Path(what).is_dir():
        inner = Path(what) / "sweep"
        what = open_sweep(inner if (inner / MANIFEST).is_file() else what)
    if isinstance(what, Sweep):
        return ExistingRuns(what.name, what.table, what.parameters, what.scenario)
    return None


def require_runs(table: pd.DataFrame, name: str) -> None:
    """Raise SweepError where no run of a sweep succeeded, with the error of the first failure."""
    if len(table) == 0:
        raise SweepError(f"{name}: {found_expected('a sweep without runs', 'at least one run')}")
    if "status" in table and (table["status"] != "done").all():
        error = table["error"].iloc[0] if "error" in table else "no reason given"
        raise SweepError(f"{name}: all {len(table)} runs failed, the first with: {error}")
