"""Changing one value by its path: 'faults[0].at' or 'faults.0.at'."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from serfsim.base.errors import ScenarioError
from serfsim.scenario.problems import Path, found_expected, path_text, quoted

_PATH = re.compile(r"[^.\[\]=]+(?:\[\d+\])*(?:\.[^.\[\]=]+(?:\[\d+\])*)*")
_PART = re.compile(r"[^.\[\]]+")


def read_path(text: str) -> Path:
    """('faults', 0, 'at') of 'faults[0].at'."""
    text = text.strip()
    if not _PATH.fullmatch(text):
        expected = "a path such as cluster.config.suspicion_mult or faults[0].at"
        raise ScenarioError(found_expected(f"'{text}'", expected))
    return tuple(int(part) if part.isdecimal() else part for part in _PART.findall(text))


def with_value(data: Any, path: str | Path, value: Any) -> Any:
    """Return a copy of `data` with one value changed, and mappings on the way made where missing.

    Raises ScenarioError where the path runs through something that is neither mapping nor list, or
    past the end of a list.
    """
    return _changed(data, read_path(path) if isinstance(path, str) else path, value, 0)


def _changed(data: Any, path: Path, value: Any, depth: int) -> Any:
    if depth == len(path):
        return value
    part = path[depth]
    if isinstance(data, Sequence) and not isinstance(data, str):
        if not isinstance(part, int) or part >= len(data):
            expected = f"an index from 0 to {len(data) - 1}" if data else "no index: the list is empty"
            raise ScenarioError(f"{path_text(path[:depth])}: {found_expected(f'[{part}]', expected)}")
        copy = list(data)
        copy[part] = _changed(copy[part], path, value, depth + 1)
        return copy
    if data is not None and not isinstance(data, Mapping):
        found = f"{quoted(data)}, which has no '{part}'"
        raise ScenarioError(f"{path_text(path[:depth])}: {found_expected(found, 'a mapping or a list')}")
    if data is None and isinstance(part, int):
        raise ScenarioError(
            f"{path_text(path[:depth])}: {found_expected('nothing', f'a list that has a [{part}]')}"
        )
    changed = dict(data or {})
    key = str(part)
    changed[key] = _changed(changed.get(key), path, value, depth + 1)
    return changed
