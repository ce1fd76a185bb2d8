"""The canonical order of the keys of every mapping in a scenario file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from serfsim.manual.reference import MODELS, VERBS, model_reference, scenario_keys, verb_reference
from serfsim.scenario.settings import SETTINGS

SECTIONS: Final = {"faults": VERBS["fault"], "workload": VERBS["workload"]}
_TIMES: Final = ("at", "for", "every", "until", "times")
"""The keys that end an entry of faults or workload."""


def ordered(path: tuple[str, ...], mapping: Mapping[str, Any]) -> list[str]:
    """Return the keys of a mapping at `path` in canonical order; as they are where any order will do."""
    return _sorted(mapping, _order_of(path, mapping))


def _order_of(path: tuple[str, ...], mapping: Mapping[str, Any]) -> list[str]:
    if path[:1] and path[0] in SECTIONS and len(path) > 1:
        return _order_in_entry(path, mapping)
    if path[-1:] == ("config",):
        return list(SETTINGS)
    for kind in MODELS:
        model = MODELS[kind].get(str(mapping.get("model", "plane" if kind == "topology" else "")))
        if kind in path and model is not None and path[-1] in (kind, "udp", "tcp"):
            return _tops(key.path for key in model_reference(str(mapping.get("model", "plane")), model).keys)
    start = ".".join(path)
    return _tops(name.removeprefix(f"{start}.") for name in _plain_paths() if _is_below(name, start))


def _order_in_entry(path: tuple[str, ...], mapping: Mapping[str, Any]) -> list[str]:
    """Return the order in an entry, or in a mapping within it: the verb, its keys, and the times."""
    verbs = SECTIONS[path[0]]
    if len(path) > 2:  # within the verb's own mapping
        entry = verbs.get(path[2])
        keys = [key.path for key in verb_reference(entry).keys] if entry else []
        return _tops(key.removeprefix(f"{path[2]}.") for key in keys if key.startswith(f"{path[2]}."))
    verb = next((key for key in mapping if key in verbs), "")
    keys = _tops(key.path for key in verb_reference(verbs[verb]).keys) if verb else []
    return [*(key for key in keys if key not in _TIMES), *_TIMES]


def _sorted(mapping: Mapping[str, Any], order: list[str]) -> list[str]:
    place = {key: number for number, key in enumerate(order)}
    return sorted(mapping, key=lambda key: place.get(key, len(order))) if order else list(mapping)


def _tops(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(path.split(".")[0] for path in paths))


def _is_below(name: str, start: str) -> bool:
    return not start or name.startswith(f"{start}.")


@cache
def _plain_paths() -> tuple[str, ...]:
    """Return the paths of all keys, with `[]` as a separate part, as in paths of a file's mappings."""
    return tuple(key.path.replace("[]", ".[]") for key in scenario_keys())
