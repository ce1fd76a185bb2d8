"""The workflow of GitHub Actions names only commands, options and files that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from serfsim.cli.app import app
from serfsim.regression.baseline import read_baseline
from serfsim.regression.check import PAGE
from serfsim.regression.identity import essence
from serfsim.regression.selection import loaded

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github" / "workflows" / "regress.yml"


def steps() -> list[dict[str, Any]]:
    workflow = YAML(typ="safe").load(FILE)
    assert workflow["name"] == "regress"
    assert "pull_request" in workflow["on"]
    found: list[dict[str, Any]] = workflow["jobs"]["regress"]["steps"]
    return found


def commands(text: str) -> list[list[str]]:
    """The calls of serfsim in a text, as words."""
    lines = re.findall(r"(?:\.venv/bin/|#\s+|^)(serfsim .*)", text, flags=re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_every_serfsim_command_of_the_workflow_exists_with_its_options() -> None:
    found = commands(FILE.read_text(encoding="utf-8"))
    assert len(found) == 2
    known: Any = get_command(app)
    for _, name, *words in found:
        options = {option for parameter in known.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_every_make_command_of_the_workflow_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name for step in steps() for name in re.findall(r"^make (\w+)", step.get("run", ""), re.MULTILINE)
    }
    assert named
    assert named <= targets


def test_the_summary_is_the_page_that_regress_writes_even_when_it_fails() -> None:
    (summary,) = [step for step in steps() if "GITHUB_STEP_SUMMARY" in step.get("run", "")]
    assert f"results/regress/{PAGE}" in summary["run"]
    assert "!cancelled()" in summary["if"]
    (kept,) = [step for step in steps() if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"] == "results/regress"


@pytest.fixture
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_the_project")
def test_the_committed_baseline_is_of_the_scenarios_as_they_are_and_stays_small() -> None:
    folder = Path("results/baseline")
    baseline = read_baseline(folder)
    scenarios = loaded(folder, list(baseline.entries.values()))
    assert set(scenarios) == set(baseline.entries)
    for name, scenario in scenarios.items():
        assert essence(scenario) == baseline.entries[name].given
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000
