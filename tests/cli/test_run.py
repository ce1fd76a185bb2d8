"""`serfsim run`: what it prints, what it keeps, how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Simulation

Serfsim = Callable[..., Any]

FILE = """\
name: quiet
question: Is it quiet?
seed: 3
claims: [detection.false_positives == 0]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "quiet.yaml").write_text(FILE, encoding="utf-8")
    return "quiet.yaml"


def test_a_run_prints_question_claims_path_seed_and_digest(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    done = serfsim_in("run", file)
    assert done.exit_code == 0
    assert "Is it quiet?" in done.stdout
    assert "detection.false_positives == 0" in done.stdout
    assert "holds" in done.stdout
    assert done.stdout.splitlines()[-3:] == ["seed: 3", "digest: abc123", "result: results/quiet"]
    assert (tmp_path / "results" / "quiet" / "summary.json").is_file()


def test_a_failed_claim_is_exit_code_1(serfsim_in: Serfsim, simulation: Simulation, file: str) -> None:
    simulation.figures["detection"]["false_positives"] = 4
    done = serfsim_in("run", file)
    assert done.exit_code == 1
    assert "FAILS" in done.stdout


def test_quiet_prints_only_where_the_result_is_and_failed_claims(
    serfsim_in: Serfsim, simulation: Simulation, file: str
) -> None:
    done = serfsim_in("run", file, "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["seed: 3", "digest: abc123", "result: results/quiet"]
    simulation.figures["detection"]["false_positives"] = 4
    done = serfsim_in("run", file, "--quiet")
    assert done.exit_code == 1
    assert done.stderr == "claim failed: detection.false_positives == 0 (found 4)\n"


def test_json_prints_the_summary_and_nothing_else(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    done = serfsim_in("run", file, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["digest"] == "abc123"
    assert done.stdout == (tmp_path / "results" / "quiet" / "summary.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "drawn"),
    [
        ((), True),
        (("--no-figures",), False),
        (("-q",), False),
        (("--json",), False),
        (("-q", "--figures"), True),
    ],
)
def test_figures_are_drawn_where_somebody_will_look_at_them(
    serfsim_in: Serfsim,
    simulation: Simulation,
    file: str,
    options: tuple[str, ...],
    drawn: bool,
    tmp_path: Path,
) -> None:
    assert serfsim_in("run", file, *options).exit_code == 0
    assert (tmp_path / "results" / "quiet" / "report.html").is_file() is drawn


def test_quiet_hides_no_warning(serfsim_in: Serfsim, simulation: Simulation, file: str) -> None:
    done = serfsim_in("run", file, "-q", "--set", "cluster.config.probe_timeout=3s")
    assert done.stderr.startswith("warning: cluster.config: probe_timeout")


def test_seed_settings_and_folder_can_be_given(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    done = serfsim_in(
        "run", file, "--seed", "8", "--set", "cluster.nodes=7", "--set", "duration=1m", "--out", "x/y"
    )
    assert done.exit_code == 0
    scenario, seed = simulation.runs[0]
    assert (seed, scenario.seed, scenario.cluster.nodes, scenario.duration) == (8, 8, 7, 60.0)
    assert (tmp_path / "x" / "y" / "summary.json").is_file()


def test_an_interrupted_run_keeps_what_is_finished_and_ends_with_130(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    simulation.complete = False
    simulation.figures["detection"]["false_positives"] = 4
    done = serfsim_in("run", file)
    assert done.exit_code == 130
    assert "partial" in done.stderr
    assert (tmp_path / "results" / "quiet" / "summary.json").is_file()


def test_an_interruption_before_there_is_anything_ends_with_130_too(
    serfsim_in: Serfsim, simulation: Simulation, file: str
) -> None:
    simulation.raises = KeyboardInterrupt()
    done = serfsim_in("run", file)
    assert (done.exit_code, done.stderr) == (130, "interrupted\n")


def test_a_folder_that_is_no_result_is_left_alone_and_nothing_is_run(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear", encoding="utf-8")
    done = serfsim_in("run", file, "--out", "home")
    assert done.exit_code == 2
    assert done.stderr.startswith("home: found something that is not a result folder (no manifest.json); ")
    assert simulation.runs == []
    assert (tmp_path / "home" / "letter.txt").read_text(encoding="utf-8") == "dear"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (
            "letter.txt",
            "letter.txt: found something that is not a result folder (no manifest.json); ",
        ),
        ("letter.txt/r", "letter.txt/r: found the file "),
        ("x" * 300, f"{'x' * 300}: cannot be written: File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_run(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path, out: str, message: str
) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    done = serfsim_in("run", file, "--out", out)
    assert done.exit_code == 2
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert simulation.runs == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_allows_no_new_files_is_refused_before_the_run(
    serfsim_in: Serfsim, simulation: Simulation, file: str, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    done = serfsim_in("run", file, "--out", "locked/r")
    assert (done.exit_code, simulation.runs) == (2, [])
    assert "allows no new files" in done.stderr


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("cluster.nodez=3", "--set cluster.nodez=3: cluster.nodez: found an unknown key; "),
        ("cluster.nodes", "--set cluster.nodes: found 'cluster.nodes'; expected PATH=VALUE"),
        ("cluster..nodes=3", "--set cluster..nodes=3: found 'cluster..nodes'; expected a path such as "),
        ("faults[0].at=3s", "--set faults[0].at=3s: faults: found nothing; expected a list that has a [0]"),
        ("cluster.nodes=[1", "--set cluster.nodes=[1: not valid YAML: "),
        ("name.x=3", "--set name.x=3: name: found 'quiet', which has no 'x'; expected a mapping or a list"),
    ],
)
def test_a_setting_that_cannot_be_is_one_message_that_repeats_it(
    serfsim_in: Serfsim, simulation: Simulation, file: str, setting: str, message: str
) -> None:
    done = serfsim_in("run", file, "--set", setting)
    assert (done.exit_code, simulation.runs) == (2, [])
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


def test_a_shipped_scenario_can_be_run_by_its_name(serfsim_in: Serfsim, simulation: Simulation) -> None:
    assert (
        serfsim_in("run", "udp_blocked", "--quiet").exit_code == 1
    )  # it claims what the made-up run has not
    assert simulation.runs[0][0].name == "udp_blocked"


def test_warnings_go_to_standard_error(serfsim_in: Serfsim, simulation: Simulation, file: str) -> None:
    done = serfsim_in("run", file, "--set", "cluster.config.probe_timeout=3s", "--json")
    assert done.stderr.startswith(
        "warning: cluster.config: probe_timeout (3s) is not below probe_interval (1s)"
    )
    assert json.loads(done.stdout)["name"] == "quiet"
