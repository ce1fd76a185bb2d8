"""The scenarios of a call: those of the baseline, or some of them, as their files are now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from serfsim.base.english import nearest
from serfsim.base.errors import BaselineError
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.regression.baseline import Baseline, Entry
from serfsim.study.regression.identity import comparable_fields, differing, few


def chosen(baseline: Baseline, names: Sequence[str]) -> list[Entry]:
    """The entries of that name, or of that file; all where none are named.

    Raises BaselineError for one that the baseline does not have.
    """
    if not names:
        return list(baseline.entries.values())
    found: dict[str, Entry] = {}
    for name in names:
        entry = entry_of(baseline, name)
        if entry is None:
            expected = f"a scenario of the baseline {baseline.folder}"
            meant = nearest(Path(name).stem, baseline.entries)
            told = found_expected(quoted(name), expected, meant)
            raise BaselineError(f"{told} (new ones are added by: serfsim regress --accept --scenarios NAME)")
        found[entry.name] = entry
    return list(found.values())


def entry_of(baseline: Baseline, name: str) -> Entry | None:
    """The entry that a name or a file stands for."""
    if name in baseline.entries:
        return baseline.entries[name]
    path = Path(name)
    same = (entry for entry in baseline.entries.values() if _is_file(baseline.folder, entry, path))
    return next(same, None)


def _is_file(folder: Path, entry: Entry, path: Path) -> bool:
    place = Path(located(folder, entry.source))
    return path.exists() and place.exists() and place.samefile(path)


def located(folder: Path, source: str) -> str:
    """What `load` takes for an entry's source: a path from here, or a shipped scenario's name."""
    return os.path.relpath(folder / source) if source.endswith((".yaml", ".yml")) else source


def source_of(folder: Path, file: str) -> str:
    """How a baseline in `folder` names a scenario's file, or the shipped scenario of that name."""
    path = Path(file)
    if not path.exists():
        return path.stem if path.suffix == ".yaml" else file
    if path.resolve() == shipped().get(path.stem, Path()).resolve():
        return path.stem
    return Path(os.path.relpath(path, folder)).as_posix()


def loaded(folder: Path, entries: Sequence[Entry], settings: Sequence[str] = ()) -> dict[str, Scenario]:
    """The scenarios of entries by name, with `settings` ('PATH=VALUE') changed.

    Raises BaselineError where a scenario is gone or no longer what the baseline was made from, for a
    comparison would mix what changed in the scenario with what changed in the code.
    """
    problems, scenarios = [], {}
    for entry in entries:
        file = located(folder, entry.source)
        if not Path(file).exists() and file not in shipped():
            problems.append(f"{entry.name}: its scenario {file} is gone")
            continue
        scenario = load(file)
        problem = changed(entry, scenario)
        if problem:
            problems.append(f"{entry.name}: the scenario itself changed: {problem}")
        else:
            scenarios[entry.name] = load(file, settings) if settings else scenario
    if problems:
        told = "nothing was compared; to accept them as they are: serfsim regress --accept --because TEXT"
        raise BaselineError("\n".join([*problems, f"{folder}: {told}"]))
    return scenarios


def changed(entry: Entry, scenario: Scenario) -> str:
    """In what a scenario is another than its entry's; '' where its runs are the same."""
    if scenario.name != entry.name:
        return f"name: {entry.name} then, {scenario.name} now"
    return few(differing(entry.given, comparable_fields(scenario)))
