"""Is a scenario still the one that its baseline was made from?

What counts is what its file says, not what becomes of it: a default that changed in the code changes
the complete scenario, and that is what a regression test is there to find. So a baseline keeps both:
what was given, which must be the same, and the complete text, which tells the settings that differ.
Name, question, seed and claims do not matter to a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from serfsim.base.errors import ScenarioError
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.source import Source, read_yaml
from serfsim.study.sweeps.keys import content_digest

NOT_AFFECTING_RESULTS: Final = ("name", "question", "seed", "claims")
MOST: Final = 6  # a longer list of differences helps nobody


def comparable_fields(scenario: Scenario) -> dict[str, Any]:
    """What a scenario's file says of its runs; a topology's file is named by its content."""
    given = {key: value for key, value in scenario.given().items() if key not in NOT_AFFECTING_RESULTS}
    topology = given.get("network", {}).get("topology", {})
    file = topology.get("file")
    if isinstance(file, str) and Path(file).is_file():
        topology["file"] = f"{Path(file).name} {content_digest(Path(file))}"
    return given


def differing(then: Any, now: Any) -> list[str]:
    """'duration: 2m then, 3m now' for every value that differs between two nested mappings."""
    before, after = dict(_leaves(then)), dict(_leaves(now))
    paths = [*before, *(path for path in after if path not in before)]
    return [
        f"{path}: {_told(before, path)} then, {_told(after, path)} now"
        for path in paths
        if before.get(path, _ABSENT) != after.get(path, _ABSENT)
    ]


def differing_settings(then: str, now: str, source: str) -> list[str]:
    """The same for two complete scenarios as YAML, but for their names, questions, seeds and claims.

    Raises ScenarioError where one is no scenario; `source` names the first in its message.
    """
    complete = [read_yaml(text, Source(source)) for text in (then, now)]
    for scenario in complete:
        if not isinstance(scenario, dict):
            raise ScenarioError(f"{source}: {found_expected(quoted(scenario), 'a complete scenario')}")
        for key in NOT_AFFECTING_RESULTS:
            scenario.pop(key, None)
    return differing(*complete)


def few(differences: list[str], most: int = MOST) -> str:
    """At most so many of them in one line."""
    left = len(differences) - most
    return "; ".join([*differences[:most], *([f"and {left} more"] if left > 0 else [])])


_ABSENT: Final = object()


def _told(leaves: Mapping[str, Any], path: str) -> str:
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
