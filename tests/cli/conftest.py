"""A command line whose simulation is made up, so that these tests are about the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim.report.runs
from serfsim.base import manifest
from serfsim.cli.app import app
from serfsim.scenario import Scenario


class MadeUpResult:
    """What `simulation.run` returns, as far as the command line looks at it."""

    def __init__(self, scenario: Scenario, summary: dict[str, Any]) -> None:
        self.scenario = scenario
        self.summary = summary
        self.pools: dict[str, Any] = {}
        self.is_checked = False
        self.violations: list[Any] = []

    def save(self, folder: Path, *, figures: bool = True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").write_text(json.dumps(self.summary, indent=2) + "\n", encoding="utf-8")
        manifest.seal(folder, "result")
        if figures:
            (folder / "report.html").touch()
        return folder


class Simulation:
    """Stands for `simulation.run`; remembers what it was asked, returns the figures it was told."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {"detection": {"false_positives": 0, "missed": 0, "first_s": {"n": 0}}}
        self.complete = True
        self.runs: list[tuple[Scenario, int | None]] = []
        self.raises: BaseException | None = None

    def run(
        self,
        scenario: Scenario,
        seed: int | None = None,
        progress: Callable[[float], None] = print,
        capture: Path | None = None,
        allow_large: bool = False,
        check: bool | None = None,
    ) -> MadeUpResult:
        self.runs.append((scenario, seed))
        progress(0.5)
        if self.raises is not None:
            raise self.raises
        summary = {
            "name": scenario.name,
            "question": scenario.question,
            "seed": scenario.seed if seed is None else seed,
            "digest": "abc123",
            "versions": {"compiled": False},
            "nodes": 30,
            "duration_s": scenario.duration,
            "warm_up_s": scenario.warm_up,
            "wall_s": 0.5,
            "events_processed": 1000,
            "complete": self.complete,
            "interrupted_at_s": None if self.complete else 12.0,
            "claims": scenario.check_claims(self.figures),
            **self.figures,
        }
        return MadeUpResult(scenario, summary)


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    made_up = Simulation()
    monkeypatch.setattr(serfsim.report.runs, "run", made_up.run, raising=False)
    return made_up


@pytest.fixture
def serfsim_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the command line in an empty folder, which holds only what a test puts there."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    return invoke
