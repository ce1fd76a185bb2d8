"""In what the scenarios of two sides differ, as notes for the reader of a comparison."""

from __future__ import annotations

from typing import Any, Final

from serfsim.base.errors import ScenarioError
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import quoted
from serfsim.study.sweeps.folder import differences

MOST_TOLD: Final = 3
# What a difference in changes no run.
NOT_AFFECTING_RESULTS: Final = ("name", "question", "seed", "claims")


def other_scenario(base: Any, candidate: Any) -> list[str]:
    """Notes: other names, and the settings that differ. None where a side has no scenario."""
    before, now = _complete(base), _complete(candidate)
    notes = []
    names = [getattr(scenario, "name", None) for scenario in (base, candidate)]
    if names[0] != names[1] and None not in names:
        notes.append(f"two scenarios of different names are compared: {names[0]} and {names[1]}")
    if before is None or now is None:
        return notes
    changes = [
        f"{path} {quoted(old)} -> {quoted(new)}"
        for path, old, new in differences(before, now)
        if not path.startswith(NOT_AFFECTING_RESULTS)
    ]
    if changes:
        left = len(changes) - MOST_TOLD
        more = f" and {left} more" if left > 0 else ""
        notes.append(f"the scenarios differ in {', '.join(changes[:MOST_TOLD])}{more}")
    return notes


def _complete(scenario: Any) -> dict[str, Any] | None:
    """Every value of a scenario in hand or kept as text."""
    if isinstance(scenario, Scenario):
        return scenario.complete()
    try:
        return loads(scenario.to_yaml()).complete()
    except (AttributeError, ScenarioError):
        return None
