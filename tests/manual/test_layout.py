"""`serfsim fmt` changes the form of a scenario file and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.cli.starter import starter
from serfsim.manual.layout import formatted
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import loads
from tests.cli.conftest import serfsim_in  # noqa: F401 - a fixture

Serfsim = Callable[..., Any]

MESSY = """\
# A header that stays.

seed: 3
# about the name
name: odd   # at its end

question: "a # that is none"
faults:
# the first
- at: 1m      # at once
  crash: [node-03]
- for: 5s
  pause: 2
  at: 1m
  every: 20s
# about the block
- block: udp
  # whom
  nodes: [node-03, node-04]
  at: 10s
claims:
- detection.false_positives == 0   # none
# behind the claims

cluster:
    # how it is set
    profile: lan
    nodes: 20   # few
    start: {join: all, spread: 2s}
    config:
        # wide
        suspicion_mult: 6

        probe_interval: 500ms


    tags: {dc: east}
network:
  loss: {tcp: 1%, udp: 2%}
  topology: {height: 1ms, size: 20ms, model: plane}
# the end
"""


def comments(text: str) -> list[str]:
    marked = (line.partition("#")[2].strip() for line in text.splitlines() if "that is none" not in line)
    return sorted(comment for comment in marked if comment)


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_are_in_canonical_form(name: str) -> None:
    text = shipped()[name].read_text(encoding="utf-8")
    assert formatted(text) == text


def test_the_starter_is_in_canonical_form() -> None:
    assert formatted(starter("mine")) == starter("mine")


def test_keys_come_in_order_comments_move_along_and_short_faults_take_a_line() -> None:
    neat = formatted(MESSY)
    assert loads(neat) == loads(MESSY)
    assert comments(neat) == comments(MESSY)
    assert formatted(neat) == neat
    lines = neat.splitlines()
    assert lines[0] == "# A header that stays."
    top = [line.split(":")[0] for line in lines if line and line[0].isalpha()]
    assert top == ["name", "question", "seed", "cluster", "network", "faults", "claims"]
    assert lines[lines.index("  nodes: 20     # few") - 1] == "cluster:"
    assert lines[lines.index("  profile: lan") - 1] == "  # how it is set"
    assert lines[lines.index("    suspicion_mult: 6") - 1] == "    # wide"
    assert "  - {pause: 2, at: 1m, for: 5s, every: 20s}" in lines
    assert "  topology: {model: plane, size: 20ms, height: 1ms}" in lines
    assert "  start: {spread: 2s, join: all}" in lines
    assert lines[lines.index("    nodes: [node-03, node-04]") - 1] == "    # whom"


def test_the_digest_of_a_formatted_scenario_is_the_same() -> None:
    small = MESSY.replace("nodes: 20", "nodes: 6") + "duration: 10s\nwarm_up: 5s\n"
    digests = {serfsim.run(loads(text)).summary["digest"] for text in (small, formatted(small))}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        "{faults: [{at: 1s, crash: [node-01]}], seed: 2}\n",
        "seed: 2\nname: a\n",
        "---\nseed: 2\nname: a\n",
        "question: |\n  # no comment\n  two lines\nname: a\n",
        "question: >-\n  folded\n  text\nname: a\nseed: 3\n",
        "faults:\n  - &one {crash: [node-01], at: 5s}\n  - *one\nname: a\n",
        "cluster:\n  groups:\n    b: {nodes: 2}\n    a:\n      tags: {z: '1', a: '2'}\n      nodes: 3\n",
        "cluster: {nodes: [z, {group: g, name: a}], groups: {g: {}}}\n",
        "network: {loss: {tcp: 1%, udp: {bad_to_good: 30%, good_to_bad: 1%, model: gilbert_elliott}}}\n",
        "workload:\n  - {at: 5s, filter_tags: {role: 'a.*', dc: b}, query: q}\n",
        "cluster:\n  version: 0.9\n  nodes: 5\nseed: 007\n",
        "name: a\r\nseed: 2\r\n",
    ],
)
def test_what_a_file_means_stays_and_a_second_time_changes_nothing(text: str) -> None:
    if not text.strip():
        with pytest.raises(ScenarioError):
            formatted(text)
        return
    neat = formatted(text)
    assert loads(neat) == loads(text)
    assert formatted(neat) == neat


def test_names_with_a_range_are_words_within_brackets_too() -> None:
    text = "cluster: {nodes: 9}\nfaults:\n  - {block: all, between: [[node-[03..05], rest]], at: 10s}\n"
    assert loads(formatted(text)).faults == loads(text).faults
    assert formatted(formatted(text)) == formatted(text)


def test_an_entry_that_is_too_long_for_a_line_becomes_a_block() -> None:
    names = ", ".join(f"node-{number:02}" for number in range(15))
    neat = formatted(f"faults: [{{at: 5s, crash: [{names}]}}]\n")
    assert "  - crash:\n" in neat
    assert max(len(line) for line in neat.splitlines()) <= 110


def test_the_command_changes_files_checks_them_and_keeps_permissions(
    serfsim_in: Serfsim,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("seed: 2\nname: a\n", encoding="utf-8")
    file.chmod(0o640)
    checked = serfsim_in("fmt", "f.yaml", "--check")
    assert (checked.exit_code, file.read_text()) == (1, "seed: 2\nname: a\n")
    assert "f.yaml" in checked.stdout
    assert serfsim_in("fmt", "f.yaml").exit_code == 0
    assert file.read_text() == "name: a\nseed: 2\n"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o640
    done = serfsim_in("fmt", "f.yaml", "--check")
    assert (done.exit_code, done.stdout) == (0, "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.yaml"]


def test_a_file_that_is_no_scenario_is_left_alone_with_a_message(serfsim_in: Serfsim, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "bad.yaml").write_text("sed: 2\n", encoding="utf-8")
    (tmp_path / "good.yaml").write_text("seed: 2\nname: a\n", encoding="utf-8")
    done = serfsim_in("fmt", "bad.yaml", "none.yaml", "good.yaml")
    assert done.exit_code == 2
    assert "bad.yaml:1: sed: found an unknown key" in done.stderr
    assert "none.yaml: no such file" in done.stderr
    assert (tmp_path / "bad.yaml").read_text() == "sed: 2\n"
    assert (tmp_path / "good.yaml").read_text() == "name: a\nseed: 2\n"
