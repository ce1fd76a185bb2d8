"""The other commands, and bad input to any of them: one message, exit code 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serfsim.scenario import load
from serfsim.scenario.library import shipped
from tests.cli.conftest import Simulation
from tests.scenario.test_mistakes import MISTAKES

Serfsim = Callable[..., Any]


@pytest.mark.parametrize("command", ["run", "validate"])
@pytest.mark.parametrize("kind", MISTAKES)
def test_each_mistake_in_a_file_is_exit_code_2(
    serfsim_in: Serfsim, simulation: Simulation, tmp_path: Path, command: str, kind: str
) -> None:
    text, beginning, advice = MISTAKES[kind]
    (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
    done = serfsim_in(command, "f.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(beginning)
    assert advice in done.stderr
    assert simulation.runs == []


MATRICES = {
    "not square": ("0,1,2\n1,0,3\n", "square"),
    "of the wrong size": ("0,1\n1,0\n", "2"),
    "negative": ("0,-1,1\n1,0,1\n1,1,0\n", "-1"),
    "not a number": ("0,nan,1\n1,0,1\n1,1,0\n", "m.csv"),
    "text": ("0,x,1\n1,0,1\n1,1,0\n", "x"),
}


@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_that_cannot_be_used_is_refused_before_any_run(
    serfsim_in: Serfsim, tmp_path: Path, kind: str
) -> None:
    text, part = MATRICES[kind]
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    scenario = "cluster: {nodes: 3}\nnetwork: {topology: {model: matrix, file: m.csv}}\n"
    (tmp_path / "f.yaml").write_text(scenario, encoding="utf-8")
    done = serfsim_in("validate", "f.yaml")
    assert done.exit_code == 2
    assert "m.csv" in done.stderr
    assert part in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "f.yaml", "--sed", "1"],
        ["run", "f.yaml", "--seed", "one"],
        ["run", "f.yaml", "--seed", "-1"],
        ["validate"],
        ["new"],
        ["nuw"],
        ["run", "not_there.yaml"],
        ["validate", "."],
        ["plot", "not_there"],
        ["plot", ".", "--figure", "view_size"],
    ],
)
def test_a_command_that_makes_no_sense_is_exit_code_2(serfsim_in: Serfsim, arguments: list[str]) -> None:
    done = serfsim_in(*arguments)
    assert done.exit_code == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_validate_checks_every_file_and_says_what_is_in_the_good_ones(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    (tmp_path / "good.yaml").write_text("duration: 1m\nfaults: [{crash: 1}]\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("duration: 1\n", encoding="utf-8")
    done = serfsim_in("validate", "bad.yaml", "good.yaml")
    assert done.exit_code == 2
    assert done.stderr.startswith("bad.yaml:1: duration: ")
    assert done.stdout == "good.yaml: fine (30 nodes, 1m after 30s of warm-up, 1 fault)\n"
    assert serfsim_in("validate", "good.yaml").exit_code == 0


def test_every_shipped_scenario_is_valid_and_listed_with_its_question(serfsim_in: Serfsim) -> None:
    done = serfsim_in("validate", *(str(file) for file in shipped().values()))
    assert done.exit_code == 0
    warned = [line for line in done.stderr.splitlines() if "warning" in line]
    assert all("version_gate" in line for line in warned), "its members are meant to refuse each other"
    listed = serfsim_in("list")
    assert listed.exit_code == 0
    for name, file in shipped().items():
        assert name in listed.stdout
        assert " ".join(load(file).question.split()[:3]) in listed.stdout


def test_new_writes_a_scenario_that_is_valid_and_never_overwrites(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    assert serfsim_in("new", "mine").exit_code == 0
    written = tmp_path / "mine.yaml"
    assert load(written).name == "mine"
    assert serfsim_in("validate", "mine.yaml").exit_code == 0
    written.write_text("mine", encoding="utf-8")
    again = serfsim_in("new", "mine")
    assert (again.exit_code, again.stderr) == (2, "mine.yaml: exists already; it was left as it is\n")
    assert written.read_text(encoding="utf-8") == "mine"


def test_every_example_of_the_starter_file_is_valid_too(serfsim_in: Serfsim, tmp_path: Path) -> None:
    serfsim_in("new", "mine")
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    examples = [line.replace("# - ", "- ", 1) for line in text.splitlines() if line.startswith("  # - ")]
    assert len(examples) >= 7
    text = text.replace("faults:\n", "faults:\n" + "\n".join(examples) + "\n")
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    assert len(load(tmp_path / "all.yaml").faults) == len(examples) + 1


def test_new_describes_a_real_cluster_and_never_overwrites(serfsim_in: Serfsim, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"members": [{"name": "one"}, {"name": "two"}]}', encoding="utf-8")
    done = serfsim_in("new", "mine", "--members", "m.json")
    assert done.exit_code == 0, done.stderr
    assert [node.name for node in load(tmp_path / "mine.yaml").cluster.nodes] == ["one", "two"]
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=")
    (tmp_path / "mine.yaml").write_text("edited", encoding="utf-8")
    again = serfsim_in("new", "mine", "--members", "m.json")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "edited"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"Error connecting", "m.json:1: not valid JSON"),
        (b"{}", "m.json: found an empty mapping"),
        (None, "m.json"),
    ],
)
def test_new_without_a_list_of_members_writes_nothing(
    serfsim_in: Serfsim, tmp_path: Path, content: bytes | None, found: str
) -> None:
    if content is not None:
        (tmp_path / "m.json").write_bytes(content)
    done = serfsim_in("new", "mine", "--members", "m.json")
    assert done.exit_code == 2
    assert found in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize("name", ["a b", ".hidden", "x/-y"])
def test_new_refuses_a_name_that_cannot_be_one(serfsim_in: Serfsim, name: str) -> None:
    assert serfsim_in("new", "--", name).exit_code == 2


def test_the_version_says_whether_it_is_compiled(serfsim_in: Serfsim) -> None:
    done = serfsim_in("--version")
    assert done.exit_code == 0
    assert done.stdout.startswith("serfsim ")
    assert done.stdout.rstrip().endswith(("(compiled)", "(interpreted)"))


def test_what_nobody_foresaw_is_one_line_that_names_the_command(
    serfsim_in: Any, simulation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERFSIM_TRACEBACK", raising=False)
    simulation.raises = TypeError("of two minds\nand more")
    ended = serfsim_in("run", "crash")
    assert ended.exit_code == 2
    assert "internal error: TypeError: of two minds; " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_variable_shows_where_it_came_from(
    serfsim_in: Any, simulation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERFSIM_TRACEBACK", "1")
    simulation.raises = TypeError("of two minds")
    assert isinstance(serfsim_in("run", "crash", "-q").exception, TypeError)


def test_shells_complete_commands_and_options() -> None:
    words = {"_SERFSIM_COMPLETE": "complete_bash", "COMP_WORDS": "serfsim re", "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "serfsim"]
    done = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["regress", "reproduce", "report", "replay"]
