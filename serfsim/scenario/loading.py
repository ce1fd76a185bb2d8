"""From a file to a scenario, with the file and the line of every mistake."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from serfsim.base.english import nearest
from serfsim.base.errors import ScenarioError
from serfsim.scenario.library import find, shipped
from serfsim.scenario.measured import can_be_a_file
from serfsim.scenario.model import Scenario
from serfsim.scenario.overrides import read_path, with_value
from serfsim.scenario.own_code import HOW, merged_code, paths_in
from serfsim.scenario.own_words import reading
from serfsim.scenario.problems import Path, ScenarioProblems, found_expected, quoted, report
from serfsim.scenario.source import Source, read_yaml

LARGEST_FILE = 4 * 1024 * 1024
DATA_FOLDER = "SERFSIM_DATA"  # names a folder of public data sets


def load(
    file: str | FilePath,
    settings: Sequence[str] = (),
    *,
    allow_code: bool = False,
    code: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> Scenario:
    """Read a scenario file, with some values changed: `settings` are texts 'PATH=VALUE'.

    A bare name that is no file is that of a shipped scenario. A missing `name` is the file's own. Files
    that the scenario names are relative to its folder, or to the one that SERFSIM_DATA names. `allow_code`:
    import the modules of the user's own that its `code` names; refused otherwise. `code`: more of them, in
    which classes and functions may stand for paths. `kept`: read it without importing anything.

    Raises ScenarioError: one message, a line for each mistake, 'FILE:LINE: path: found ...'.
    """
    path = find(file)
    return loads(
        text_of(path),
        str(path),
        path.parent,
        settings,
        path.stem,
        allow_code=allow_code,
        code=code,
        kept=kept,
    )


def loads(
    text: str,
    label: str = "scenario",
    folder: FilePath | None = None,
    settings: Sequence[str] = (),
    name: str | None = None,
    *,
    allow_code: bool = False,
    code: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> Scenario:
    """Load a scenario from its text. `label` is the file in messages, `folder` the place of its files.

    `allow_code`, `code` and `kept` as in `load`.
    """
    source = Source(label)
    data = read_yaml(text, source)
    if not isinstance(data, dict):
        expected = "a mapping such as {cluster: {nodes: 30}}"
        place = source.line(0) if data is None else source.where(())
        raise ScenarioError(f"{place}: {found_expected(quoted(data), expected)}")
    for setting in settings:
        data = _with_setting(data, setting, source)
    if name is not None:
        data.setdefault("name", re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip("._-") or "scenario")
    if not (allow_code or kept):
        refuse_code(data.get("code"), lambda path: source.where(("code", *path)))
    if code:
        data = {**data, "code": merged_code(data.get("code"), code)}
    if folder is not None:
        data = with_files_in(data, folder)
    try:
        with reading(kept=kept):
            return Scenario(**data)
    except ScenarioProblems as error:
        message = report(error.problems, source.where)
        raise ScenarioProblems(message, error.problems) from None


def refuse_code(code: Any, where: Callable[[Path], str]) -> None:
    """Raise ScenarioError where a `code` section names any code; `where` gives the place of a path in it."""
    named = list(paths_in(code))
    if named:
        found = f"code of its own ({', '.join(path for _, path in named)})"
        expected = f"{HOW}: it would be imported and run"
        raise ScenarioError(f"{where(named[0][0])}: code: {found_expected(found, expected)}")


def text_of(path: FilePath) -> str:
    """Return the text of a scenario file; raise ScenarioError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            found, most = "a larger file", f"a scenario file of at most {LARGEST_FILE // 1024**2} MiB"
            raise ScenarioError(f"{path}: {found_expected(found, most)}")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ScenarioError(f"{path}: no such file{_near(path)}") from None
    except IsADirectoryError:
        raise ScenarioError(f"{path}: {found_expected('a folder', 'a scenario file')}") from None
    except UnicodeDecodeError:
        raise ScenarioError(
            f"{path}: {found_expected('bytes that are no UTF-8 text', 'a scenario file')}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(f"{path}: cannot be read: {reason}") from None


def _near(path: FilePath) -> str:
    """Return a file beside it with a similar name."""
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix in (".yaml", ".yml")]
    except OSError:
        return ""
    if meant := nearest(path.name, names):
        return f"; did you mean {path.parent / meant}?"
    meant = nearest(path.name, shipped())
    return f"; did you mean the shipped scenario {meant}?" if meant else ""


def _with_setting(data: dict[str, Any], setting: str, source: Source) -> dict[str, Any]:
    """Return the data with one 'PATH=VALUE' applied, and note its place."""
    place = f"--set {setting}"
    path_part, equals, value_part = setting.partition("=")
    if not equals:
        raise ScenarioError(f"{place}: {found_expected(quoted(setting), 'PATH=VALUE')}")
    try:
        path = read_path(path_part)
        value = read_yaml(value_part, Source(place, has_lines=False))
        changed: dict[str, Any] = with_value(data, path, value)
    except ScenarioError as error:
        message = str(error)
        raise ScenarioError(message if message.startswith(place) else f"{place}: {message}") from None
    source.note(path, place)
    return changed


def with_files_in(data: dict[str, Any], folder: FilePath) -> dict[str, Any]:
    """Return the data with its files found from `folder`: the topology's file, the modules of `code`."""
    return _with_snapshots_in(_with_code_in(_with_topology_in(data, folder), folder), folder)


def _with_snapshots_in(data: dict[str, Any], folder: FilePath) -> dict[str, Any]:
    faults = data.get("faults")
    for position, fault in enumerate(faults if isinstance(faults, list) else []):
        file = fault.get("snapshot", "keep") if isinstance(fault, Mapping) else "keep"
        if isinstance(file, str) and file not in ("keep", "empty") and file.strip() and can_be_a_file(file):
            data = with_value(data, ("faults", position, "snapshot"), str((folder / file).resolve()))
    return data


def _with_code_in(data: dict[str, Any], folder: FilePath) -> dict[str, Any]:
    code = data.get("code")
    if not isinstance(code, Mapping):
        return data
    place = code.get("folder") or "."
    if not isinstance(place, str) or not can_be_a_file(place):
        return data
    changed: dict[str, Any] = with_value(data, ("code", "folder"), str((folder / place).resolve()))
    return changed


def _with_topology_in(data: dict[str, Any], folder: FilePath) -> dict[str, Any]:
    """Return the data with the topology's file, if any, found from `folder` or in the data folder."""
    network = data.get("network")
    topology = network.get("topology") if isinstance(network, Mapping) else None
    file = topology.get("file") if isinstance(topology, Mapping) else None
    if not isinstance(file, str) or not file.strip() or not can_be_a_file(file):
        return data
    place = folder / file
    data_folder = os.environ.get(DATA_FOLDER)
    if data_folder and not place.exists() and (FilePath(data_folder) / file).exists():
        place = FilePath(data_folder) / file
    absolute = str(place.resolve())
    changed: dict[str, Any] = with_value(data, ("network", "topology", "file"), absolute)
    return changed
