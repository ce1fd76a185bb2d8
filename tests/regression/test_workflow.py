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
from serfsim.study.regression.baseline import read_baseline
from serfsim.study.regression.check import PAGE
from serfsim.study.regression.selection import comparable_fields, load_scenarios

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github" / "workflows" / "regress.yml"
PAGE_OF_DOCS = ROOT / "docs" / "regress.md"


def texts() -> dict[str, str]:
    """This project's workflow, and that of the documentation for others."""
    (of_docs,) = re.findall(r"```yaml\n(.*?)```", PAGE_OF_DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {"ours": FILE.read_text(encoding="utf-8"), "of the docs": of_docs}


def steps(which: str) -> list[dict[str, Any]]:
    workflow = YAML(typ="safe").load(texts()[which])
    assert workflow["name"] == "regress"
    assert "pull_request" in workflow["on"]
    found: list[dict[str, Any]] = workflow["jobs"]["regress"]["steps"]
    return found


def commands(text: str) -> list[list[str]]:
    """The calls of serfsim in a text, as words."""
    lines = re.findall(r"(?:^|run: |\.venv/bin/)(serfsim [a-z].*)", text, flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("file", [FILE, PAGE_OF_DOCS], ids=["workflow", "docs"])
def test_every_serfsim_command_exists_with_its_options(file: Path) -> None:
    found = commands(file.read_text(encoding="utf-8"))
    assert found
    known: Any = get_command(app)
    for _, name, *words in found:
        options = {option for parameter in known.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_every_make_command_of_the_workflow_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    runs = [step.get("run", "") for step in steps("ours")]
    named = {name for run in runs for name in re.findall(r"^make (\w+)", run, re.MULTILINE)}
    assert named
    assert named <= targets


@pytest.mark.parametrize("which", ["ours", "of the docs"])
def test_the_summary_is_the_page_that_regress_writes_even_when_it_fails(which: str) -> None:
    (summary,) = [step for step in steps(which) if "GITHUB_STEP_SUMMARY" in step.get("run", "")]
    assert f"results/regress/{PAGE}" in summary["run"]
    assert "!cancelled()" in summary["if"]
    (kept,) = [step for step in steps(which) if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"] == "results/regress"


@pytest.fixture
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_the_project")
def test_the_committed_baseline_is_of_the_scenarios_as_they_are_and_stays_small() -> None:
    folder = Path("results/baseline")
    baseline = read_baseline(folder)
    scenarios = load_scenarios(folder, list(baseline.entries.values()))
    assert set(scenarios) == set(baseline.entries)
    for name, scenario in scenarios.items():
        assert comparable_fields(scenario) == baseline.entries[name].given
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000
