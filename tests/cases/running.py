"""Running a case of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import serfsim
from tests.simulation.cluster import Run

FOLDER = Path(__file__).resolve().parent


def scenario_of(name: str, settings: Mapping[str, Any] | None = None) -> serfsim.Scenario:
    """The case NAME.yaml, with other settings."""
    made = serfsim.load(FOLDER / f"{name}.yaml")
    return made if settings is None else made.with_settings(settings)


def case(name: str, settings: Mapping[str, Any] | None = None) -> Run:
    """The same, run with seed 1."""
    return Run(scenario_of(name, settings))
