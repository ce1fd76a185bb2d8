"""A smaller scenario that breaks the same rule: fewer entries, fewer members, a shorter run, rounder numbers.

Every step proposes a smaller scenario, runs it, and keeps it where the rule is still broken; steps are tried
again until none is kept or the tries are used up. The order is fixed, so the outcome is.
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from serfsim.scenario import units
from serfsim.scenario.places import node_names
from serfsim.study.swarm.drawing import LISTS, Sections, flow_text

MOST_TRIES: Final = 250
LEAST_S: Final = 0.1  # of a time that is made shorter
KEPT: Final = ("seed", "duration", "warm_up", "cluster", "network", "faults", "workload")
LONGEST_LINES: Final = 10
_DURATION: Final = re.compile(r"-?[0-9.]+(?:ns|us|ms|s|m|h|d)")
_TIMES: Final = ("at", "for", "until", "every", "restart", "apart")

Breaks = Callable[[Sections], bool]
"""Tells whether a scenario breaks the rule."""


class Shrunk(NamedTuple):
    """The smallest scenario found, and how many were tried."""

    sections: Sections
    tries: int


def shrink(sections: Sections, breaks: Breaks, most_tries: int = MOST_TRIES) -> Shrunk:
    """Shrink a scenario that `breaks` a rule."""
    best = {key: copy.deepcopy(value) for key, value in sections.items() if key != "name"}
    tries = 0
    seen = {json.dumps(best)}
    again = True
    while again:
        again = False
        for step in STEPS:
            progress = True
            while progress:
                progress = False
                for smaller in step(best):
                    text = json.dumps(smaller)
                    if text in seen:
                        continue
                    if tries >= most_tries:
                        return Shrunk(best, tries)
                    seen.add(text)
                    tries += 1
                    if breaks(smaller):
                        best, progress, again = smaller, True, True
                        break
    return Shrunk(best, tries)


def file_text(sections: Sections, rule: str) -> str:
    """Return a scenario file of at most LONGEST_LINES lines, the first a comment with the rule."""
    lines = [f"# {rule}: serfsim run FILE --check fails"]
    lines += [f"{key}: {flow_text(sections[key])}" for key in (*KEPT, "record") if key in sections]
    assert len(lines) <= LONGEST_LINES
    return "\n".join(lines) + "\n"


# Steps -------------------------------------------------------------------------------------------------


def _changed(sections: Sections, key: str, value: Any) -> Sections:
    return {**sections, key: value}


def _without(sections: Sections, key: str) -> Sections:
    return {name: value for name, value in sections.items() if name != key}


def fewer_entries(sections: Sections) -> Iterator[Sections]:
    """Drop all faults or work, half of them, one of them."""
    for key in LISTS:
        entries = sections.get(key, [])
        if not entries:
            continue
        yield _without(sections, key)
        half = len(entries) // 2
        if half > 1:
            yield _changed(sections, key, entries[:half])
            yield _changed(sections, key, entries[half:])
        for position in range(len(entries)):
            left = entries[:position] + entries[position + 1 :]
            yield _changed(sections, key, left) if left else _without(sections, key)


def fewer_keys(sections: Sections) -> Iterator[Sections]:
    """Drop whole sections, then keys of the cluster, its groups and settings, and of the network."""
    for key in ("network", "record"):
        if key in sections:
            yield _without(sections, key)
    for path in _paths(sections, ("cluster", "network")):
        yield _dropped(sections, path)


def plain_entries(sections: Sections) -> Iterator[Sections]:
    """Drop keys of faults and work that need not be given."""
    for path in _paths(sections, LISTS):
        yield _dropped(sections, path)


def _paths(sections: Sections, keys: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key of a mapping below, the outer ones first."""
    for key in keys:
        waiting: list[tuple[tuple[Any, ...], Any]] = [((key,), sections.get(key))]
        while waiting:
            path, value = waiting.pop(0)
            inner = list(value.items()) if isinstance(value, dict) else []
            if isinstance(value, list):
                inner = [(number, one) for number, one in enumerate(value) if isinstance(one, (dict, list))]
            for name, one in inner:
                if isinstance(value, dict) and (*path, name) != ("cluster", "nodes"):
                    yield (*path, name)
                waiting.append(((*path, name), one))


def _dropped(sections: Sections, path: tuple[Any, ...]) -> Sections:
    found = copy.deepcopy(sections)
    inner: Any = found
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return found


