"""The scenarios of a call: some or all of the baseline's, as their files are now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from serfsim.base.english import nearest
from serfsim.base.errors import BaselineError, ScenarioError
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.source import Source, read_yaml
from serfsim.study.regression.baseline import Baseline, Entry
from serfsim.study.sweeps.keys import content_digest


def select_entries(baseline: Baseline, names: Sequence[str]) -> list[Entry]:
    """Return the entries with these names or files; all without `names`.

    Raises BaselineError for a name the baseline lacks.
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
    """Return the entry with a name or a file."""
    if name in baseline.entries:
        return baseline.entries[name]
    path = Path(name)
    same = (entry for entry in baseline.entries.values() if _is_file(baseline.folder, entry, path))
    return next(same, None)


def _is_file(folder: Path, entry: Entry, path: Path) -> bool:
    place = Path(locate_source(folder, entry.source))
    return path.exists() and place.exists() and place.samefile(path)


def locate_source(folder: Path, source: str) -> str:
    """Return the argument of `load` for an entry: a path relative to here, or a shipped scenario's name."""
    return os.path.relpath(folder / source) if source.endswith((".yaml", ".yml")) else source


def source_of(folder: Path, file: str) -> str:
    """Return the baseline's name for a scenario's file, or for the shipped scenario of that name."""
    path = Path(file)
    if not path.exists():
        return path.stem if path.suffix == ".yaml" else file
    if path.resolve() == shipped().get(path.stem, Path()).resolve():
        return path.stem
    return Path(os.path.relpath(path, folder)).as_posix()


def load_scenarios(
    folder: Path, entries: Sequence[Entry], settings: Sequence[str] = (), *, allow_code: bool = False
) -> dict[str, Scenario]:
    """Load the scenarios of entries by name, with `settings` ('PATH=VALUE') applied.

    Raises BaselineError where a scenario is gone or differs from the one the baseline was made from: such a
    comparison would mix changes of the scenario with changes of the code.
    """
    problems, scenarios = [], {}
    for entry in entries:
        file = locate_source(folder, entry.source)
        if not Path(file).exists() and file not in shipped():
            problems.append(f"{entry.name}: its scenario {file} is gone")
            continue
        scenario = load(file, allow_code=allow_code)
        problem = describe_change(entry, scenario)
        if problem:
            problems.append(f"{entry.name}: the scenario itself changed: {problem}")
        else:
            scenarios[entry.name] = load(file, settings, allow_code=allow_code) if settings else scenario
    if problems:
        told = "nothing was compared; accept them as they are with: serfsim regress --accept --because TEXT"
        raise BaselineError("\n".join([*problems, f"{folder}: {told}"]))
    return scenarios


def describe_change(entry: Entry, scenario: Scenario) -> str:
    """Describe how a scenario differs from its entry; '' where its runs are the same."""
    if scenario.name != entry.name:
        return f"name: {entry.name} then, {scenario.name} now"
    return few(differing(entry.given, comparable_fields(scenario)))


NOT_AFFECTING_RESULTS: Final = ("name", "question", "situation", "seed", "claims")
MOST: Final = 6  # differences listed; more would not help


def comparable_fields(scenario: Scenario) -> dict[str, Any]:
    """Return the fields of a scenario that affect its runs; a topology's file is named by its content.

    The folder of the user's own modules is left out; their text is code, not scenario.
    """
    given = {key: value for key, value in scenario.given().items() if key not in NOT_AFFECTING_RESULTS}
    given.get("code", {}).pop("folder", None)
    topology = given.get("network", {}).get("topology", {})
    file = topology.get("file")
    if isinstance(file, str) and Path(file).is_file():
        topology["file"] = f"{Path(file).name} {content_digest(Path(file))}"
    return given


def differing(then: Any, now: Any) -> list[str]:
    """List differences between two nested mappings as 'duration: 2m then, 3m now'."""
    before, after = dict(_leaves(then)), dict(_leaves(now))
    paths = [*before, *(path for path in after if path not in before)]
    return [
        f"{path}: {_text_at(before, path)} then, {_text_at(after, path)} now"
        for path in paths
        if before.get(path, _ABSENT) != after.get(path, _ABSENT)
    ]


def differing_settings(then: str, now: str, source: str) -> list[str]:
    """List differences between two complete scenarios in YAML, ignoring name, question, seed and claims.

    Raises ScenarioError for an invalid scenario; `source` names the first one in the message.
    """
    complete = [read_yaml(text, Source(source)) for text in (then, now)]
    for scenario in complete:
        if not isinstance(scenario, dict):
            raise ScenarioError(f"{source}: {found_expected(quoted(scenario), 'a complete scenario')}")
        for key in NOT_AFFECTING_RESULTS:
            scenario.pop(key, None)
    return differing(*complete)


def few(differences: list[str], most: int = MOST) -> str:
    """Join at most `most` differences in one line."""
    left = len(differences) - most
    return "; ".join([*differences[:most], *([f"and {left} more"] if left > 0 else [])])


_ABSENT: Final = object()


def _text_at(leaves: Mapping[str, Any], path: str) -> str:
    value = leaves.get(path, _ABSENT)
    if value is _ABSENT:
        return "not given"
    return value if isinstance(value, str) else quoted(value)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and value:
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]")
    else:
        yield path, value