def fewer_members(sections: Sections) -> Iterator[Sections]:
    """Propose fewer members, named by number; the names of those that are gone become others'."""
    nodes = sections["cluster"]["nodes"]
    count = nodes if isinstance(nodes, int) else len(nodes)
    if not isinstance(nodes, int):
        names = [one if isinstance(one, str) else one["name"] for one in nodes]
        new = node_names(count)
        yield _with_members(sections, count, dict(zip(names, new, strict=True)))
        return
    for fewer in sorted({2, 3, 4, 5, count // 4, count // 2, count - 1}):
        if 2 <= fewer < count:
            old, new = node_names(count), node_names(fewer)
            yield _with_members(
                sections, fewer, {name: new[number % fewer] for number, name in enumerate(old)}
            )


def _with_members(sections: Sections, count: int, names: dict[str, str]) -> Sections:
    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): renamed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return (
                list(dict.fromkeys(renamed(one) for one in value))
                if _are_names(value)
                else [renamed(one) for one in value]
            )
        if isinstance(value, str):
            return names.get(value, value)
        return min(value, count) if isinstance(value, int) and not isinstance(value, bool) else value

    def _are_names(value: list[Any]) -> bool:
        return all(isinstance(one, str) for one in value)

    found = copy.deepcopy(sections)
    for key in LISTS:
        for entry in found.get(key, []):
            for name, value in entry.items():
                if name not in ("times", "relay_factor"):
                    entry[name] = renamed(value) if not _is_plain_number(name, value) else value
    cluster = found["cluster"]
    cluster["nodes"] = count
    start = cluster.get("start", {})
    if "at" in start:
        start["at"] = start["at"][:count]
    if "join" in start:
        start["join"] = renamed(start["join"])
    for group in cluster.get("groups", {}).values():
        if isinstance(group.get("nodes"), int):
            group["nodes"] = max(1, min(group["nodes"], count // 2))
    return found


def _is_plain_number(key: str, value: Any) -> bool:
    return isinstance(value, (int, float)) and key in ("payload", "seq", "incarnation", "ltime", "rate")


def shorter(sections: Sections) -> Iterator[Sections]:
    """Shorten the run, and its warm-up."""
    for key in ("duration", "warm_up"):
        seconds = units.read_duration(sections[key])
        for share in (0.25, 0.5, 0.75, 0.9):
            less = _rounded(seconds * share)
            if LEAST_S <= less < seconds:
                yield _changed(sections, key, units.write_duration(less))


def sooner(sections: Sections) -> Iterator[Sections]:
    """Have entries begin at once, or last shorter."""
    for key in LISTS:
        for position, entry in enumerate(sections.get(key, [])):
            for name in _TIMES:
                if isinstance(entry.get(name), str):
                    seconds = units.read_duration(entry[name])
                    for less in dict.fromkeys((1.0, _rounded(seconds / 2))):
                        if LEAST_S <= less < seconds:
                            yield _entry_changed(sections, key, position, name, units.write_duration(less))


def rounder(sections: Sections) -> Iterator[Sections]:
    """Round times to whole seconds, then to one digit."""
    for name in ("duration", "warm_up"):
        for text in _rounder_texts(sections[name]):
            yield _changed(sections, name, text)
    for key in LISTS:
        for position, entry in enumerate(sections.get(key, [])):
            for name in _TIMES:
                if isinstance(entry.get(name), str):
                    for text in _rounder_texts(entry[name]):
                        yield _entry_changed(sections, key, position, name, text)


def _entry_changed(sections: Sections, key: str, position: int, name: str, value: Any) -> Sections:
    entries = list(sections[key])
    entries[position] = {**entries[position], name: value}
    return _changed(sections, key, entries)


def _rounder_texts(text: str) -> Iterator[str]:
    if not _DURATION.fullmatch(text):
        return
    seconds = units.read_duration(text)
    for found in (_rounded(seconds), float(math.ceil(seconds))):
        if found > 0.0 and len(units.write_duration(found)) < len(text):
            yield units.write_duration(found)


def _rounded(seconds: float) -> float:
    """Round to one digit that is not 0."""
    return float(f"{seconds:.0e}")


STEPS: Final[tuple[Callable[[Sections], Iterator[Sections]], ...]] = (
    fewer_entries,
    fewer_keys,
    fewer_members,
    plain_entries,
    shorter,
    sooner,
    rounder,
)
